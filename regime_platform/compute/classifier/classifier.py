"""The regime classifier (canonical compute, section 7): from metrics to label, stance and reasons.

One kernel computes codes and bit masks from the metrics of a bar. Texts are built once per distinct
mask, of which long histories have a few hundred. The canonical compute has no hysteresis (section
7.7).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.compute.classifier.codes import REASONS, TAGS, names_in, top_reasons
from regime_platform.compute.classifier.label import decision
from regime_platform.compute.classifier.numbers import TAG_RULES
from regime_platform.compute.classifier.quality import direction_of, qualities
from regime_platform.compute.classifier.words import reason_mask, tag_mask
from regime_platform.compute.frames import Columns, words_of
from regime_platform.compute.kernels import kernel, kernel_array

FLOAT_INPUTS = (
    "market_bias",
    "structural_score",
    "instability_index",
    "asymmetry_metric",
    "downside_shock_risk",
    "risk_level",
    "breakout_up",
    "breakout_down",
    "ii",
    "vrs",
    "lq",
)
CODE_INPUTS = ("momentum_state", "vol_label", "vol_trend", "lq_label", "lq_trend")


def classify(inputs: Mapping[str, npt.NDArray[Any]]) -> Columns:
    """Classifies every bar by its own metrics: row i depends on element i of every input.

    Args:
        inputs: ``FLOAT_INPUTS`` and ``CODE_INPUTS``, one-dimensional, of equal length. Codes are
            positions in the vocabularies of `model.result_schema`.

    Returns:
        The columns regime_label, regime_bias and risk_posture (codes), confidence in [0, 1],
        strategy_tags, regime_reasons and regime_reasons_top (texts).
    """
    floats = tuple(kernel_array(inputs[name]) for name in FLOAT_INPUTS)
    codes = tuple(kernel_array(inputs[name], np.int64) for name in CODE_INPUTS)
    label, bias, posture, confidence, tags, reasons = _classify(floats, codes)
    (tag_words,) = words_of(tags, _tag_text)
    reason_words, top_words = words_of(reasons, _reason_text, _top_reason_text)
    return {
        "regime_label": label,
        "confidence": confidence,
        "regime_bias": bias,
        "risk_posture": posture,
        "strategy_tags": tag_words,
        "regime_reasons": reason_words,
        "regime_reasons_top": top_words,
    }


def conviction(confidence: float) -> str:
    """The conviction tag of a confidence, the last of the strategy tags (section 7.5)."""
    if confidence >= TAG_RULES.high_conviction:
        return "HIGH_CONVICTION"
    if confidence <= TAG_RULES.low_conviction:
        return "LOW_CONVICTION"
    return "MEDIUM_CONVICTION"


def summary(label: str, bias: str, posture: str, confidence: float) -> str:
    """The one-line summary of section 7.6; it is derived and not stored."""
    return " | ".join((label, bias, posture, conviction(confidence)))


_ONE_BYTE = npt.NDArray[np.uint8]
_MASK = npt.NDArray[np.int64]
_Classified = tuple[_ONE_BYTE, _ONE_BYTE, _ONE_BYTE, npt.NDArray[np.float64], _MASK, _MASK]


@kernel(
    "Tuple((uint8[::1], uint8[::1], uint8[::1], float64[::1], int64[::1], int64[::1]))"
    "(UniTuple(float64[::1], 11), UniTuple(int64[::1], 5))"
)
def _classify(
    floats: tuple[npt.NDArray[np.float64], ...], codes: tuple[npt.NDArray[np.int64], ...]
) -> _Classified:
    count = floats[0].shape[0]
    label, bias, posture = (
        np.empty(count, np.uint8),
        np.empty(count, np.uint8),
        np.empty(count, np.uint8),
    )
    confidence = np.empty(count)
    tags, reasons = np.empty(count, np.int64), np.empty(count, np.int64)
    mb, ss, iix, asm, dsr, rl, up, down, ii, vrs, lq = floats
    state, vol_label, vol_trend, lq_label, lq_trend = codes
    for i in range(count):
        bar = (
            *(mb[i], ss[i], iix[i], asm[i], dsr[i], rl[i]),
            *(up[i], down[i], ii[i], vrs[i], lq[i]),
        )
        words = (state[i], vol_label[i], vol_trend[i], lq_label[i], lq_trend[i])
        quality = qualities(bar, words)
        decided = decision(bar, quality, direction_of(words[0]))
        label[i], bias[i], posture[i] = decided
        confidence[i] = quality[8]
        tags[i] = tag_mask(decided[0], bar, quality)
        reasons[i] = reason_mask(decided[0], bar, quality)
    return label, bias, posture, confidence, tags, reasons


@cache
def _tag_text(mask: int) -> str:
    return ",".join(names_in(mask, TAGS))


@cache
def _reason_text(mask: int) -> str:
    return ",".join(names_in(mask, REASONS))


@cache
def _top_reason_text(mask: int) -> str:
    return ",".join(top_reasons(names_in(mask, REASONS)))
