"""What of a series was asked for and answered: the memory that makes asking again needless.

Bars alone cannot tell a hole that nobody asked about from one that the source has nothing for, so
every answered window is remembered with the number of bars it holds. The memory is never believed
against the raw log: windows whose bars are gone are dropped and asked for again.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl

from regime_platform.model.clock import MOST_AHEAD, is_ahead
from regime_platform.model.series import instant, iso

#: A window that was answered once and must be read again before it counts.
UNREAD = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: A window that somebody else read, nobody knows when: read again when its turn comes.
UNKNOWN = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
#: A window that grows by updates starts anew at about one page.
_FULL_WINDOW = 4000


@dataclass(frozen=True)
class Window:
    """Opens in [start, end) were answered with so many finished bars."""

    start: dt.datetime
    end: dt.datetime
    rows: int
    read_at: dt.datetime  # when all of it was last read; UNREAD where it is to be read again


@dataclass(frozen=True)
class Refusal:
    """Why there is nothing to ask for, and until when that is believed."""

    status: str  # not_offered, not_entitled, unknown_symbol
    reason: str
    ask_again: dt.date


@dataclass(frozen=True)
class Coverage:
    """The memory of one series; an empty one knows nothing."""

    windows: tuple[Window, ...] = ()  # disjoint, oldest first
    settled: dt.datetime | None = None  # opens before it had their second look
    earliest: dt.date | None = None  # the source's first bar
    earliest_asked: dt.date | None = None
    since: dt.date | None = None  # a person wants no older bars
    refusal: Refusal | None = None
    log: str = ""  # digest of the raw log's file names when this was written

    @property
    def floor(self) -> dt.datetime | None:
        """Where the history to be held begins; None while the source was not asked."""
        if self.earliest is None:
            return None
        return _midnight(max(self.earliest, self.since or self.earliest))

    @property
    def end(self) -> dt.datetime | None:
        """Opens from here on were never asked for."""
        return self.windows[-1].end if self.windows else None

    @property
    def is_complete(self) -> bool:
        """True where the history is answered for without a hole."""
        floor, end = self.floor, self.end
        return floor is not None and end is not None and not self.missing(floor, end)

    def missing(
        self, start: dt.datetime, end: dt.datetime
    ) -> list[tuple[dt.datetime, dt.datetime]]:
        """The parts of [start, end) that no window covers, oldest first."""
        gaps = []
        for window in self.windows:
            if window.end <= start:
                continue
            if window.start >= end:
                break
            if window.start > start:
                gaps.append((start, window.start))
            start = max(start, window.end)
        if start < end:
            gaps.append((start, end))
        return gaps

    def answered(
        self, start: dt.datetime, end: dt.datetime, opens: pl.Series, at: dt.datetime
    ) -> "Coverage":
        """After [start, end) was answered with finished bars at ``opens``.

        Windows wholly inside count as read anew; of the rest only what they leave open is added.
        """
        renewed = tuple(
            replace(one, rows=_count(opens, one.start, one.end), read_at=at)
            if start <= one.start and one.end <= end
            else one
            for one in self.windows
        )
        added = tuple(
            Window(*gap, _count(opens, *gap), at) for gap in self.missing(start, end) if end > start
        )
        windows = sorted(renewed + added, key=lambda one: one.start)
        return replace(self, windows=_joined(windows))

    def verified(self, opens: pl.Series) -> "Coverage":
        """Without the windows whose bars are not all among ``opens`` any more."""
        kept = tuple(one for one in self.windows if _count(opens, one.start, one.end) >= one.rows)
        if kept == self.windows:
            return self
        return replace(self, windows=kept, settled=None if not kept else self.settled)

    def known_at(self, now: dt.datetime, bound: dt.datetime) -> "Coverage":
        """Without what a clock ahead of ``now`` noted: unknown, so that it is asked for again.

        ``bound`` is where the opens of unfinished bars begin at ``now``: for dates that may be
        later than ``now``. Where a window goes, the newest that stay may lack their second look:
        ``settled`` is at most their end.
        """
        kept = tuple(
            window
            for window in self.windows
            if not is_ahead(window.read_at, now) and window.end <= bound
        )
        latest = (now + MOST_AHEAD).date()
        known = replace(
            self,
            earliest=_by(self.earliest, latest),
            earliest_asked=_by(self.earliest_asked, latest),
        )
        settled = self.settled
        if settled is not None and (kept != self.windows or settled > bound):
            settled = min(settled, kept[-1].end) if kept else None
        return replace(known, windows=kept, settled=settled)

    def adopted(self, first: dt.datetime, last: dt.datetime, opens: pl.Series) -> "Coverage":
        """Taking bars of unknown origin for one answered window; their second look is still due."""
        end = last + dt.timedelta(microseconds=1)
        window = Window(first, end, _count(opens, first, end), UNKNOWN)
        return replace(self, windows=(window,), settled=last)

    def settled_until(self, bound: dt.datetime) -> "Coverage":
        """After the second look at everything before ``bound``."""
        return replace(self, settled=bound)

    def unread(self) -> "Coverage":
        """With all of it to be read again."""
        return replace(self, windows=tuple(replace(one, read_at=UNREAD) for one in self.windows))

    def without(self, window: Window) -> "Coverage":
        """As if ``window`` had never been asked for."""
        return replace(self, windows=tuple(one for one in self.windows if one != window))

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "windows": [
                [iso(one.start), iso(one.end), one.rows, iso(one.read_at)] for one in self.windows
            ],
            "settled": None if self.settled is None else iso(self.settled),
            "earliest": _text(self.earliest),
            "earliest_asked": _text(self.earliest_asked),
            "since": _text(self.since),
            "refusal": None
            if self.refusal is None
            else {**asdict(self.refusal), "ask_again": self.refusal.ask_again.isoformat()},
            "log": self.log,
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Coverage":
        """The inverse of ``facts``; raises KeyError, TypeError or ValueError on anything else."""
        refusal = facts["refusal"]
        return cls(
            windows=tuple(
                Window(instant(start), instant(end), int(rows), instant(read_at))
                for start, end, rows, read_at in facts["windows"]
            ),
            settled=None if facts["settled"] is None else instant(facts["settled"]),
            earliest=_date(facts["earliest"]),
            earliest_asked=_date(facts["earliest_asked"]),
            since=_date(facts["since"]),
            refusal=None
            if refusal is None
            else Refusal(
                refusal["status"],
                refusal["reason"],
                dt.date.fromisoformat(refusal["ask_again"]),
            ),
            log=facts["log"],
        )


def _joined(windows: Sequence[Window]) -> tuple[Window, ...]:
    """Lets the small windows of daily updates grow together."""
    joined: list[Window] = []
    for one in windows:
        last = joined[-1] if joined else None
        if last is not None and _grow_together(last, one):
            both = replace(
                last, end=one.end, rows=last.rows + one.rows, read_at=min(last.read_at, one.read_at)
            )
            joined[-1] = both
        else:
            joined.append(one)
    return tuple(joined)


def _grow_together(last: Window, one: Window) -> bool:
    is_read = UNREAD not in (last.read_at, one.read_at)
    return last.end == one.start and last.rows + one.rows < _FULL_WINDOW and is_read


def _count(opens: pl.Series, start: dt.datetime, end: dt.datetime) -> int:
    return int(((opens >= start) & (opens < end)).sum())


def _by(date: dt.date | None, latest: dt.date) -> dt.date | None:
    return None if date is None or date > latest else date


def _midnight(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), dt.UTC)


def _text(date: dt.date | None) -> str | None:
    return None if date is None else date.isoformat()


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)
