"""Judging bars where they lie, without promoting anything: canonical, raw, a file, a live.db.

The same gate as in ``promote`` with the same severities and decisions, so that what is found here
is what a promotion would find.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import iso
from regime_platform.pipeline.gate.validate_log import standard_of, validate_log, validate_rows
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED, GateResult
from regime_platform.validation.policy import Standard
from regime_platform.validation.rules.calendar import stretches
from regime_platform.validation.rules.series import GATE_SCHEMA
from regime_platform.validation.verdict import series_reason

FAILED = "failed"  # could not be judged at all


@dataclass(frozen=True)
class SeriesReport:
    """What the gate says of one series."""

    timeframe: str
    status: str  # passed, blocked, no_bars, failed
    reason: str = ""
    bars: int = 0  # judged, forming ones included
    first: str | None = None  # ISO 8601 UTC
    last: str | None = None
    findings: tuple[ValidationFinding, ...] = ()
    gaps: pl.DataFrame | None = None  # first, last, missing, sessions

    def facts(self, *, with_gaps: bool = False) -> dict[str, Any]:
        """Plain values for JSON and pages."""
        told = {
            "timeframe": self.timeframe,
            "status": self.status,
            "reason": self.reason,
            "bars": self.bars,
            "first": self.first,
            "last": self.last,
            "findings": [finding.model_dump(mode="json") for finding in self.findings],
        }
        if with_gaps and self.gaps is not None:
            told["gaps"] = [
                {**gap, "first": iso(gap["first"]), "last": iso(gap["last"])}
                for gap in self.gaps.iter_rows(named=True)
            ]
        return told


@dataclass(frozen=True)
class SymbolReport:
    """What the gate says of one symbol."""

    symbol: str
    asset_class: str
    series: tuple[SeriesReport, ...]
    reason: str = ""  # why nothing could be judged

    @property
    def status(self) -> str:
        """Failed or blocked where any series is; passed where any has bars."""
        statuses = {series.status for series in self.series} | ({FAILED} if self.reason else set())
        return next((one for one in (FAILED, BLOCKED, PASSED) if one in statuses), NO_BARS)

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


def inspect_canonical(root: DataRoot, instrument: Instrument, now: dt.datetime) -> SymbolReport:
    """The bars in force, judged anew as if fetched at ``now``; what is held back is told too."""

    def judged() -> Iterator[SeriesReport]:
        verdict = read_verdict(root.symbol(instrument.symbol))
        paths, standard = root.symbol(instrument.symbol), standard_of(root, instrument)
        rows = {
            timeframe: _as_fetched(held[1], now)
            for timeframe in instrument.timeframes
            if (held := read_in_force(paths, timeframe)) is not None
        }
        if not rows and verdict is None:
            raise BarsError(f"no canonical bars; `regime run {instrument.symbol}` fetches them")
        results = validate_rows(rows, instrument.asset_class, standard)
        for timeframe in instrument.timeframes:
            series = None if verdict is None else verdict.at(timeframe)
            result = results.get(timeframe)
            told = _series(timeframe, rows[timeframe], result) if result else _empty(timeframe)
            if series is not None and series.status == BLOCKED and told.status != BLOCKED:
                reason = f"newer bars are held back: {series.reason}"
                told = replace(told, status=BLOCKED, reason=reason)
            yield told

    return _reported(instrument.symbol, instrument.asset_class, judged)


def inspect_raw(root: DataRoot, instrument: Instrument) -> SymbolReport:
    """What a promotion would find in the raw log now."""

    def judged() -> Iterator[SeriesReport]:
        paths, standard = root.symbol(instrument.symbol), standard_of(root, instrument)
        for timeframe, one in validate_log(paths, instrument, standard).items():
            yield _series(timeframe, one.rows, one.result)

    return _reported(instrument.symbol, instrument.asset_class, judged)


def inspect_bars(
    symbol: str,
    asset_class: str,
    read: Callable[[], Mapping[str, pl.DataFrame]],
    *,
    standard: Standard,
    now: dt.datetime,
) -> SymbolReport:
    """Bars of any origin, judged as if fetched at ``now``.

    Args:
        symbol: whose they are.
        asset_class: its class.
        read: gives bars in ``BAR_SCHEMA`` per timeframe; an error of it fails the symbol.
        standard: by what they are judged.
        now: the time they count as fetched at.
    """

    def judged() -> Iterator[SeriesReport]:
        rows = {name: _as_fetched(bars, now) for name, bars in read().items()}
        for timeframe, result in validate_rows(rows, asset_class, standard).items():
            yield _series(timeframe, rows[timeframe], result)

    return _reported(symbol, asset_class, judged)


def _reported(
    symbol: str, asset_class: str, judged: Callable[[], Iterator[SeriesReport]]
) -> SymbolReport:
    try:
        series = tuple(judged())
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
        return SymbolReport(symbol, asset_class, (), failure_reason(error, symbol))
    return SymbolReport(symbol, asset_class, series)


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
