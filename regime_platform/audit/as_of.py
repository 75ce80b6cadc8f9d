"""Which bars were canonical at a moment of the past, from the raw log and the decisions alone.

What was fetched, overridden and declared by then is folded, adjusted and validated as a promotion
does it, by the rules, the severities, the delisting and the first bars of the source
(``outside_listing``) as they are known today.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import polars as pl

from regime_platform.audit.archives import before_archiving
from regime_platform.audit.verify.results import validated_series
from regime_platform.bar_store.actions_file import read_actions
from regime_platform.bar_store.basis_files import BASES
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw.raw_file import MARK
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.bar_store.session import stored_finer
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA, empty_bars
from regime_platform.model.digests import frame_digest
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.validate_log import ValidatedSeries
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.revisions.price_factors import Adjustment
from regime_platform.validation.finding_counts import FindingsBySeries
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED
from regime_platform.validation.verdict import series_message


@dataclass(frozen=True)
class BarsAsOf:
    """Canonical bars of one series as of a moment."""

    bars: pl.DataFrame  # BAR_SCHEMA, by ts
    digest: str  # as manifests have it, so that the two can be compared
    status: str  # of all that was known by then: passed, blocked or no_bars
    known_at: dt.datetime | None  # the fetch or override that put these bars in force
    factors: tuple[Adjustment, ...] = ()  # by what their prices were adjusted
    derived_from: str | None = None  # the finer series that they were built from


@dataclass(frozen=True)
class SymbolAsOf:
    """The bars that a symbol's results could be computed from at a moment."""

    series: Mapping[str, BarsAsOf]  # timeframes that had bars
    known_at: dt.datetime | None  # the fetch or override after which it was so
    blocked_because: str = ""  # why newer bars are not in the results
    left_out: Mapping[str, str] = field(default_factory=dict)  # blocked while others passed -> why
    findings: FindingsBySeries = field(default_factory=dict)  # of all that was known then


def bars_as_of(
    workspace: RunWorkspace, instrument: Instrument, timeframe: str, as_of: dt.datetime
) -> BarsAsOf:
    """The bars that a promotion right after the last fetch or override by ``as_of`` (aware) leaves.

    Where the gate blocks what was known by then, the last state before that let bars pass is the
    one that counts, since the last good bars stay in force.

    Raises:
        BarsError, ConfigError: the raw log, a record of decisions or acquisition.json is damaged.
    """
    workspace, instrument = before_archiving(workspace, instrument, as_of)
    status = NO_BARS
    for moment, validated in _moments(workspace, instrument, as_of):
        series = validated[timeframe]
        status = series.result.status if status == NO_BARS else status
        if series.result.status == PASSED:
            return _bars(series, status, moment)
        if series.result.status != BLOCKED:
            break
    return BarsAsOf(empty_bars(), frame_digest(empty_bars()), status, None)


def symbol_as_of(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime, most: int | None = None
) -> SymbolAsOf:
    """The bars of all timeframes that results were computed from by ``as_of``; see `bars_as_of`.

    Where all are blocked nothing is computed: then the last moment before it counts, and ``most``
    limits how many are validated to find it. Of some, each has its last good bars, as in a run.
    """
    moments = _moments(workspace, instrument, as_of)
    latest: dict[str, ValidatedSeries] = {}
    series: dict[str, BarsAsOf] = {}
    left_out: dict[str, str] = {}
    known_at = None
    for moment, validated in islice(moments, most):
        latest = latest or validated
        series, left_out = _passed(validated, moment), _reasons(instrument.symbol, validated)
        if series or not left_out:
            known_at = moment if series else None
            break
    waiting = {*left_out} if series else set()
    while waiting and (before := next(moments, None)) is not None:
        settled = waiting - {*_reasons(instrument.symbol, before[1])}
        series |= {name: bars for name, bars in _passed(*before[::-1]).items() if name in settled}
        waiting -= settled
    return SymbolAsOf(
        {name: series[name] for name in instrument.timeframes if name in series},
        known_at,
        " | ".join(_reasons(instrument.symbol, latest).values()),
        left_out if series else {},
        {name: validated.result.findings for name, validated in latest.items()},
    )


def first_fetch(workspace: RunWorkspace, instrument: Instrument) -> dt.datetime | None:
    """When the first bar of a symbol became known; None where none ever did."""
    paths = workspace.root.symbol(instrument.symbol)
    first = pl.concat(_fetches(paths, instrument, None)).min()
    return first if isinstance(first, dt.datetime) else None


def _moments(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime
) -> Iterator[tuple[dt.datetime, dict[str, ValidatedSeries]]]:
    """The fetches and decisions by ``as_of``, the latest first: the time, and all series then."""
    for moment in _times(workspace.root.symbol(instrument.symbol), instrument, as_of):
        validated = validated_series(workspace, instrument, moment)
        yield moment, {name: validated[name] for name in instrument.timeframes}


def _reasons(symbol: str, series: Mapping[str, ValidatedSeries]) -> dict[str, str]:
    """Blocked timeframe -> why."""
    return {
        name: series_message(symbol, name, validated.result)
        for name, validated in series.items()
        if validated.result.status == BLOCKED
    }


def _passed(series: Mapping[str, ValidatedSeries], moment: dt.datetime) -> dict[str, BarsAsOf]:
    return {
        name: _bars(validated, PASSED, moment)
        for name, validated in series.items()
        if validated.result.status == PASSED
    }


def _bars(validated: ValidatedSeries, status: str, moment: dt.datetime | None) -> BarsAsOf:
    bars = validated.result.valid.select(BAR_COLUMNS)
    digest, source = frame_digest(bars), validated.derived_from
    return BarsAsOf(bars, digest, status, moment, validated.factors, source)


def _times(paths: SymbolPaths, instrument: Instrument, as_of: dt.datetime) -> list[dt.datetime]:
    times = [instant(override.at) for override in read_overrides(paths)]
    times += [action.at for action in read_actions(paths)]
    times += [entry.refetched_at for entry in BASES.read(paths) if entry.refetched_at is not None]
    decisions = pl.Series("fetched_at", times, dtype=BAR_SCHEMA["ts"])
    fetches = _fetches(paths, instrument, as_of)
    moments = pl.concat([*fetches, decisions.filter(decisions <= as_of)])
    return moments.unique().sort(descending=True).to_list()


def _fetches(
    paths: SymbolPaths, instrument: Instrument, as_of: dt.datetime | None
) -> list[pl.Series]:
    logs = (paths.raw(name) for name in (*stored_finer(paths), *instrument.timeframes))
    return [read_raw(log, as_of, ["fetched_at", MARK])["fetched_at"] for log in logs]
