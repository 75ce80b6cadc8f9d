"""How the escalation of one bar follows: five components, their ranks, the rank of their mean.

Sections 8 to 10 of the canonical compute for one bar, by plain counting of the stored columns up to
it, independent of the kernels. Every rank is compared with the stored percentile.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from regime_platform.compute.eras.eras import OPEN_END, OPEN_START, Era
from regime_platform.compute.escalation import COMPONENTS, action, mean_of, raw_components
from regime_platform.compute.kernels import Floats
from regime_platform.compute.maturity import RankBasis, basis_of, with_basis
from regime_platform.compute.params import DEFAULT_PARAMS, FIRST_BARS, Params
from regime_platform.model.instants import iso

_MEANING = {
    "esc_shock_level": "level of the downside shock risk",
    "esc_shock_rise": "its rise above the 10 bars before",
    "esc_instability_rise": "rise of the instability index above the 5 bars before",
    "esc_structure_fall": "fall of the structural score below the 10 bars before",
    "esc_divergence_rise": "rise of the distance from EMA 100 above the 5 bars before",
}
_INPUTS = ("downside_shock_risk", "instability_index", "structural_score", "price", "ema_slow")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EXACT = 1e-12


@dataclass(frozen=True)
class Rank:
    """The rank of a value among n: ties share the middle of their places."""

    k: float  # below + (equal + 1) / 2
    n: int  # the values that are missing count
    below: int
    equal: int  # itself included
    missing: int
    percentile: float  # k / n

    def __str__(self) -> str:
        return f"{self.k:,g} of {self.n:,}"


@dataclass(frozen=True)
class Component:
    """One of the five components."""

    name: str
    meaning: str  # what it measures
    weight: float
    raw: float | None  # before it is ranked
    percentile: float | None  # as stored
    rank: Rank | None  # among all bars since bar 20


@dataclass(frozen=True)
class Ranking:
    """The escalation of one bar."""

    stored: Mapping[str, Any]  # its row of escalation_history_v3 without keys and components
    action: str
    components: tuple[Component, ...]
    era: Mapping[str, Any] | None  # of the bar: index, from, until (dates, None: open), of (number)
    bars_in_era: int  # so far
    year_bars: int  # bars of a year: from then on the rank within the era counts in full
    rank_in_era: Rank | None  # of esc_raw among the bars of the era so far
    rank_basis: RankBasis | None  # what the signal stands on; None where there is none


def rank_of_last(values: Floats, min_members: int, *, is_short_list: bool = False) -> Rank | None:
    """The rank of the last value; None where its percentile is not defined.

    Args:
        values: in order of time, the one to be ranked last; NaN where missing.
        min_members: a percentile needs more than this many values.
        is_short_list: whether a missing value ranks below all others instead of having no rank;
            this depends on the full length of the list, later values included.
    """
    count, last, missing = len(values), values[-1:], int(np.isnan(values).sum())
    if count <= min_members or (np.isnan(last).any() and not is_short_list):
        return None
    below, equal = int((values < last).sum()), int((values == last).sum())
    k = below + (equal + 1) / 2
    return Rank(k, count, below, equal, missing, k / count)


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
    row = escalation.drop("symbol", "timeframe", "ts").row(position, named=True)
    opens = escalation["ts"].to_physical().to_numpy()
    # of two eras that overlap the later one wins
    matches = [era for era in eras if era.start_us <= opens[position] < era.end_us]
    span, rank, bars_in_era = None, None, 0
    if matches:
        era = matches[-1]
        span = {
            "index": era.index,
            "from": None if era.start_us == OPEN_START else _date(era.start_us),
            "until": None if era.end_us == OPEN_END else _date(era.end_us),
            "of": len(eras),
        }
        start, stop = np.searchsorted(opens, (era.start_us, era.end_us))
        bars_in_era = int(position + 1 - start)
        values = escalation["esc_raw"].to_numpy()[start : position + 1]
        is_short = bool(stop - start < params.short_list)
        rank = rank_of_last(values, constants.min_members, is_short_list=is_short)
    past = with_basis(escalation.head(position + 1), timeframe, eras)
    return Ranking(
        {name: value for name, value in row.items() if name not in COMPONENTS},
        action(str(row["esc_bucket"])),
        tuple(_components(row, state, constants.component_min_members)),
        span,
        bars_in_era,
        constants.year_bars,
        rank,
        basis_of(past.row(-1, named=True)),
    )


def mismatches(ranked: Ranking) -> Iterator[str]:
    """Stored values that do not follow from the others: the sign of a changed number."""
    stored, rank = ranked.stored, ranked.rank_in_era
    for part in ranked.components:
        expected = None if part.rank is None else part.rank.percentile
        if not _agree(part.percentile, expected):
            counted = part.rank or "undefined"
            yield f"{part.name} is stored as {part.percentile}, its rank is {counted}"
    percentiles = {
        part.name: np.array([part.percentile], dtype=np.float64) for part in ranked.components
    }
    mean = float(mean_of(percentiles)[0])
    if not _agree(stored["esc_raw"], None if np.isnan(mean) else mean):
        yield f"esc_raw is stored as {stored['esc_raw']}, its components give {mean}"
    in_era = stored["esc_pctl_era"]
    if rank is not None and not _agree(in_era, rank.percentile):
        yield f"esc_pctl_era is stored as {in_era}, its rank is {rank}"
    if in_era is not None and ranked.era is not None:
        adjusted = 0.5 + (in_era - 0.5) * min(ranked.bars_in_era / ranked.year_bars, 1.0)
        if not _agree(stored["esc_pctl"], adjusted):
            yield f"esc_pctl is stored as {stored['esc_pctl']}, its era gives {adjusted}"


def _components(row: Mapping[str, Any], state: pl.DataFrame, members: int) -> Iterator[Component]:
    before = np.zeros(FIRST_BARS.state)  # bars without a state, which no component reads
    columns = [np.concatenate([before, state[name].to_numpy()]) for name in _INPUTS]
    for name, values in zip(COMPONENTS, raw_components(*columns), strict=True):
        raw = None if np.isnan(values[-1]) else float(values[-1])
        rank = rank_of_last(values, members)
        yield Component(name, _MEANING[name], 1 / len(COMPONENTS), raw, row[name], rank)


def _agree(stored: float | None, expected: float | None) -> bool:
    if stored is None or expected is None:
        return stored is expected
    return abs(stored - expected) <= _EXACT


def _date(microseconds: int) -> str:
    return iso(_EPOCH + dt.timedelta(microseconds=microseconds)).removesuffix("T00:00:00Z")
