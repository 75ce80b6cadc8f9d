"""acquisition.json of a symbol: which windows were requested and answered, per timeframe.

It only saves requests: where it is missing, damaged, outdated or contradicts the raw log, the log
decides, and every window that it does not cover is requested again. Each series has a digest of its
own, so that a series that was altered is ignored like one that is missing.
"""

import datetime as dt
from typing import Any

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.raw_names import RawListing
from regime_platform.bar_store.session import raw_listing, read_once
from regime_platform.errors import RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.model.calendar.second_look import second_look_bound
from regime_platform.model.calendar.sessions import last_finished
from regime_platform.model.clock import MOST_AHEAD
from regime_platform.model.coverage import Coverage
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.validation.rules.bar import finished_when_fetched


def read_coverage(paths: SymbolPaths, timeframe: str) -> Coverage:
    """The stored record of one series; an empty one where it is damaged or missing."""
    return _coverage(_read(paths).get(timeframe))


def earliest_dates(paths: SymbolPaths) -> dict[str, dt.date]:
    """Timeframe -> date of the first bar that the source has, where it was asked."""
    known = {timeframe: _coverage(series) for timeframe, series in _read(paths).items()}
    return {
        name: coverage.earliest for name, coverage in known.items() if coverage.earliest is not None
    }


def _coverage(series: Any) -> Coverage:
    try:
        unsealed = {name: part for name, part in series.items() if name != "digest"}
        if series.get("digest", "") in ("", document_digest(unsealed)):  # older ones have none
            return Coverage.parsed(unsealed)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return Coverage()


def proven_coverage(
    paths: SymbolPaths,
    instrument: Instrument,
    timeframe: str,
    now: dt.datetime,
) -> Coverage:
    """The record of one series as far as the raw log confirms it.

    The raw log is read only where it changed since the record was written. Entries and bars of a
    clock ahead of ``now`` are left out (see ``Coverage.known_at``). Bars without a record (from a
    migration, or stored by a process that was killed before it wrote the record) count as answered
    from the first to the last.

    Raises:
        BarsError: the raw log is damaged.
    """
    stored = read_coverage(paths, timeframe)
    minute = (now + MOST_AHEAD).replace(second=0, microsecond=0)  # one answer for many series
    bound = last_finished(minute, timeframe, instrument.asset_class)
    coverage = stored.known_at(now, bound)
    if coverage.windows != stored.windows and coverage.settled is not None:
        bound = second_look_bound(coverage.settled, timeframe, instrument.asset_class)
        coverage = coverage.settled_until(bound)
    listed = raw_listing(paths, timeframe)
    if stored.log == listed.digest and coverage.windows == stored.windows:
        return coverage
    opens = _finished_opens(listed, instrument, timeframe, now)
    known = coverage.verified(opens)
    if not known.windows and not opens.is_empty():
        first, last = opens[0], opens[-1]
        known = known.adopted(first, last, opens)
    return known.model_copy(update={"log": listed.digest})


def write_coverage(paths: SymbolPaths, timeframe: str, coverage: Coverage) -> None:
    """Stores ``coverage`` with the digest of the present raw log if it differs; hold the lock."""
    document = _read(paths)
    listed = raw_listing(paths, timeframe)
    series = coverage.model_copy(update={"log": listed.digest}).model_dump(mode="json")
    series["digest"] = document_digest(series)
    if document.get(timeframe) != series:
        document = {**document, timeframe: series}
        write_json(paths.acquisition, document)
        _read.written(paths, document)


@read_once("acquisition")
def _read(paths: SymbolPaths) -> dict[str, Any]:
    try:
        document = read_json(paths.acquisition)
    except RegimeError:
        return {}
    return document if isinstance(document, dict) else {}


def _finished_opens(
    log: RawListing, instrument: Instrument, timeframe: str, now: dt.datetime
) -> pl.Series:
    raw = raw_log.read_raw(log, now + MOST_AHEAD)
    finished = raw.filter(finished_when_fetched(raw, timeframe, instrument.asset_class))
    return finished["ts"].drop_nulls().unique().sort()
