"""acquisition.json of a symbol: which windows were requested and answered, per timeframe.

It only saves requests: where it is missing, damaged or contradicts the raw log, the log decides.
Each series has a digest of its own, so that one that was altered is ignored.
"""

import datetime as dt
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.bar_store.session import keep, raw_listing, read_once
from regime_platform.errors import RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.model.calendar.due import last_finished, second_look_bound
from regime_platform.model.coverage import Coverage
from regime_platform.model.digests import document_digest
from regime_platform.model.doubts import Doubt
from regime_platform.model.instants import MOST_AHEAD
from regime_platform.model.instruments import Instrument
from regime_platform.validation.rules.bar import finished_when_fetched


def read_coverage(paths: SymbolPaths, timeframe: str) -> Coverage:
    """The stored record of one series; an empty one where it is damaged or missing."""
    return _coverage(_read(paths).get(timeframe))


def earliest_dates(paths: SymbolPaths) -> dict[str, dt.date]:
    """Timeframe -> date of the first bar that the source has, where it was asked."""
    earliest = {name: _coverage(series).earliest for name, series in _read(paths).items()}
    return {name: date for name, date in earliest.items() if date is not None}


def proven_coverage(
    paths: SymbolPaths, instrument: Instrument, timeframe: str, now: dt.datetime
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
    bound = last_finished(minute, timeframe, instrument.market)
    coverage = stored.known_at(now, bound)
    if coverage.windows != stored.windows and coverage.settled is not None:
        bound = second_look_bound(coverage.settled, timeframe, instrument.market)
        coverage = coverage.settled_until(bound)
    listed = raw_listing(paths, timeframe)
    if stored.log == listed.digest and coverage.windows == stored.windows:
        return coverage
    raw = read_raw(listed, now + MOST_AHEAD)
    finished = raw.filter(finished_when_fetched(raw, timeframe, instrument.market))
    opens = finished["ts"].drop_nulls().unique().sort()
    known = coverage.verified(opens)
    if not known.windows and not opens.is_empty():
        known = known.adopted(opens[0], opens[-1], opens)
    return known.model_copy(update={"log": listed.digest})


def write_coverage(paths: SymbolPaths, timeframe: str, coverage: Coverage) -> None:
    """Stores ``coverage`` with the digest of the present raw log if it differs; hold the lock."""
    listed = raw_listing(paths, timeframe)
    _write(paths, timeframe, coverage.model_copy(update={"log": listed.digest}))


def stored_doubts(paths: SymbolPaths) -> dict[str, Doubt | None]:
    """Timeframe of each series with a record -> the bars that are to be requested again."""
    return {
        name: _coverage(series).doubt if isinstance(series, dict) and "doubt" in series else None
        for name, series in _read(paths).items()
    }


def write_doubt(paths: SymbolPaths, timeframe: str, doubt: Doubt | None) -> None:
    """Replaces the bars of a series that are to be requested again; hold the lock."""
    coverage = read_coverage(paths, timeframe)
    _write(paths, timeframe, coverage.model_copy(update={"doubt": doubt}))


@read_once("acquisition")
def _read(paths: SymbolPaths) -> dict[str, Any]:
    try:
        return read_json(paths.acquisition) or {}
    except RegimeError:
        return {}


def _write(paths: SymbolPaths, timeframe: str, coverage: Coverage) -> None:
    document = _read(paths)
    series = coverage.model_dump(mode="json")
    series["digest"] = document_digest(series)
    if document.get(timeframe) != series:
        document = {**document, timeframe: series}
        write_json(paths.acquisition, document)
        keep(paths, paths.acquisition, document)


def _coverage(series: Any) -> Coverage:
    try:
        unsealed = {name: part for name, part in series.items() if name != "digest"}
        if series.get("digest", "") in ("", document_digest(unsealed)):  # older ones have none
            return Coverage.parsed(unsealed)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return Coverage()
