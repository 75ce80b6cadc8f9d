"""Timeframes without bars of their own, built from finer bars that passed the gate."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, TIMEFRAMES
from regime_platform.revisions.resampling import resampled, source_of
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.gate import BLOCKED, GateResult, compared, gate
from regime_platform.validation.policy import ValidationContext
from regime_platform.validation.rules.finer_bars import finer_blocked, finer_unfit
from regime_platform.validation.rules.series import GATE_SCHEMA

_TO_ANY_CLOSE = dt.timedelta(days=1)  # from the end of a date in UTC to its end in any zone


def sources_of(rows: Mapping[str, int]) -> dict[str, str]:
    """Timeframe without rows -> the series that it is built from, where one can be.

    ``rows`` is the number of stored rows by series.
    """
    given = [name for name, count in rows.items() if count]
    lacking = (name for name, count in rows.items() if not count and name in TIMEFRAMES)
    sources = {name: source_of(name, given) for name in lacking}
    return {name: source for name, source in sources.items() if source is not None}


def derived_series(
    sources: Mapping[str, str],
    results: Mapping[str, GateResult],
    market: Market,
    context: ValidationContext,
) -> dict[str, tuple[pl.DataFrame, GateResult]]:
    """The rows (``GATE_SCHEMA``) of each timeframe of ``sources``, and the gate's result.

    ``results`` are those of the other series: what blocks one blocks all that is built from it.
    """
    if not sources:
        return {}
    rows, validated = {}, {}
    for timeframe, source in sources.items():
        rows[timeframe], fault = _built(results[source], source, timeframe, market)
        result = gate(rows[timeframe], timeframe=timeframe, market=market, context=context)
        validated[timeframe] = replace(result, findings=(*result.findings, *fault))
    together = {**results, **validated}
    done = compared(together, {}, market=market, context=context, derived=tuple(validated))
    return {timeframe: (rows[timeframe], result) for timeframe, result in done.items()}


def _built(
    source: GateResult, name: str, timeframe: str, market: Market
) -> tuple[pl.DataFrame, tuple[ValidationFinding, ...]]:
    """The rows, or none and the reason.

    They count as fetched with the newest bar that they are built from, and when they are over by
    their length: only whole periods are built, also where a session ends before.
    """
    if source.status == BLOCKED:
        return GATE_SCHEMA.to_frame(), (finer_blocked(name, source.findings),)
    try:
        bars = resampled(source.valid.select(BAR_COLUMNS), name, timeframe, market)
    except BarsError as error:
        return GATE_SCHEMA.to_frame(), (finer_unfit(str(error)),)
    newest = pl.lit(source.valid["fetched_at"].max(), GATE_SCHEMA["fetched_at"])
    over = pl.col("ts") + DURATION[timeframe] + _TO_ANY_CLOSE
    return bars.with_columns(fetched_at=pl.max_horizontal(newest, over), batch=pl.lit("")), ()
