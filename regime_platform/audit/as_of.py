"""Which bars were canonical at a moment of the past, from the raw log and the overrides alone.

What was fetched and overridden by then is folded, adjusted and validated as a promotion does it,
by the rules, the severities, the delisting and the first bars of the source (``outside_listing``)
as they are known today.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from regime_platform.audit.archives import before_archiving
from regime_platform.audit.verify.results import validated_series
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA, empty_bars
from regime_platform.model.digests import frame_digest
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.validate_log import ValidatedSeries
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.revisions.price_factors import Adjustment
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED
from regime_platform.validation.verdict import series_reason


@dataclass(frozen=True)
class BarsAsOf:
    """Canonical bars of one series as of a moment."""

    bars: pl.DataFrame  # BAR_SCHEMA, by ts
    digest: str  # as manifests have it, so that the two can be compared
    status: str  # of all that was known by then: passed, blocked or no_bars
    known_at: dt.datetime | None  # the fetch or override that put these bars in force
    factors: tuple[Adjustment, ...] = ()  # by what their prices were adjusted


@dataclass(frozen=True)
class SymbolAsOf:
    """The bars that a symbol's results could be computed from at a moment."""

    series: Mapping[str, BarsAsOf]  # timeframes that had bars
    known_at: dt.datetime | None  # the fetch or override after which it was so
    blocked_because: str = ""  # why newer bars are not in the results


def bars_as_of(
    workspace: RunWorkspace, instrument: Instrument, timeframe: str, as_of: dt.datetime
) -> BarsAsOf:
    """The bars that a promotion right after the last fetch or override by ``as_of`` (aware) leaves.

    Where the gate blocks what was known by then, the last state before that let bars pass is the
    one that counts, since the last good bars stay in force.

    Raises:
        BarsError, ConfigError: the raw log, decisions.yaml or acquisition.json is damaged.
    """
    workspace, instrument = before_archiving(workspace, instrument, as_of)
    moment, good, known = _last_good(workspace, instrument, as_of, {timeframe}, None)
    status = known[timeframe].result.status if known else NO_BARS
    if not good or good[timeframe].result.status != PASSED:
        return BarsAsOf(empty_bars(), frame_digest(empty_bars()), status, None)
    return _bars(good[timeframe], status, moment)


def symbol_as_of(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime, most: int | None = None
) -> SymbolAsOf:
    """The bars of all timeframes that results were computed from by ``as_of``; see `bars_as_of`.

    One blocked timeframe blocks the whole symbol, as it does in a run: then the last moment before
    it counts. ``most`` limits how many moments are validated.
    """
    timeframes = instrument.timeframes
    moment, good, known = _last_good(workspace, instrument, as_of, timeframes, most)
    passed = {
        name: _bars(validated, PASSED, moment)
        for name, validated in good.items()
        if validated.result.status == PASSED
    }
    reasons = [
        series_reason(name, validated.result)
        for name, validated in known.items()
        if validated.result.status == BLOCKED
    ]
    return SymbolAsOf(passed, moment if passed else None, " | ".join(reasons))


def first_fetch(workspace: RunWorkspace, instrument: Instrument) -> dt.datetime | None:
    """When the first bar of a symbol became known; None where none ever did."""
    paths = workspace.root.symbol(instrument.symbol)
    first = pl.concat(_fetches(paths, instrument, None)).min()
    return first if isinstance(first, dt.datetime) else None


def _last_good(
    workspace: RunWorkspace,
    instrument: Instrument,
    as_of: dt.datetime,
    timeframes: Collection[str],
    most: int | None,
) -> tuple[dt.datetime | None, dict[str, ValidatedSeries], dict[str, ValidatedSeries]]:
    """The last moment by ``as_of`` at which the gate blocked none of the timeframes.

    With the series validated as of it, and those validated as of the latest moment.
    """
    known: dict[str, ValidatedSeries] = {}
    paths = workspace.root.symbol(instrument.symbol)
    for moment in _moments(paths, instrument, as_of)[:most]:
        validated = validated_series(workspace, instrument, moment)
        series = {name: validated[name] for name in validated if name in timeframes}
        known = known or series
        if all(each.result.status != BLOCKED for each in series.values()):
            return moment, series, known
    return None, {}, known


def _bars(validated: ValidatedSeries, status: str, moment: dt.datetime | None) -> BarsAsOf:
    bars = validated.result.valid.select(BAR_COLUMNS)
    return BarsAsOf(bars, frame_digest(bars), status, moment, validated.factors)


def _moments(paths: SymbolPaths, instrument: Instrument, as_of: dt.datetime) -> list[dt.datetime]:
    """The times of fetches and overrides by ``as_of``, the latest first."""
    override_times = [instant(decision.at) for decision in read_overrides(paths)]
    overrides = pl.Series("fetched_at", override_times, dtype=BAR_SCHEMA["ts"])
    fetches = _fetches(paths, instrument, as_of)
    moments = pl.concat([*fetches, overrides.filter(overrides <= as_of)])
    return moments.unique().sort(descending=True).to_list()


def _fetches(
    paths: SymbolPaths, instrument: Instrument, as_of: dt.datetime | None
) -> list[pl.Series]:
    logs = (paths.raw(timeframe) for timeframe in instrument.timeframes)
    return [read_raw(log, as_of, ["fetched_at"])["fetched_at"] for log in logs]
