"""Explains the numbers of one bar: its inputs, the rules that decided and the ranks.

The fields are the keys of the JSON document.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic_core import to_jsonable_python

from regime_platform.compute.engine import computed_bars
from regime_platform.compute.eras.eras import EraChoice
from regime_platform.compute.kernels import compile_kernels
from regime_platform.compute.metrics.metrics import METRIC_BITS
from regime_platform.compute.params import FIRST_BARS, Params
from regime_platform.compute.regime_runs import run_start
from regime_platform.errors import ResultsError
from regime_platform.model.digests import frame_digest
from regime_platform.model.instants import iso
from regime_platform.model.result_schema import METRICS
from regime_platform.query.classification import Classification, Comparison, classification
from regime_platform.query.flips import Flip, last_flip, nearest_edge
from regime_platform.query.ranking import Ranking, mismatches, ranking
from regime_platform.query.states import LABEL_COLUMNS, codes


@dataclass(frozen=True)
class SeriesRows:
    """Bars and results of one series, all of its bars, oldest first."""

    symbol: str
    timeframe: str
    bars: pl.DataFrame  # the canonical ones
    escalation: pl.DataFrame
    state: pl.DataFrame
    eras: EraChoice
    params: Params


@dataclass(frozen=True)
class BarsUsed:
    """The bars up to and with the one explained; no later bar is used."""

    count: int
    first: dt.datetime
    last: dt.datetime
    digest: str


@dataclass(frozen=True)
class Explanation:
    """One bar explained."""

    symbol: str
    timeframe: str
    ts: dt.datetime
    bar: Mapping[str, Any]
    bars_used: BarsUsed
    regime: Mapping[str, Any]  # label, confidence, bias and posture as stored
    strategy_tags: tuple[str, ...]
    regime_reasons: tuple[str, ...]
    regime_reasons_top: tuple[str, ...]
    metrics: Mapping[str, float | None]  # the eleven, and the efficiency ratio
    words: Mapping[str, str]
    levels: Mapping[str, float | None]
    still_warming_up: tuple[str, ...]  # metrics with too few bars, which have a fixed value
    rules: Classification
    began: Flip  # of the regime
    regime_bars: int  # from the first of that regime to this one
    nearest_edge: Comparison | None
    eras: Mapping[str, str]  # version and reason
    escalation: Ranking | None  # None where the series is too short for an escalation
    wrong: tuple[str, ...]  # stored values that do not follow from the others


def explanation(rows: SeriesRows, ts: dt.datetime) -> Explanation:
    """Explains the bar that opens at ``ts`` (aware).

    Raises:
        ResultsError: the series has no such bar, or no state for it.
    """
    compile_kernels()
    tables = (computed_bars(rows.bars), rows.state)
    bars, state = (table.filter(pl.col("ts") <= ts) for table in tables)
    if bars.is_empty() or bars["ts"][-1] != ts:
        raise ResultsError(_no_such_bar(rows, bars, ts), code="no-such-bar")
    if state.is_empty() or state["ts"][-1] != ts:
        raise ResultsError(_no_state(rows, bars), code="no-state")
    bar, row = (table.row(-1, named=True) for table in (bars, state))
    opens = bar.pop("ts")
    rules = classification(row)
    ranked = (
        None
        if rows.escalation.is_empty()
        else ranking(rows.escalation, state, rows.timeframe, rows.eras.eras, rows.params)
    )
    return Explanation(
        symbol=rows.symbol,
        timeframe=rows.timeframe,
        ts=opens,
        bar=bar,
        bars_used=BarsUsed(bars.height, bars["ts"][0], opens, frame_digest(bars)),
        regime={name: row[name] for name in _REGIME},
        strategy_tags=codes(row["strategy_tags"]),
        regime_reasons=codes(row["regime_reasons"]),
        regime_reasons_top=codes(row["regime_reasons_top"]),
        metrics={name: row[name] for name in (*METRICS, "er")},
        words={name: row[name] for name in LABEL_COLUMNS},
        levels={name: row[name] for name in row if name.endswith(("_price", "_strength"))},
        still_warming_up=tuple(
            name for bit, name in enumerate(METRIC_BITS) if not row["valid_metrics"] >> bit & 1
        ),
        rules=rules,
        began=last_flip(state),
        regime_bars=state.height - run_start(state["regime_label"]),
        nearest_edge=nearest_edge(row),
        eras={"version": rows.eras.version, "reason": rows.eras.reason},
        escalation=ranked,
        wrong=(*_mislabelled(row, rules), *(mismatches(ranked) if ranked else ())),
    )


_REGIME = ("regime_label", "confidence", "regime_bias", "risk_posture")


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """The part of ``explain --json`` about the bar itself; NaN and infinities are null."""
    document: dict[str, Any] = to_jsonable_python(explanation, inf_nan_mode="null")
    if document["escalation"] is not None:
        document["escalation"] = document["escalation"].pop("stored") | document["escalation"]
    return document


def _no_such_bar(rows: SeriesRows, before: pl.DataFrame, ts: dt.datetime) -> str:
    if not rows.bars.filter(pl.col("ts") == ts).is_empty():
        return (
            f"the bar of {rows.symbol} {rows.timeframe} at {iso(ts)} has a price that is not above "
            f"0 and was accepted (`regime bars list {rows.symbol}`); compute leaves such bars out"
        )
    after = rows.bars.filter(pl.col("ts") > ts)
    near = [iso(bars["ts"][at]) for bars, at in ((before, -1), (after, 0)) if bars.height]
    nearest = f"the nearest open at {' and '.join(near)}" if near else "it has none"
    return f"{rows.symbol} {rows.timeframe} has no bar that opens at {iso(ts)}; {nearest}"


def _no_state(rows: SeriesRows, bars: pl.DataFrame) -> str:
    where = f"{rows.symbol} {rows.timeframe} has no state at {iso(bars['ts'][-1])}"
    if rows.state.is_empty() or bars.height <= FIRST_BARS.state:
        first = f"states begin with bar {FIRST_BARS.state} of a series that is long enough"
        how_long = "`regime board --by-timeframe` shows how long it is"
        return f"{where}, bar {bars.height - 1}: {first}; {how_long}"
    last = iso(rows.state["ts"][-1])
    return f"{where}: its results end {last}; `regime compute {rows.symbol}` computes the rest"


def _mislabelled(row: Mapping[str, Any], rules: Classification) -> Iterator[str]:
    expected = {
        "regime_label": rules.label,
        "regime_bias": rules.bias,
        "risk_posture": rules.posture,
    }
    for name, value in expected.items():
        if row[name] != value:
            yield f"{name} is stored as {row[name]}, the rules give {value}"
