"""Which bars were canonical at a moment of the past, found again from the raw log alone.

Nothing has to have been kept for it: what was fetched and decided by then is folded, adjusted and
judged as promotion does it, by the rules, the severities, the delisting and the first bars of the
source (``outside_listing``) as they are known today.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import polars as pl

from regime_platform.audit.archives import before_archiving
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.overrides import read_decisions
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA, empty_bars
from regime_platform.model.digests import frame_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import instant
from regime_platform.pipeline.gate.validate_log import ValidatedSeries, standard_of, validate_log
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.revisions.price_factors import Adjustment
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED
from regime_platform.validation.verdict import series_reason


@dataclass(frozen=True)
class BarsAsOf:
    """Canonical bars of one series as of a moment."""

    bars: pl.DataFrame  # BAR_SCHEMA, by ts
    digest: str  # as manifests have it, so that the two can be compared
    status: str  # what the gate says of all that was known by then: passed, blocked, no_bars
    known_at: dt.datetime | None  # the fetch or decision that put these bars in force
    factors: tuple[Adjustment, ...]  # by what their prices were adjusted


@dataclass(frozen=True)
class SymbolAsOf:
    """The bars that a symbol's results could be computed from at a moment."""

    series: Mapping[str, BarsAsOf] = field(default_factory=dict)  # timeframes that had bars
    known_at: dt.datetime | None = None  # the fetch or decision after which it was so
    held_back: str = ""  # why the gate kept newer bars from the results; empty where it did not


def bars_as_of(
    workspace: RunWorkspace, instrument: Instrument, timeframe: str, as_of: dt.datetime
) -> BarsAsOf:
    """The bars that a promotion right after the last fetch or decision by ``as_of`` (aware) leaves.

    Where the gate blocks what was known by then, the last state before that let bars pass is the
    one that counts, since the last good bars stay in force.

    Raises:
        BarsError, ConfigError: a file of the raw log, decisions.yaml or acquisition.json is
            damaged.
    """
    workspace, instrument = before_archiving(workspace, instrument, as_of)
    status = NO_BARS
    for number, (moment, series) in enumerate(_judged_before(workspace, instrument, as_of)):
        judged = series[timeframe]
        status = judged.result.status if number == 0 else status
        if judged.result.status == PASSED:
            return _in_force(judged, status, moment)
        if judged.result.status == NO_BARS:
            break
    return BarsAsOf(empty_bars(), frame_digest(empty_bars()), status, None, ())


def symbol_as_of(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime, most: int | None = None
) -> SymbolAsOf:
    """The bars of all timeframes that results were computed from by ``as_of`` (aware).

    One blocked timeframe holds back the whole symbol, as it does in the walk: then the last moment
    before it counts. ``most`` limits how many moments are judged.

    Raises:
        BarsError, ConfigError: see `bars_as_of`.
    """
    held_back = ""
    moments = islice(_judged_before(workspace, instrument, as_of), most)
    for number, (moment, series) in enumerate(moments):
        statuses = {name: judged.result.status for name, judged in series.items()}
        if BLOCKED not in statuses.values():
            passed = {
                name: _in_force(judged, PASSED, moment)
                for name, judged in series.items()
                if statuses[name] == PASSED
            }
            return SymbolAsOf(passed, moment if passed else None, held_back)
        if number == 0:
            held_back = " | ".join(
                series_reason(name, judged.result)
                for name, judged in series.items()
                if statuses[name] == BLOCKED
            )
    return SymbolAsOf(held_back=held_back)


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


def _judged_before(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime
) -> Iterator[tuple[dt.datetime, dict[str, ValidatedSeries]]]:
    """What the gate says of every moment by ``as_of``, the latest first, judged when asked for."""
    paths = workspace.root.symbol(instrument.symbol)
    for moment in _moments(paths, instrument, as_of):
        standard = standard_of(workspace.root, instrument, moment)
        yield moment, validate_log(paths, instrument, standard, moment)


def _in_force(judged: ValidatedSeries, status: str, moment: dt.datetime) -> BarsAsOf:
    bars = judged.result.valid.select(BAR_COLUMNS)
    return BarsAsOf(bars, frame_digest(bars), status, moment, judged.factors)


def _moments(paths: SymbolPaths, instrument: Instrument, as_of: dt.datetime) -> list[dt.datetime]:
    """Every moment by ``as_of`` at which something was fetched or decided, the latest first."""
    logs = (paths.raw(timeframe) for timeframe in instrument.timeframes)
    fetches = [read_raw(log, as_of, ["fetched_at"])["fetched_at"] for log in logs]
    decided = [instant(decision.at) for decision in read_decisions(paths)]
    decisions = pl.Series("fetched_at", decided, dtype=BAR_SCHEMA["ts"])
    moments = pl.concat([*fetches, decisions.filter(decisions <= as_of)])
    return moments.unique().sort(descending=True).to_list()
