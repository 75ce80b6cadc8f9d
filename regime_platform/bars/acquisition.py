"""acquisition.json of a symbol: what was asked of its source and answered, per timeframe.

It only spares requests: where it is missing, old or at odds with the raw log, what the log holds
decides, and whatever cannot be shown to be held is asked for again.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from regime_platform.bars import raw_log
from regime_platform.bars.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.files import read_json, write_json
from regime_platform.model.clock import MOST_AHEAD
from regime_platform.model.coverage import Coverage
from regime_platform.model.instruments import Instrument
from regime_platform.model.second_look import second_look_bound
from regime_platform.model.sessions import last_finished
from regime_platform.validation.bar_rules import finished_when_fetched


def read_coverage(paths: SymbolPaths, timeframe: str) -> Coverage:
    """What is remembered of one series, whether it is still true or not.

    Raises:
        BarsError: the file is damaged; names it.
    """
    facts = _read(paths).get(timeframe)
    return Coverage() if facts is None else _coverage(paths, facts)


def earliest_dates(paths: SymbolPaths) -> dict[str, dt.date]:
    """Timeframe -> date of the first bar that the source has, where it was asked.

    Raises:
        BarsError: the file is damaged; names it.
    """
    known = {timeframe: _coverage(paths, facts) for timeframe, facts in _read(paths).items()}
    return {name: one.earliest for name, one in known.items() if one.earliest is not None}


def _coverage(paths: SymbolPaths, facts: Mapping[str, Any]) -> Coverage:
    try:
        return Coverage.from_facts(facts)
    except (KeyError, TypeError, ValueError) as error:
        raise BarsError(
            f"{paths.acquisition} is no record of requests ({error!r}); remove it, and what the "
            "raw log holds is looked up again"
        ) from error


def proven_coverage(
    paths: SymbolPaths, instrument: Instrument, timeframe: str, now: dt.datetime
) -> Coverage:
    """What is remembered and still true; opens the raw log only where it changed since.

    What a clock ahead of ``now`` remembered or fetched is left out (see ``Coverage.known_at``).
    Bars that no memory speaks of (brought by a migration, or stored by a process that was killed
    before it could note them) count as answered from the first to the last.

    Raises:
        BarsError: the memory or the raw log is damaged.
    """
    stored = read_coverage(paths, timeframe)
    minute = (now + MOST_AHEAD).replace(second=0, microsecond=0)  # one answer for many series
    bound = last_finished(minute, timeframe, instrument.asset_class)
    coverage = stored.known_at(now, bound)
    if coverage.windows != stored.windows and coverage.settled is not None:
        looked = second_look_bound(coverage.settled, timeframe, instrument.asset_class)
        coverage = coverage.settled_until(looked)
    folder = paths.raw(timeframe)
    log = raw_log.log_digest(folder)
    if stored.log == log and coverage.windows == stored.windows:
        return coverage
    opens = _finished_opens(paths, instrument, timeframe, now)
    known = coverage.verified(opens)
    if not known.windows and not opens.is_empty():
        first, last = opens[0], opens[-1]
        known = known.adopted(first, last, opens)
    return replace(known, log=log)


def write_coverage(paths: SymbolPaths, timeframe: str, coverage: Coverage) -> None:
    """Remembers ``coverage`` as of the raw log as it stands; hold the lock.

    Without a difference nothing is written.
    """
    facts = _read(paths)
    told = replace(coverage, log=raw_log.log_digest(paths.raw(timeframe))).facts()
    if facts.get(timeframe) != told:
        write_json(paths.acquisition, {**facts, timeframe: told})


def _read(paths: SymbolPaths) -> dict[str, Any]:
    facts = read_json(paths.acquisition)
    if facts is None:
        return {}
    if not isinstance(facts, dict):
        raise BarsError(f"{paths.acquisition} is no record of requests; remove it")
    return facts


def _finished_opens(
    paths: SymbolPaths, instrument: Instrument, timeframe: str, now: dt.datetime
) -> pl.Series:
    raw = raw_log.read_raw(paths.raw(timeframe), now + MOST_AHEAD)
    finished = raw.filter(finished_when_fetched(raw, timeframe, instrument.asset_class))
    return finished["ts"].drop_nulls().unique().sort()
