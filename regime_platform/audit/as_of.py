"""Which bars were canonical at a moment of the past, from the raw log and the overrides alone.

What was fetched and overridden by then is folded, adjusted and validated as a promotion does it,
by the rules, the severities, the delisting and the first bars of the source (``outside_listing``)
as they are known today.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import polars as pl

from regime_platform.audit.archives import before_archiving
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA, empty_bars
from regime_platform.model.digests import frame_digest
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.validate_log import (
    ValidatedSeries,
    read_policy,
    validate_log,
    validation_context,
)
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
    factors: tuple[Adjustment, ...]  # by what their prices were adjusted


@dataclass(frozen=True)
class SymbolAsOf:
    """The bars that a symbol's results could be computed from at a moment."""

    series: Mapping[str, BarsAsOf] = field(default_factory=dict)  # timeframes that had bars
    known_at: dt.datetime | None = None  # the fetch or override after which it was so
    blocked_because: str = ""  # why newer bars are not in the results


def bars_as_of(
    workspace: RunWorkspace, instrument: Instrument, timeframe: str, as_of: dt.datetime
) -> BarsAsOf:
    """The bars that a promotion right after the last fetch or override by ``as_of`` (aware) leaves.

    Where the gate blocks what was known by then, the last state before that let bars pass is the
    one that counts, since the last good bars stay in force.

    Raises:
        BarsError, ConfigError: a file of the raw log, decisions.yaml or acquisition.json is
            damaged.
    """
    workspace, instrument = before_archiving(workspace, instrument, as_of)
    status = NO_BARS
    for number, (moment, series) in enumerate(_validated_before(workspace, instrument, as_of)):
        validated = series[timeframe]
        status = validated.result.status if number == 0 else status
        if validated.result.status == PASSED:
            return _in_force(validated, status, moment)
        if validated.result.status == NO_BARS:
            break
    return BarsAsOf(empty_bars(), frame_digest(empty_bars()), status, None, ())


def symbol_as_of(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime, most: int | None = None
) -> SymbolAsOf:
    """The bars of all timeframes that results were computed from by ``as_of`` (aware).

    One blocked timeframe blocks the whole symbol, as it does in a run: then the last moment before
    it counts. ``most`` limits how many moments are validated.

    Raises:
        BarsError, ConfigError: see `bars_as_of`.
    """
    blocked_because = ""
    moments = islice(_validated_before(workspace, instrument, as_of), most)
    for number, (moment, series) in enumerate(moments):
        statuses = {name: validated.result.status for name, validated in series.items()}
        if BLOCKED not in statuses.values():
            passed = {
                name: _in_force(validated, PASSED, moment)
                for name, validated in series.items()
                if statuses[name] == PASSED
            }
            return SymbolAsOf(passed, moment if passed else None, blocked_because)
        if number == 0:
            blocked_because = " | ".join(
                series_reason(name, validated.result)
                for name, validated in series.items()
                if statuses[name] == BLOCKED
            )
    return SymbolAsOf(blocked_because=blocked_because)


def first_fetch(workspace: RunWorkspace, instrument: Instrument) -> dt.datetime | None:
    """When the first bar of a symbol became known; None where none ever did.

    Raises:
        BarsError: a file of the raw log is damaged.
    """
    paths = workspace.root.symbol(instrument.symbol)
    logs = [
        read_raw(paths.raw(timeframe), None, ["fetched_at"]) for timeframe in instrument.timeframes
    ]
    first = pl.concat(logs)["fetched_at"].min()
    return first if isinstance(first, dt.datetime) else None


def _validated_before(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime
) -> Iterator[tuple[dt.datetime, dict[str, ValidatedSeries]]]:
    """Moments by ``as_of`` with what validation gives, the latest first; computed when iterated."""
    paths = workspace.root.symbol(instrument.symbol)
    for moment in _moments(paths, instrument, as_of):
        context = validation_context(paths, instrument, read_policy(workspace.root), moment)
        yield moment, validate_log(paths, instrument, context, moment)


def _in_force(validated: ValidatedSeries, status: str, moment: dt.datetime) -> BarsAsOf:
    bars = validated.result.valid.select(BAR_COLUMNS)
    return BarsAsOf(bars, frame_digest(bars), status, moment, validated.factors)


def _moments(paths: SymbolPaths, instrument: Instrument, as_of: dt.datetime) -> list[dt.datetime]:
    """The times of fetches and overrides by ``as_of``, the latest first."""
    logs = (paths.raw(timeframe) for timeframe in instrument.timeframes)
    fetches = [read_raw(log, as_of, ["fetched_at"])["fetched_at"] for log in logs]
    override_times = [instant(decision.at) for decision in read_overrides(paths)]
    overrides = pl.Series("fetched_at", override_times, dtype=BAR_SCHEMA["ts"])
    moments = pl.concat([*fetches, overrides.filter(overrides <= as_of)])
    return moments.unique().sort(descending=True).to_list()
