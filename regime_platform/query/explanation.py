"""Why the numbers of one bar are what they are: inputs, what was made of them, rules that fired."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from regime_platform.compute.eras import EraChoice
from regime_platform.compute.jit import compile_kernels
from regime_platform.compute.metrics import METRIC_BITS
from regime_platform.compute.params import FIRST_BARS, Params
from regime_platform.errors import ResultsError
from regime_platform.model.digests import frame_digest
from regime_platform.model.result_schema import METRICS
from regime_platform.model.series import iso
from regime_platform.query.classification import Classification, classification
from regime_platform.query.ranking import Ranking, ranking

_WORDS = ("vol_label", "vol_trend", "momentum_state", "lq_label", "lq_trend")
_CODES = ("strategy_tags", "regime_reasons", "regime_reasons_top")


@dataclass(frozen=True)
class SeriesRows:
    """One series as it is explained: bars and results of all of its bars, oldest first."""

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
    bars_used: int  # up to and with this one: no number of it uses a later bar
    bars_digest: str  # of these
    first_bar: dt.datetime
    state: Mapping[str, Any]  # its row of state_history
    warming: tuple[str, ...]  # metrics that have not seen enough bars: their guard's value stands
    classification: Classification
    ranking: Ranking | None  # None below the gate of escalation
    eras: EraChoice

    @property
    def wrong(self) -> tuple[str, ...]:
        """What is stored and does not follow from the rest; empty where all is well."""
        return (*_mislabelled(self), *(() if self.ranking is None else self.ranking.wrong))

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        state, ranked = self.state, self.ranking
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "ts": iso(self.ts),
            "bar": dict(self.bar),
            "bars_used": {
                "count": self.bars_used,
                "first": iso(self.first_bar),
                "last": iso(self.ts),
                "digest": self.bars_digest,
            },
            "regime": {
                name: state[name]
                for name in ("regime_label", "confidence", "regime_bias", "risk_posture")
            },
            **{name: [code for code in state[name].split(",") if code] for name in _CODES},
            "metrics": {name: state[name] for name in (*METRICS, "er")},
            "words": {name: state[name] for name in _WORDS},
            "levels": {
                name: state[name] for name in state if name.endswith(("_price", "_strength"))
            },
            "still_warming_up": list(self.warming),
            "rules": self.classification.facts(),
            "eras": {"version": self.eras.version, "reason": self.eras.reason},
            "escalation": None if ranked is None else ranked.facts(),
            "wrong": list(self.wrong),
        }


def explanation(rows: SeriesRows, ts: dt.datetime) -> Explanation:
    """The bar that opens at ``ts`` (aware) explained.

    Raises:
        ResultsError: the series has no such bar, or no state for it.
    """
    compile_kernels()
    bars = rows.bars.filter(pl.col("ts") <= ts)
    if bars.is_empty() or bars["ts"][-1] != ts:
        raise ResultsError(_no_such_bar(rows, bars, ts))
    state = rows.state.filter(pl.col("ts") <= ts)
    if state.is_empty() or state["ts"][-1] != ts:
        raise ResultsError(_no_state(rows, bars))
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
    near = [iso(one["ts"][at]) for one, at in ((before, -1), (after, 0)) if one.height]
    nearest = f"the nearest open at {' and '.join(near)}" if near else "it has none"
    return f"{rows.symbol} {rows.timeframe} has no bar that opens at {iso(ts)}; {nearest}"


def _no_state(rows: SeriesRows, bars: pl.DataFrame) -> str:
    where = f"{rows.symbol} {rows.timeframe} has no state at {iso(bars['ts'][-1])}"
    if rows.state.is_empty() or bars.height <= FIRST_BARS.state:
        first = f"states begin with bar {FIRST_BARS.state} of a series that is long enough"
        return f"{where}, bar {bars.height - 1}: {first}; `regime board` tells how long it is"
    last = iso(rows.state["ts"][-1])
    return f"{where}: its results end {last}; `regime compute {rows.symbol}` goes on from there"


def _mislabelled(told: Explanation) -> Iterator[str]:
    follows = told.classification
    for name, given in (
        ("regime_label", follows.label),
        ("regime_bias", follows.bias),
        ("risk_posture", follows.posture),
    ):
        if told.state[name] != given:
            yield f"{name} is stored as {told.state[name]}, the rules give {given}"
