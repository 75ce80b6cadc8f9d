"""How the escalation of one bar came about: five components, their ranks, the rank of their mean.

Sections 9 and 10 of the canonical compute told for one bar from the stored columns up to it; every
rank is counted plainly and compared with the percentile that is stored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute.eras import OPEN_END, OPEN_START, Era
from regime_platform.compute.escalation import COMPONENTS, action, mean_of
from regime_platform.compute.escalation_components import raw_components
from regime_platform.compute.params import DEFAULT_PARAMS, FIRST_BARS, Params
from regime_platform.model.series import iso
from regime_platform.query.rank import Rank, rank_of_last

#: What a component measures.
MEANING: Mapping[str, str] = {
    "esc_shock_level": "downside shock risk, as it stands",
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
    """One of the five."""

    name: str
    raw: float | None  # before it is ranked
    rank: Rank | None  # among all bars since bar 20
    percentile: float | None  # as stored

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "meaning": MEANING[self.name],
            "weight": WEIGHT,
            "raw": self.raw,
            "percentile": self.percentile,
            "rank": None if self.rank is None else self.rank.facts(),
        }


@dataclass(frozen=True)
class Ranking:
    """The escalation of one bar."""

    stored: Mapping[str, Any]  # the row of escalation_history_v3, keys left out
    components: tuple[Component, ...]
    era: Era | None  # the one that the bar lies in
    eras: int  # how many there are
    rank: Rank | None  # of esc_raw among the bars of the era so far
    year_bars: int  # bars of a year: from then on the rank within the era counts in full
    bars_in_era: int
    wrong: tuple[str, ...] = ()  # what is stored and does not follow

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        bucket = str(self.stored["esc_bucket"])
        return {
            **{name: value for name, value in self.stored.items() if name not in COMPONENTS},
            "action": action(bucket),
            "components": [one.facts() for one in self.components],
            "era": None if self.era is None else {**era_facts(self.era), "of": self.eras},
            "bars_in_era": self.bars_in_era,
            "year_bars": self.year_bars,
            "rank_in_era": None if self.rank is None else self.rank.facts(),
        }


def ranking(
    escalation: pl.DataFrame,
    state: pl.DataFrame,
    timeframe: str,
    eras: tuple[Era, ...],
    params: Params = DEFAULT_PARAMS,
) -> Ranking:
    """The escalation of the last bar of ``state`` explained.

    Args:
        escalation: all rows of the series, from its first bar on; those after the bar tell how
            long its era is, and nothing else.
        state: the rows from bar 20 to that bar.
        timeframe: of both.
        eras: that the series is ranked in.
        params: by which it was computed.
    """
    constants, place = params.at(timeframe), FIRST_BARS.state + state.height - 1
    stored = escalation.drop("symbol", "timeframe", "ts").row(place, named=True)
    opens = escalation["ts"].to_physical().to_numpy()
    # of two eras that overlap the later one wins
    found = [era for era in eras if era.start_us <= opens[place] < era.end_us]
    era, rank, seen = (found[-1] if found else None), None, 0
    if era is not None:
        start, stop = np.searchsorted(opens, (era.start_us, era.end_us))
        seen = int(place + 1 - start)
        values = escalation["esc_raw"].to_numpy()[start : place + 1]
        is_short = bool(stop - start < params.short_list)
        rank = rank_of_last(values, constants.min_members, is_short_list=is_short)
    components = tuple(_components(stored, state, constants.component_min_members))
    told = Ranking(stored, components, era, len(eras), rank, constants.year_bars, seen)
    return replace(told, wrong=tuple(_wrong(told)))


def era_facts(era: Era) -> dict[str, Any]:
    """Where an era lies; None where it is open."""
    return {
        "index": era.index,
        "from": None if era.start_us == OPEN_START else _date(era.start_us),
        "until": None if era.end_us == OPEN_END else _date(era.end_us),
    }


def _components(
    stored: Mapping[str, Any], state: pl.DataFrame, members: int
) -> Iterator[Component]:
    before = np.zeros(FIRST_BARS.state)  # bars without a state, which no component reads
    columns = [np.concatenate([before, state[name].to_numpy()]) for name in _INPUTS]
    for name, values in zip(COMPONENTS, raw_components(*columns), strict=True):
        rank = rank_of_last(values, members)
        raw = None if np.isnan(values[-1]) else float(values[-1])
        yield Component(name, raw, rank, stored[name])


def _wrong(told: Ranking) -> Iterator[str]:
    """What does not follow from what: the sign of a changed number."""
    for one in told.components:
        if not _agree(one.percentile, None if one.rank is None else one.rank.percentile):
            yield f"{one.name} is stored as {one.percentile}, its rank is {_told(one.rank)}"
    known = {one.name: np.array([_or_nan(one.percentile)]) for one in told.components}
    mean = float(mean_of(known)[0])
    if not _agree(told.stored["esc_raw"], None if np.isnan(mean) else mean):
        yield f"esc_raw is stored as {told.stored['esc_raw']}, its components give {mean}"
    in_era = told.stored["esc_pctl_era"]
    if told.rank is not None and not _agree(in_era, told.rank.percentile):
        yield f"esc_pctl_era is stored as {in_era}, its rank is {_told(told.rank)}"
    if in_era is not None and told.era is not None:
        adjusted = 0.5 + (in_era - 0.5) * min(told.bars_in_era / told.year_bars, 1.0)
        if not _agree(told.stored["esc_pctl"], adjusted):
            yield f"esc_pctl is stored as {told.stored['esc_pctl']}, its era gives {adjusted}"


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _agree(stored: float | None, told: float | None) -> bool:
    if stored is None or told is None:
        return stored is told
    return abs(stored - told) <= _EXACT


def _told(rank: Rank | None) -> str:
    return "undefined" if rank is None else f"{rank.place:g} of {rank.members}"


def _date(microseconds: int) -> str:
    instant = pl.Series([microseconds]).cast(pl.Datetime("us", "UTC"))[0]
    return iso(instant).removesuffix("T00:00:00Z")
