"""The regime classifier (canonical compute, section 7): from metrics to label, stance and reasons.

One kernel computes codes and bit masks from the metrics of a bar. Texts are built once per distinct
mask, of which long histories have a few hundred. The canonical compute has no hysteresis (section
7.7).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.compute.classifier.label import decision
from regime_platform.compute.classifier.quality import Bar, BarCodes, qualities
from regime_platform.compute.classifier.tags import (
    reason_mask,
    reason_text,
    tag_mask,
    tag_text,
    top_reason_text,
)
from regime_platform.compute.kernels import Codes, Floats, IndexTable, Indices, Table, kernel
from regime_platform.compute.results import Columns, words_of


def classify(inputs: Mapping[str, npt.NDArray[Any]]) -> Columns:
    """Classifies every bar by its own metrics: row i depends on element i of every input.

    ``inputs`` are the fields of `Bar` and `BarCodes`, one-dimensional, of equal length.

    Returns:
        The columns regime_label, regime_bias and risk_posture (codes), confidence in [0, 1],
        strategy_tags, regime_reasons and regime_reasons_top (texts).
    """
    floats = np.array([inputs[name] for name in Bar._fields], np.float64)
    codes = np.array([inputs[name] for name in BarCodes._fields], np.int64)
    label, bias, posture, confidence, tags, reasons = _classify(floats, codes)
    (tag_words,) = words_of(tags, tag_text)
    reason_words, top_words = words_of(reasons, reason_text, top_reason_text)
    return {
        "regime_label": label,
        "confidence": confidence,
        "regime_bias": bias,
        "risk_posture": posture,
        "strategy_tags": tag_words,
        "regime_reasons": reason_words,
        "regime_reasons_top": top_words,
    }


@kernel()
def _classify(
    floats: Table, codes: IndexTable
) -> tuple[Codes, Codes, Codes, Floats, Indices, Indices]:
    count = floats.shape[1]
    label, bias = np.empty(count, np.uint8), np.empty(count, np.uint8)
    posture, confidence = np.empty(count, np.uint8), np.empty(count)
    tags, reasons = np.empty(count, np.int64), np.empty(count, np.int64)
    for i in range(count):
        x, code = floats[:, i], codes[:, i]
        bar = Bar(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10])
        labels = BarCodes(code[0], code[1], code[2], code[3], code[4])
        quality = qualities(bar, labels)
        label[i], bias[i], posture[i] = decision(bar, quality, labels.momentum_state)
        confidence[i] = quality.confidence
        tags[i] = tag_mask(label[i], bar, quality)
        reasons[i] = reason_mask(label[i], bar, quality)
    return label, bias, posture, confidence, tags, reasons
