"""Explains the numbers of one bar: its inputs, the rules that decided and the ranks."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from regime_platform.compute.eras.eras import EraChoice
from regime_platform.compute.kernels import compile_kernels
from regime_platform.compute.metrics.metrics import METRIC_BITS
from regime_platform.compute.params import FIRST_BARS, Params
from regime_platform.errors import ResultsError
from regime_platform.model.digests import frame_digest
from regime_platform.model.instants import iso
from regime_platform.query.classification import Classification, classification
from regime_platform.query.ranking import Ranking, ranking


@dataclass(frozen=True)
class SeriesRows:
    """Bars and results of one series, all of its bars, oldest first."""

    symbol: str
    timeframe: str
    bars: pl.DataFrame  # those with a close
    escalation: pl.DataFrame
    state: pl.DataFrame
    eras: EraChoice
    params: Params


@dataclass(frozen=True)
class Explanation:
    """One bar explained."""

    symbol: str
    timeframe: str
    ts: dt.datetime
    bar: Mapping[str, Any]
    bars_used: int  # up to and with this one; no later bar is used
    bars_digest: str  # of the bars used
    first_bar: dt.datetime
    state: Mapping[str, Any]  # its row of state_history
    warming: tuple[str, ...]  # metrics with too few bars so far, which have a fixed value
    classification: Classification
    ranking: Ranking | None  # None where the series is too short for an escalation
    eras: EraChoice

    @property
    def wrong(self) -> tuple[str, ...]:
        """Stored values that do not follow from the others; empty where all do."""
        return (*_mislabelled(self), *(() if self.ranking is None else self.ranking.wrong))


def explanation(rows: SeriesRows, ts: dt.datetime) -> Explanation:
    """Explains the bar that opens at ``ts`` (aware).

    Raises:
        ResultsError: the series has no such bar, or no state for it.
    """
    compile_kernels()
    bars = rows.bars.filter(pl.col("ts") <= ts)
    if bars.is_empty() or bars["ts"][-1] != ts:
        raise ResultsError(_no_such_bar(rows, bars, ts), code="no-such-bar")
    state = rows.state.filter(pl.col("ts") <= ts)
    if state.is_empty() or state["ts"][-1] != ts:
        raise ResultsError(_no_state(rows, bars), code="no-state")
    row = state.row(-1, named=True)
    bar = bars.row(-1, named=True)
    valid = row["valid_metrics"]
    return Explanation(
        symbol=rows.symbol,
        timeframe=rows.timeframe,
        ts=bar["ts"],
        bar={name: value for name, value in bar.items() if name != "ts"},
        bars_used=bars.height,
        bars_digest=frame_digest(bars),
        first_bar=bars["ts"][0],
        state=row,
        warming=tuple(name for bit, name in enumerate(METRIC_BITS) if not valid >> bit & 1),
        classification=classification(row),
        ranking=None
        if rows.escalation.is_empty()
        else ranking(rows.escalation, state, rows.timeframe, rows.eras.eras, rows.params),
        eras=rows.eras,
    )


def _no_such_bar(rows: SeriesRows, before: pl.DataFrame, ts: dt.datetime) -> str:
    after = rows.bars.filter(pl.col("ts") > ts)
    near = [iso(bars["ts"][at]) for bars, at in ((before, -1), (after, 0)) if bars.height]
    nearest = f"the nearest open at {' and '.join(near)}" if near else "it has none"
    return f"{rows.symbol} {rows.timeframe} has no bar that opens at {iso(ts)}; {nearest}"


def _no_state(rows: SeriesRows, bars: pl.DataFrame) -> str:
    where = f"{rows.symbol} {rows.timeframe} has no state at {iso(bars['ts'][-1])}"
    if rows.state.is_empty() or bars.height <= FIRST_BARS.state:
        first = f"states begin with bar {FIRST_BARS.state} of a series that is long enough"
        return f"{where}, bar {bars.height - 1}: {first}; `regime board` shows how long it is"
    last = iso(rows.state["ts"][-1])
    return f"{where}: its results end {last}; `regime compute {rows.symbol}` computes the rest"


def _mislabelled(explained: Explanation) -> Iterator[str]:
    expected = explained.classification
    for name, value in (
        ("regime_label", expected.label),
        ("regime_bias", expected.bias),
        ("risk_posture", expected.posture),
    ):
        if explained.state[name] != value:
            yield f"{name} is stored as {explained.state[name]}, the rules give {value}"
