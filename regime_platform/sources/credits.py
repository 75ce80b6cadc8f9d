"""The credits of one vendor key by clock minute and UTC day, counted by all processes together.

Every reservation is a transaction on one small SQLite file, so two processes never spend the same
credit. It is not flushed to disk: the headers of the next answer correct a lost count.
"""

import datetime as dt
import hashlib
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from regime_platform.errors import QuotaError, SourceError
from regime_platform.model.instants import MOST_AHEAD
from regime_platform.redaction import SHORTEST

#: Credits a minute of the smallest plan: the default until a setting or the vendor states others.
SMALLEST_PLAN = 8
#: No request is sent within so many seconds of the end of a minute, since clocks differ a little.
MARGIN = 1.0
_PATIENCE = 60.0  # seconds to wait for the transaction of another process
_TABLES = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = OFF",
    "CREATE TABLE IF NOT EXISTS minutes (minute INTEGER PRIMARY KEY, credits INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, credits INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS told (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


def doubt_of_key(key: str) -> str | None:
    """A warning about a vendor's key that is too short to be one; None for any other."""
    if len(key) >= SHORTEST:
        return None
    return (
        f"TWELVEDATA_API_KEY has {len(key)} characters, fewer than the {SHORTEST} of any real key: "
        "copy it again; so short a key is redacted only in the places of a key"
    )


@dataclass(frozen=True)
class Limits:
    """The limits from the settings; None leaves them to the vendor."""

    per_minute: int | None = None
    per_day: int | None = None


@dataclass(frozen=True)
class Spent:
    """The state of a budget at one moment."""

    minute_used: int
    minute_limit: int
    day_used: int
    day_limit: int | None


