"""Whether a signal seems to contain closes after its own bar.

A signal made of the past goes with what was before it, and what follows fades slowly. A signal that
has looked ahead by some bars goes with just these bars: far less with those before it, and far less
with those after them. So its effect on the w bars after it is compared with its effect on the w
bars before it and on the w bars after those, for w of 1, 5 and the horizon. For w of 1 the latter
is a delay by one bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from regime_platform.studies.inference.bootstrap import interval
from regime_platform.studies.inference.comparison import Claim, not_computed
from regime_platform.studies.leakage.sample import STUDIED, Sample
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import Outcome
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit
from regime_platform.studies.series import Floats
from regime_platform.studies.tables import table_of

#: Beyond an edge there is less than this share of the effect. A signal that stays on for two bars
#: or more, and acts on the bar after it, has at least as much effect on the bar of its close.
EDGE = 0.5
_SPANS = (1, 5)
_PLACES = (-1, 0, 1)  # before the signal, right after it, after that
_NOTE = (
    "The difference of HIGH to the rest in the move over as many bars before the signal, right "
    "after it, and after those. A look-ahead shows in the middle and not on either side. Excess: "
    "half of the effect in the middle less the larger of the others; p: of an excess of zero or "
    "less, corrected for all rows."
)


LOOK_AHEAD = Claim("look_ahead", "HIGH contains closes after its own bar", Unit.POINTS)


@dataclass(frozen=True)
class Edge:
    """The effect of HIGH on three stretches of bars that follow each other."""

    outcome: Outcome
    bars: int  # of a stretch
    before: float
    after: float  # right after the signal
    later: float
    excess: float  # EDGE x after less the larger of the others, in size; above 0: edges
    low: float
    high: float
    p_value: float  # of no edge on either side, by the bootstrap, corrected for all edges
    placebo_mean: float
    placebo_share: float  # of placebos with as much excess


def edge_spans(horizon: int) -> tuple[int, ...]:
    """Bars of the stretches, shortest first."""
    return tuple(sorted({min(span, horizon) for span in _SPANS} | {horizon}))


def edges(sample: Sample) -> tuple[Edge, ...]:
    """The edges by outcome and span."""
    horizon = sample.options.horizon
    tested = [(outcome, span) for outcome in STUDIED for span in edge_spans(horizon)]
    columns = [
        shifted(values, place * span)
        for outcome, span in tested
        for values in [outcome.of(sample.series, span)]
        for place in _PLACES
    ]
    effects = sample.shifted_columns(columns)
    shape = (-1, len(tested), len(_PLACES))
    observed = effects.observed(sample.signal).effect.reshape(shape)[0]
    draws = sample.resampled(effects).effect.reshape(shape)
    placebos = effects.placebos(sample.placebos).effect.reshape(shape)
    return tuple(
        _edge(key, observed[k], draws[:, k], placebos[:, k], sample.options.confidence, len(tested))
        for k, key in enumerate(tested)
    )


def _edge(  # noqa: PLR0913, PLR0917 - an effect, its draws, and what they are worth
    key: tuple[Outcome, int],
    observed: Floats,
    draws: Floats,
    placebos: Floats,
    confidence: float,
    tested: int,
) -> Edge:
    excess = float(_sides(observed, observed).min())
    sides = _sides(draws, observed)
    # an edge on one side only is no sign, so the weaker evidence of the two counts
    p_value = max((1 + np.count_nonzero(~(side > 0))) / (1 + len(side)) for side in sides.T)
    chance = _sides(placebos, placebos).min(axis=1)
    outcome, bars = key
    before, middle, later = map(float, observed)
    low, high = interval(sides.min(axis=1), confidence)
    return Edge(
        outcome=outcome,
        bars=bars,
        before=before,
        after=middle,
        later=later,
        excess=excess,
        low=low,
        high=high,
        p_value=min(1.0, tested * p_value),
        placebo_mean=float(np.nanmean(chance)),
        placebo_share=float(np.mean(~(chance < excess))),
    )


def _sides(effects: Floats, observed: Floats) -> Floats:
    """(..., 2): by how much the effect in the middle exceeds those on either side."""
    after = np.sign(observed[..., 1:2]) * effects[..., 1:2]
    sides: Floats = EDGE * after - np.abs(effects[..., [0, 2]])
    return sides


def edges_table(rows: Sequence[Edge]) -> StudyTable:
    """A row per outcome and span."""
    columns = (
        Column("outcome", "Outcome", Unit.TEXT),
        Column("bars", "Bars", Unit.COUNT),
        Column("before", "Before", Unit.POINTS),
        Column("after", "Right after", Unit.POINTS),
        Column("later", "Later", Unit.POINTS),
        Column("excess", "Excess", Unit.POINTS),
        Column("p_value", "p", Unit.P_VALUE),
    )
    shown = [{**vars(each), "outcome": each.outcome.title} for each in rows]
    return table_of("edges", "Signs of a look-ahead", columns, shown, _NOTE)


def edge_conclusion(rows: Sequence[Edge], windows: int, options: StudyOptions) -> Conclusion:
    """Whether any edge shows; of the strongest."""
    strongest = min(rows, key=lambda each: (each.p_value, -each.excess))
    return replace(
        not_computed(LOOK_AHEAD, windows, options),
        effect=strongest.excess,
        low=strongest.low,
        high=strongest.high,
        p_value=strongest.p_value,
        placebo_mean=strongest.placebo_mean,
        placebo_share=strongest.placebo_share,
    )


def shifted(values: Floats, bars: int) -> Floats:
    """The value ``bars`` later at each bar, earlier where negative; NaN beyond the ends."""
    out = np.full(len(values), np.nan)
    source = slice(max(bars, 0), len(values) + min(bars, 0))
    target = slice(max(-bars, 0), len(values) - max(bars, 0))
    out[target] = values[source]
    return out
