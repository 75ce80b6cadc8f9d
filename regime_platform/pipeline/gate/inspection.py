"""Validates bars without promoting them: canonical bars, a raw log, a file, a live.db.

The gate, severities and overrides are those of ``promote``, so the findings are those that a
promotion would have.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, failure_reason
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.validate_log import (
    read_policy,
    validate_log,
    validate_rows,
    validation_context,
)
from regime_platform.pipeline.workers import map_in_processes
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED, GateResult
from regime_platform.validation.policy import ValidationContext
from regime_platform.validation.rules.calendar import stretches
from regime_platform.validation.rules.series import GATE_SCHEMA
from regime_platform.validation.verdict import series_reason

#: With fewer symbols for each, starting processes takes longer than it saves.
WORTH_A_PROCESS = 150
FAILED = "failed"  # could not be validated


@dataclass(frozen=True)
class SeriesReport:
    """The gate's result for one series."""

    timeframe: str
    status: str  # passed, blocked, no_bars, failed
    reason: str = ""
    bars: int = 0  # validated, forming ones included
    first: str | None = None  # ISO 8601 UTC
    last: str | None = None
    findings: tuple[ValidationFinding, ...] = ()
    gaps: pl.DataFrame | None = None  # first, last, missing, sessions

    def facts(self, *, with_gaps: bool = False) -> dict[str, Any]:
        """Plain values for JSON and pages."""
        document = {
            "timeframe": self.timeframe,
            "status": self.status,
            "reason": self.reason,
            "bars": self.bars,
            "first": self.first,
            "last": self.last,
            "findings": [finding.model_dump(mode="json") for finding in self.findings],
        }
        if with_gaps and self.gaps is not None:
            document["gaps"] = [
                {**gap, "first": iso(gap["first"]), "last": iso(gap["last"])}
                for gap in self.gaps.iter_rows(named=True)
            ]
        return document


@dataclass(frozen=True)
class SymbolReport:
    """The gate's result for one symbol."""

    symbol: str
    asset_class: str
    series: tuple[SeriesReport, ...]
    reason: str = ""  # why nothing could be validated

    @property
    def status(self) -> str:
        """Failed or blocked where any series is; passed where any has bars."""
        statuses = {series.status for series in self.series} | ({FAILED} if self.reason else set())
        return next((status for status in (FAILED, BLOCKED, PASSED) if status in statuses), NO_BARS)

    @property
    def is_good(self) -> bool:
        """True where there are bars and nothing blocks them."""
        return self.status == PASSED

    def facts(self, *, with_gaps: bool = False) -> dict[str, Any]:
        """Plain values for JSON and pages."""
        return {
            "symbol": self.symbol,
            "asset_class": self.asset_class,
            "status": self.status,
            "reason": self.reason,
            "series": [series.facts(with_gaps=with_gaps) for series in self.series],
        }


def inspect_many(
    root: DataRoot,
    instruments: Sequence[Instrument],
    now: dt.datetime,
    *,
    raw: bool = False,
    workers: int = 1,
) -> Iterator[SymbolReport]:
    """One report per instrument, in order, each as soon as it and those before it are there.

    Args:
        root: where the symbols live.
        instruments: the symbols.
        now: the time at which canonical bars count as fetched.
        raw: validate the raw log instead of the canonical bars.
        workers: processes, at most.
    """
    inspect = partial(inspect_raw, root) if raw else partial(inspect_canonical, root, now)
    workers = min(workers, len(instruments) // WORTH_A_PROCESS)
    return map_in_processes(workers, inspect, instruments, _died)


def inspect_canonical(root: DataRoot, now: dt.datetime, instrument: Instrument) -> SymbolReport:
    """Validates the bars in force as if fetched at ``now``; reports blocked newer bars, too."""

    def reports() -> Iterator[SeriesReport]:
        verdict = read_verdict(root.symbol(instrument.symbol))
        paths = root.symbol(instrument.symbol)
        context = validation_context(paths, instrument, read_policy(root))
        rows = {
            timeframe: _as_fetched(in_force[1], now)
            for timeframe in instrument.timeframes
            if (in_force := read_in_force(paths, timeframe)) is not None
        }
        if not rows and verdict is None:
            raise BarsError(
                f"no canonical bars; `regime run {instrument.symbol}` fetches them", code="no-bars"
            )
        results = validate_rows(rows, instrument.asset_class, context)
        for timeframe in instrument.timeframes:
            series = None if verdict is None else verdict.at(timeframe)
            result = results.get(timeframe)
            report = _series(timeframe, rows[timeframe], result) if result else _empty(timeframe)
            if series is not None and series.status == BLOCKED and report.status != BLOCKED:
                reason = f"newer bars are blocked: {series.reason}"
                report = replace(report, status=BLOCKED, reason=reason)
            yield report

    return _reported(instrument.symbol, instrument.asset_class, reports)


def inspect_raw(root: DataRoot, instrument: Instrument) -> SymbolReport:
    """Validates the raw log as a promotion would now."""

    def reports() -> Iterator[SeriesReport]:
        paths = root.symbol(instrument.symbol)
        context = validation_context(paths, instrument, read_policy(root))
        for timeframe, series in validate_log(paths, instrument, context).items():
            yield _series(timeframe, series.rows, series.result)

    return _reported(instrument.symbol, instrument.asset_class, reports)


def inspect_bars(
    symbol: str,
    asset_class: str,
    read: Callable[[], Mapping[str, pl.DataFrame]],
    *,
    context: ValidationContext,
    now: dt.datetime,
) -> SymbolReport:
    """Validates bars of any origin as if fetched at ``now``.

    Args:
        symbol: the symbol of the bars.
        asset_class: its class.
        read: returns bars in ``BAR_SCHEMA`` by timeframe; its errors fail the symbol.
        standard: what they are validated against.
        now: the time at which they count as fetched.
    """

    def reports() -> Iterator[SeriesReport]:
        rows = {name: _as_fetched(bars, now) for name, bars in read().items()}
        for timeframe, result in validate_rows(rows, asset_class, context).items():
            yield _series(timeframe, rows[timeframe], result)

    return _reported(symbol, asset_class, reports)


def _reported(
    symbol: str, asset_class: str, reports: Callable[[], Iterator[SeriesReport]]
) -> SymbolReport:
    try:
        series = tuple(reports())
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
        return SymbolReport(symbol, asset_class, (), failure_reason(error, symbol))
    return SymbolReport(symbol, asset_class, series)


def _died(instrument: Instrument, reason: str) -> SymbolReport:
    return SymbolReport(instrument.symbol, instrument.asset_class, (), reason)


def _as_fetched(bars: pl.DataFrame, now: dt.datetime) -> pl.DataFrame:
    origin = pl.lit(now).cast(GATE_SCHEMA["fetched_at"])
    return bars.with_columns(fetched_at=origin, batch=pl.lit(""))


def _series(timeframe: str, rows: pl.DataFrame, result: GateResult) -> SeriesReport:
    opens = rows["ts"].drop_nulls()
    return SeriesReport(
        timeframe=timeframe,
        status=result.status,
        reason=series_reason(timeframe, result),
        bars=rows.height,
        first=None if opens.is_empty() else iso(rows.select(pl.col("ts").min()).item()),
        last=None if opens.is_empty() else iso(rows.select(pl.col("ts").max()).item()),
        findings=result.findings,
        gaps=stretches(result.gaps),
    )


def _empty(timeframe: str) -> SeriesReport:
    return SeriesReport(timeframe, NO_BARS)
