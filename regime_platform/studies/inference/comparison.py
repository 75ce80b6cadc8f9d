"""The comparison that every study makes: an outcome where a signal is on, and where it is not."""

from dataclasses import dataclass

import numpy as np

from regime_platform.studies.inference.block_pairs import BlockPairs, concluded
from regime_platform.studies.inference.blocks import block_length
from regime_platform.studies.inference.windows import compared_windows
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, Unit
from regime_platform.studies.series import Bools, Floats

_NONE = float("nan")


@dataclass(frozen=True)
class Claim:
    """What a comparison is about; see `Conclusion`."""

    key: str
    text: str
    unit: Unit
    directions: tuple[str, ...] = ("higher", "lower")


def compare_groups(
    outcome: Floats,
    mask: Bools,
    claim: Claim,
    options: StudyOptions,
    *names: str,
    usable: Bools | None = None,
) -> Conclusion:
    """The mean outcome of the bars in ``mask`` less that of all other usable bars.

    Args:
        outcome: what followed each bar within ``options.horizon`` bars; NaN: not known yet.
        mask: where the signal is on.
        claim: in words.
        options: horizon, draws, seed, confidence.
        names: what the random numbers depend on beside the seed: symbol and timeframe. The same
            names share their draws, which costs less.
        usable: bars that may enter on either side, such as those with a mature rank; None: all.
    """
    enters = np.isfinite(outcome) if usable is None else np.isfinite(outcome) & usable
    windows = compared_windows(enters & mask, enters & ~mask, options.horizon)
    values, signal = outcome[enters], mask[enters]
    nothing = not_computed(claim, windows, options)
    if signal.all() or not signal.any():
        return nothing
    pairs = BlockPairs.of(values, signal, block_length(values, options.horizon))
    return concluded(nothing, pairs, options, *names)


def not_computed(claim: Claim, windows: int, options: StudyOptions) -> Conclusion:
    """A conclusion without numbers: those of a test come by `with_test`, if there is anything."""
    return Conclusion(
        key=claim.key,
        claim=claim.text,
        effect=_NONE,
        unit=claim.unit,
        low=_NONE,
        high=_NONE,
        p_value=_NONE,
        placebo_mean=_NONE,
        placebo_share=_NONE,
        windows=windows,
        alpha=options.alpha,
        directions=claim.directions,
    )
