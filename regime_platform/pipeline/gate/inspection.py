"""Validates bars as a promotion would, without promoting them: stored ones, a file, a live.db."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.no_bars import no_bars_reason
from regime_platform.bar_store.raw.fetch_failures import read_failures
from regime_platform.bar_store.raw.raw_log import extent
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, NoBarsError, failure_reason
from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import Market
from regime_platform.pipeline.gate.validate_log import (
    read_policy,
    validate_log,
    validate_rows,
    validation_context,
)
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED, GateResult
from regime_platform.validation.policy import ValidationContext
from regime_platform.validation.rules.calendar import stretches
from regime_platform.validation.rules.comparison import CONTRADICTED, OVERLAP
from regime_platform.validation.rules.finer_bars import FINER_BARS
from regime_platform.validation.rules.lost_bars import SOURCE_LOST_BARS
from regime_platform.validation.rules.rereading import REREADING
from regime_platform.validation.rules.series import GATE_SCHEMA
from regime_platform.validation.verdict import SeriesVerdict, series_reason
from regime_platform.workers import map_in_processes

#: With fewer symbols for each, starting processes takes longer than it saves.
WORTH_A_PROCESS = 150
FAILED = "failed"  # could not be validated
#: Rules on what only the raw log shows.
_NOT_IN_BARS = frozenset(
    rule.name for rule in (OVERLAP, CONTRADICTED, SOURCE_LOST_BARS, REREADING, FINER_BARS)
)


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
    derived_from: str | None = None  # the finer series that its bars are built from

    @classmethod
    def of(
        cls,
        timeframe: str,
        rows: pl.DataFrame,
        result: GateResult,
        derived_from: str | None = None,
    ) -> "SeriesReport":
        """The report of rows of the gate."""
        first, last = rows.select(pl.col("ts").min(), last=pl.col("ts").max()).row(0)
        return cls(
            timeframe,
            result.status,
            series_reason(timeframe, result),
            rows.height,
            first and iso(first),
            last and iso(last),
            result.findings,
            stretches(result.gaps),
            derived_from,
        )

    def facts(self, *, with_gaps: bool = False) -> dict[str, Any]:
        """Plain values for JSON and pages."""
        findings = [finding.model_dump(mode="json") for finding in self.findings]
        document = {**vars(self), "findings": findings}
        del document["gaps"]
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
    refusal: str = FAILED  # the status that goes with the reason: failed or no_bars

    @property
    def status(self) -> str:
        """Failed or blocked where any series is; passed where any has bars."""
        refused = {self.refusal} if self.reason else set()
        statuses = {series.status for series in self.series} | refused
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

    Of the raw log, or of the canonical bars as if fetched at ``now``.
    """
    inspect = partial(inspect_raw, root) if raw else partial(inspect_canonical, root, now)
    workers = min(workers, len(instruments) // WORTH_A_PROCESS)
    return map_in_processes(workers, inspect, instruments, _died)


def inspect_canonical(root: DataRoot, now: dt.datetime, instrument: Instrument) -> SymbolReport:
    """Validates the bars in force as if fetched at ``now``; reports blocked newer bars, too."""

    def reports() -> Iterator[SeriesReport]:
        paths = root.symbol(instrument.symbol)
        verdict = read_verdict(paths)
        context = validation_context(paths, instrument, read_policy(root))
        stored = {name: read_in_force(paths, name) for name in instrument.timeframes}
        if reason := no_bars_reason(paths, instrument):
            raise NoBarsError(reason)
        if verdict is None and not any(stored.values()):
            remedy = f"`regime promote {instrument.symbol}` validates what was fetched"
            raise BarsError(f"no canonical bars; {remedy}", code="not-validated")
        bars = {name: each[1] if each else empty_bars() for name, each in stored.items()}
        for timeframe, validated in _validated(bars, instrument.market, context, now):
            series = None if verdict is None else verdict.at(timeframe)
            report = _with_fetch(paths, validated)
            if series is not None and series.status == BLOCKED and report.status != BLOCKED:
                reason = f"newer bars are blocked: {series.message(instrument.symbol)}"
                report = replace(report, status=BLOCKED, reason=reason)
            yield report if series is None else _with_recorded(report, series)
        for finer in () if verdict is None else verdict.finer:  # has no canonical bars
            yield _recorded(paths, finer)

    return _reported(instrument.symbol, instrument.asset_class, reports)


def inspect_raw(root: DataRoot, instrument: Instrument) -> SymbolReport:
    """Validates the raw log as a promotion would now."""

    def reports() -> Iterator[SeriesReport]:
        paths = root.symbol(instrument.symbol)
        context = validation_context(paths, instrument, read_policy(root))
        for timeframe, series in validate_log(paths, instrument, context).items():
            facts = series.rows, series.result, series.derived_from
            yield _with_fetch(paths, SeriesReport.of(timeframe, *facts))

    return _reported(instrument.symbol, instrument.asset_class, reports)


def inspect_bars(
    symbol: str,
    market: Market,
    read: Callable[[], Mapping[str, pl.DataFrame]],
    *,
    context: ValidationContext,
    now: dt.datetime,
) -> SymbolReport:
    """Validates bars of any origin as if fetched at ``now``.

    ``read`` returns bars in ``BAR_SCHEMA`` by timeframe; its errors fail the symbol.
    """

    def reports() -> Iterator[SeriesReport]:
        return (report for _, report in _validated(read(), market, context, now))

    return _reported(symbol, market.name, reports)


def _with_recorded(report: SeriesReport, series: SeriesVerdict) -> SeriesReport:
    """With the warnings of a verdict that canonical bars do not show."""
    recorded = {
        finding.rule: finding
        for finding in series.findings
        if finding.rule in _NOT_IN_BARS and finding.count and not finding.is_blocking
    }
    others = (finding for finding in report.findings if finding.rule not in recorded)
    findings = (*others, *recorded.values())
    return replace(report, findings=findings, derived_from=series.derived_from)


def _recorded(paths: SymbolPaths, series: SeriesVerdict) -> SeriesReport:
    """What a verdict says on a finer series."""
    stored = extent(list_raw(paths.raw(series.timeframe)))
    return SeriesReport(
        series.timeframe,
        series.status,
        series.message(paths.symbol),
        series.rows_in,
        None if stored is None else iso(stored.first),
        None if stored is None else iso(stored.last),
        series.findings,
    )


def _with_fetch(paths: SymbolPaths, report: SeriesReport) -> SeriesReport:
    """Of a series without bars, with what its fetch brought."""
    failure = read_failures(paths).series.get(report.timeframe)
    if report.status != NO_BARS or failure is None:
        return report
    return replace(report, reason=f"no bars: {failure.reason}")


def _reported(
    symbol: str, asset_class: str, reports: Callable[[], Iterator[SeriesReport]]
) -> SymbolReport:
    try:
        return SymbolReport(symbol, asset_class, tuple(reports()))
    except NoBarsError as error:
        return SymbolReport(symbol, asset_class, (), str(error), NO_BARS)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
        return SymbolReport(symbol, asset_class, (), failure_reason(error, symbol))


def _died(instrument: Instrument, reason: str) -> SymbolReport:
    return SymbolReport(instrument.symbol, instrument.asset_class, (), reason)


def _validated(
    bars: Mapping[str, pl.DataFrame], market: Market, context: ValidationContext, now: dt.datetime
) -> Iterator[tuple[str, SeriesReport]]:
    fetched_at = pl.lit(now).cast(GATE_SCHEMA["fetched_at"])
    rows = {
        timeframe: series.with_columns(fetched_at=fetched_at, batch=pl.lit(""))
        for timeframe, series in bars.items()
    }
    for timeframe, result in validate_rows(rows, market, context).items():
        yield timeframe, SeriesReport.of(timeframe, rows[timeframe], result)
