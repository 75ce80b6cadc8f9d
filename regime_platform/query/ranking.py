"""How the escalation of one bar follows: five components, their ranks, the rank of their mean.

Sections 9 and 10 of the canonical compute for one bar, from the stored columns up to it. Every rank
is counted and compared with the stored percentile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute.eras.eras import Era
from regime_platform.compute.escalation.components import raw_components
from regime_platform.compute.escalation.escalation import COMPONENTS, mean_of
from regime_platform.compute.params import DEFAULT_PARAMS, FIRST_BARS, Params
from regime_platform.query.rank import Rank, rank_of_last

#: What a component measures.
MEANING: Mapping[str, str] = {
    "esc_shock_level": "level of the downside shock risk",
    "esc_shock_rise": "its rise above the 10 bars before",
    "esc_instability_rise": "rise of the instability index above the 5 bars before",
    "esc_structure_fall": "fall of the structural score below the 10 bars before",
    "esc_divergence_rise": "rise of the distance from EMA 100 above the 5 bars before",
}
WEIGHT = 1 / len(COMPONENTS)
_INPUTS = ("downside_shock_risk", "instability_index", "structural_score", "price", "ema_slow")
_EXACT = 1e-12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Component:
    """One of the five components."""

    name: str
    raw: float | None  # before it is ranked
    rank: Rank | None  # among all bars since bar 20
    percentile: float | None  # as stored


@dataclass(frozen=True)
class Ranking:
    """The escalation of one bar."""

    stored: Mapping[str, Any]  # the row of escalation_history_v3, keys left out
    components: tuple[Component, ...]
    era: Era | None  # the one that the bar lies in
    eras: int  # number of eras
    rank: Rank | None  # of esc_raw among the bars of the era so far
    year_bars: int  # bars of a year: from then on the rank within the era counts in full
    bars_in_era: int
    wrong: tuple[str, ...] = ()  # stored values that do not follow


def ranking(
    escalation: pl.DataFrame,
    state: pl.DataFrame,
    timeframe: str,
    eras: tuple[Era, ...],
    params: Params = DEFAULT_PARAMS,
) -> Ranking:
    """Explains the escalation of the last bar of ``state``.

    Args:
        escalation: all rows of the series, from its first bar on; of those after the bar only the
            number within its era is used.
        state: the rows from bar 20 to that bar.
        timeframe: of both.
        eras: that the series is ranked in.
        params: by which it was computed.
    """
    constants, position = params.at(timeframe), FIRST_BARS.state + state.height - 1
    stored = escalation.drop("symbol", "timeframe", "ts").row(position, named=True)
    opens = escalation["ts"].to_physical().to_numpy()
    # of two eras that overlap the later one wins
    matches = [era for era in eras if era.start_us <= opens[position] < era.end_us]
    era, rank, bars_in_era = (matches[-1] if matches else None), None, 0
    if era is not None:
        start, stop = np.searchsorted(opens, (era.start_us, era.end_us))
        bars_in_era = int(position + 1 - start)
        values = escalation["esc_raw"].to_numpy()[start : position + 1]
        is_short = bool(stop - start < params.short_list)
        rank = rank_of_last(values, constants.min_members, is_short_list=is_short)
    components = tuple(_components(stored, state, constants.component_min_members))
    ranked = Ranking(stored, components, era, len(eras), rank, constants.year_bars, bars_in_era)
    return replace(ranked, wrong=tuple(_mismatches(ranked)))


def _components(
    stored: Mapping[str, Any], state: pl.DataFrame, members: int
) -> Iterator[Component]:
    before = np.zeros(FIRST_BARS.state)  # bars without a state, which no component reads
    columns = [np.concatenate([before, state[name].to_numpy()]) for name in _INPUTS]
    for name, values in zip(COMPONENTS, raw_components(*columns), strict=True):
        rank = rank_of_last(values, members)
        raw = None if np.isnan(values[-1]) else float(values[-1])
        yield Component(name, raw, rank, stored[name])


def _mismatches(ranked: Ranking) -> Iterator[str]:
    """Stored values that do not follow from the others: the sign of a changed number."""
    stored = ranked.stored
    for component in ranked.components:
        rank = component.rank
        if not _agree(component.percentile, None if rank is None else rank.percentile):
            yield f"{component.name} is stored as {component.percentile}, its rank is {_text(rank)}"
    percentiles = {part.name: np.array([_or_nan(part.percentile)]) for part in ranked.components}
    mean = float(mean_of(percentiles)[0])
    if not _agree(stored["esc_raw"], None if np.isnan(mean) else mean):
        yield f"esc_raw is stored as {stored['esc_raw']}, its components give {mean}"
    in_era = stored["esc_pctl_era"]
    if ranked.rank is not None and not _agree(in_era, ranked.rank.percentile):
        yield f"esc_pctl_era is stored as {in_era}, its rank is {_text(ranked.rank)}"
    if in_era is not None and ranked.era is not None:
        adjusted = 0.5 + (in_era - 0.5) * min(ranked.bars_in_era / ranked.year_bars, 1.0)
        if not _agree(stored["esc_pctl"], adjusted):
            yield f"esc_pctl is stored as {stored['esc_pctl']}, its era gives {adjusted}"


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _agree(stored: float | None, expected: float | None) -> bool:
    if stored is None or expected is None:
        return stored is expected
    return abs(stored - expected) <= _EXACT


def _text(rank: Rank | None) -> str:
    return "undefined" if rank is None else f"{rank.place:g} of {rank.members}"
