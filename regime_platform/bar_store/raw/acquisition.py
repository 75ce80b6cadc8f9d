"""acquisition.json of a symbol: what was asked of its source and answered, per timeframe.

It only spares requests: where it is missing, damaged, old or at odds with the raw log, what the log
holds decides, and whatever cannot be shown to be held is asked for again. Each series carries a
digest of its own, so that one that was altered is forgotten like one that is lost.
"""

import datetime as dt
from typing import Any

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw import raw_log, raw_names
from regime_platform.bar_store.raw.raw_names import RawListing
from regime_platform.errors import RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.model.calendar.second_look import second_look_bound
from regime_platform.model.calendar.sessions import last_finished
from regime_platform.model.clock import MOST_AHEAD
from regime_platform.model.coverage import Coverage
from regime_platform.model.digests import facts_digest
from regime_platform.model.instruments import Instrument
from regime_platform.validation.rules.bar import finished_when_fetched


def read_coverage(paths: SymbolPaths, timeframe: str) -> Coverage:
    """What is remembered of one series; nothing where it is damaged."""
    return _coverage(_read(paths).get(timeframe))


def earliest_dates(paths: SymbolPaths) -> dict[str, dt.date]:
    """Timeframe -> date of the first bar that the source has, where it was asked."""
    known = {timeframe: _coverage(facts) for timeframe, facts in _read(paths).items()}
    return {name: one.earliest for name, one in known.items() if one.earliest is not None}


def _coverage(facts: Any) -> Coverage:
    try:
        unsealed = {name: part for name, part in facts.items() if name != "digest"}
        if facts.get("digest", "") in ("", facts_digest(unsealed)):  # older ones have none
            return Coverage.parsed(unsealed)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return Coverage()


def proven_coverage(
    paths: SymbolPaths,
    instrument: Instrument,
    timeframe: str,
    now: dt.datetime,
    log: RawListing | None = None,
) -> Coverage:
    """What is remembered and still true; opens the raw log only where it changed since.

    What a clock ahead of ``now`` remembered or fetched is left out (see ``Coverage.known_at``).
    Bars that no memory speaks of (brought by a migration, or stored by a process that was killed
    before it could note them) count as answered from the first to the last. ``log`` is the listing
    of the raw log, where the caller has one.

    Raises:
        BarsError: the raw log is damaged.
    """
    stored = read_coverage(paths, timeframe)
    minute = (now + MOST_AHEAD).replace(second=0, microsecond=0)  # one answer for many series
    bound = last_finished(minute, timeframe, instrument.asset_class)
    coverage = stored.known_at(now, bound)
    if coverage.windows != stored.windows and coverage.settled is not None:
        looked = second_look_bound(coverage.settled, timeframe, instrument.asset_class)
        coverage = coverage.settled_until(looked)
    listed = log or raw_names.list_raw(paths.raw(timeframe))
    if stored.log == listed.digest and coverage.windows == stored.windows:
        return coverage
    opens = _finished_opens(listed, instrument, timeframe, now)
    known = coverage.verified(opens)
    if not known.windows and not opens.is_empty():
        first, last = opens[0], opens[-1]
        known = known.adopted(first, last, opens)
    return known.model_copy(update={"log": listed.digest})


def write_coverage(
    paths: SymbolPaths, timeframe: str, coverage: Coverage, log: RawListing | None = None
) -> None:
    """Remembers ``coverage`` as of the raw log as it stands; hold the lock.

    ``log`` is the listing of the raw log, where the caller made one under the same lock. Without a
    difference nothing is written.
    """
    facts = _read(paths)
    listed = log or raw_names.list_raw(paths.raw(timeframe))
    told = coverage.model_copy(update={"log": listed.digest}).model_dump(mode="json")
    told["digest"] = facts_digest(told)
    if facts.get(timeframe) != told:
        write_json(paths.acquisition, {**facts, timeframe: told})


def _read(paths: SymbolPaths) -> dict[str, Any]:
    try:
        facts = read_json(paths.acquisition)
    except RegimeError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _finished_opens(
    log: RawListing, instrument: Instrument, timeframe: str, now: dt.datetime
) -> pl.Series:
    raw = raw_log.read_raw(log, now + MOST_AHEAD)
    finished = raw.filter(finished_when_fetched(raw, timeframe, instrument.asset_class))
    return finished["ts"].drop_nulls().unique().sort()