class CreditBudget:
    """Reserves credits before they are spent, corrected by the counts that the vendor reports.

    ``clock`` counts seconds since the epoch: minutes are real time even where ``--now`` is given.
    """

    def __init__(
        self,
        file: Path,
        limits: Limits,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._file = file
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._turn = threading.Lock()
        self._offset: float | None = None  # of the clock, as noted last

    def reserve(self, cost: int, day: dt.date) -> None:
        """Takes ``cost`` credits, waiting for the next minute as often as needed.

        They are of ``day``, or of the present one where the run has gone on past midnight.

        Raises:
            QuotaError: the day's credits are spent.
            SourceError: a minute never has so many credits.
        """
        while not self._taken(cost, day):
            self._sleep(self._seconds_left + MARGIN)

    def correct(self, used: int, left: int) -> None:
        """Takes over the vendor's count of the current minute, which includes other devices.

        Requests in flight are counted here and not there yet, so the higher count is kept.
        """
        with self._transaction() as store:
            _note(store, "minute_limit", str(used + left))
            _count_at_least(store, self._minute, used)

    def exhaust_minute(self, message: str) -> None:
        """Records that the vendor refused: no process sends a request before the next minute."""
        with self._transaction() as store:
            _note(store, "minute_refusal", message)
            _count_at_least(store, self._minute, self._limit(store))

    def note_day_refusal(self, message: str) -> None:
        """Stores the vendor's message for a spent day, for `regime doctor --live`."""
        with self._transaction() as store:
            _note(store, "day_refusal", message)

    def note_clock_offset(self, seconds: float, least: float) -> None:
        """Stores the seconds by which this machine's clock is ahead, if changed by ``least``."""
        if self._offset is None or abs(seconds - self._offset) >= least:
            self._offset = seconds
            with self._transaction() as store:
                _note(store, "clock_offset", f"{seconds:.0f}")

    def reported(self, name: str) -> str | None:
        """The vendor's last minute_limit, minute_refusal, day_refusal or clock_offset."""
        with self._transaction() as store:
            return _noted(store, name)

    def minute_limit(self) -> int:
        """The credits of a minute: the lower of the setting and the vendor's limit."""
        with self._transaction() as store:
            return self._limit(store)

    def left_in_minute(self) -> int:
        """The credits left in the current minute, or all of the next where none are left."""
        with self._transaction() as store:
            limit = self._limit(store)
            left = limit - _counted(store, "minute", self._minute)
        return limit if left < 1 or self._seconds_left <= MARGIN else left

    def spent(self, day: dt.date) -> Spent:
        """The credits used in the current minute and on ``day``."""
        with self._transaction() as store:
            return Spent(
                _counted(store, "minute", self._minute),
                self._limit(store),
                _counted(store, "day", day.isoformat()),
                self._limits.per_day,
            )

    def _taken(self, cost: int, day: dt.date) -> bool:
        if self._seconds_left <= MARGIN:
            return False
        day = max(day, dt.datetime.fromtimestamp(self._clock(), dt.UTC).date())
        with self._transaction() as store:
            limit, minute = self._limit(store), self._minute
            if cost > limit:
                raise SourceError(
                    f"one request costs {cost} credits and a minute has {limit}; "
                    "raise REGIME_CREDITS_PER_MINUTE to what the plan allows",
                    code="minute-too-small",
                )
            used = _counted(store, "day", day.isoformat())
            if self._limits.per_day is not None and used + cost > self._limits.per_day:
                raise QuotaError(
                    f"{used} of the {self._limits.per_day} Twelve Data credits of {day} (UTC) are "
                    "spent; run again tomorrow or raise REGIME_CREDITS_PER_DAY to what the plan "
                    "allows",
                    code="own-budget-spent",
                )
            if _counted(store, "minute", minute) + cost > limit:
                return False
            _count(store, "minute", minute, cost)
            _count(store, "day", day.isoformat(), cost)
            _forget(store, minute, day)
        return True

    def _limit(self, store: sqlite3.Connection) -> int:
        reported = int(_noted(store, "minute_limit") or 0)
        known = [limit for limit in (self._limits.per_minute, reported) if limit]
        return min(known, default=SMALLEST_PLAN)

    @property
    def _minute(self) -> int:
        return int(self._clock() // 60)

    @property
    def _seconds_left(self) -> float:
        return 60.0 - self._clock() % 60.0

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One exclusive transaction; an exception rolls it back."""
        try:
            with self._turn, self._connection as store:
                store.execute("BEGIN IMMEDIATE")
                yield store
        except sqlite3.DatabaseError as error:
            raise SourceError(
                f"the credit count {self._file} cannot be used ({error}); remove it and run again",
                code="credit-count-unusable",
            ) from error

    @cached_property
    def _connection(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        # closed by any thread; used by one at a time
        connection = sqlite3.connect(
            self._file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        weakref.finalize(self, connection.close)
        for statement in _TABLES:
            connection.execute(statement)
        return connection


def budget_file(folder: Path, url: str, key: str) -> Path:
    """The file for a vendor address and key; its name reveals neither."""
    return folder / f"credits-{hashlib.sha256(f'{url} {key}'.encode()).hexdigest()[:12]}.sqlite"


def _counted(store: sqlite3.Connection, period: str, key: int | str) -> int:
    query = f"SELECT sum(credits) FROM {period}s WHERE {period} = ?"  # noqa: S608 - minute or day
    return store.execute(query, (key,)).fetchone()[0] or 0


def _count(store: sqlite3.Connection, period: str, key: int | str, cost: int) -> None:
    store.execute(
        f"INSERT INTO {period}s VALUES (?, ?) "  # noqa: S608 - minute or day
        f"ON CONFLICT({period}) DO UPDATE SET credits = credits + excluded.credits",
        (key, cost),
    )


def _count_at_least(store: sqlite3.Connection, minute: int, used: int) -> None:
    _count(store, "minute", minute, max(0, used - _counted(store, "minute", minute)))


def _forget(store: sqlite3.Connection, minute: int, day: dt.date) -> None:
    """Drops old counts, and counts of future minutes and days from a clock that was ahead."""
    lead = int(MOST_AHEAD.total_seconds() // 60)
    bounds = (minute - 60, minute + lead)
    store.execute("DELETE FROM minutes WHERE minute NOT BETWEEN ? AND ?", bounds)
    latest = dt.datetime.fromtimestamp((minute + lead) * 60, dt.UTC).date()
    store.execute("DELETE FROM days WHERE day > ?", (max(day, latest).isoformat(),))


def _note(store: sqlite3.Connection, name: str, value: str) -> None:
    store.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (name, value))


def _noted(store: sqlite3.Connection, name: str) -> str | None:
    row = store.execute("SELECT value FROM told WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])
