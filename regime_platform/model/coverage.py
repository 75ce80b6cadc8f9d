"""Which windows of a series were requested from its source and answered, so that no window is
requested twice.

Stored bars alone do not show whether a gap was never requested or is empty at the source, so every
answered window is recorded with the number of bars it has. The raw log takes precedence over this
record: windows whose bars are missing there are dropped and requested again.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl
from pydantic import ConfigDict, Field

from regime_platform.model.document import Array, Date, Document, Instant, is_absent
from regime_platform.model.doubts import Doubt
from regime_platform.model.instants import MOST_AHEAD, is_ahead

#: ``read_at`` of a window that was answered once and must be requested again before it counts.
UNREAD = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: ``read_at`` of a window of unknown origin: requested again when its turn comes.
UNKNOWN = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
#: The least time between two answers that lack a bar, for it to be withdrawn.
CONFIRMED_AFTER = dt.timedelta(hours=1)
#: Bars at which a window stops growing by daily updates, about one page of answers.
_FULL_WINDOW = 4000


class Window(NamedTuple):
    """Opens in [start, end) were answered with ``rows`` finished bars; an array in JSON."""

    start: Instant
    end: Instant
    rows: int
    read_at: Instant  # when all of it was last requested; UNREAD to request it again


class Absence(NamedTuple):
    """An answer at ``seen`` lacked all bars that open in [first, last] and were stored before."""

    first: Instant
    last: Instant
    seen: Instant

    def is_due(self, now: dt.datetime) -> bool:
        """True where another answer would confirm it."""
        return now - self.seen >= CONFIRMED_AFTER

    def meets(self, start: dt.datetime, end: dt.datetime) -> bool:
        """True where a bar of it can open in [start, end)."""
        return self.first < end and self.last >= start


class Refusal(Document):
    """Why the source has nothing for the series, and from which date to ask again."""

    status: str  # not_offered, not_entitled, unknown_symbol
    reason: str
    ask_again: Date
    #: The instrument that was asked for; empty where a former release did not record it.
    asked_for: str = Field(default="", exclude_if=lambda instrument: not instrument)


class Coverage(Document):
    """The request record of one series; empty where nothing was requested yet."""

    model_config = ConfigDict(extra="ignore")

    windows: Array[Window] = ()  # disjoint, oldest first
    settled: Instant | None = None  # opens before it had their second look
    earliest: Date | None = None  # the source's first bar
    earliest_asked: Date | None = None
    since: Date | None = None  # no older bars are wanted
    refusal: Refusal | None = None
    log: str = ""  # digest of the raw log's file names when this was written
    absent: Array[Absence] = Field(default=(), exclude_if=is_absent)  # stored and not served
    doubt: Doubt | None = Field(default=None, exclude_if=is_absent)  # to be requested again

    @classmethod
    def parsed(cls, document: Mapping[str, object]) -> "Coverage":
        """The record that a JSON object holds; ValueError where a field is missing or misread."""
        missing = cls.model_fields.keys() - document.keys() - {"absent", "doubt"}
        if missing:
            raise ValueError(f"{', '.join(sorted(missing))} missing")
        return cls.model_validate(document)

    @property
    def floor(self) -> dt.datetime | None:
        """Where the wanted history begins; None while the source's first bar is unknown."""
        if self.earliest is None:
            return None
        date = max(self.earliest, self.since or self.earliest)
        return dt.datetime.combine(date, dt.time(), dt.UTC)

    @property
    def end(self) -> dt.datetime | None:
        """Opens from here on were never requested."""
        return self.windows[-1].end if self.windows else None

    @property
    def is_complete(self) -> bool:
        """True where the wanted history was answered without a gap."""
        floor, end = self.floor, self.end
        return floor is not None and end is not None and not self.missing(floor, end)

    def missing(
        self, start: dt.datetime, end: dt.datetime
    ) -> list[tuple[dt.datetime, dt.datetime]]:
        """The parts of [start, end) that no window covers, oldest first."""
        gaps = []
        for window in self.windows:
            if start < window.start and start < end:
                gaps.append((start, min(window.start, end)))
            start = max(start, window.end)
        return [*gaps, (start, end)] if start < end else gaps

    def answered(
        self, start: dt.datetime, end: dt.datetime, opens: pl.Series, at: dt.datetime
    ) -> "Coverage":
        """After [start, end) was answered at ``at`` with finished bars at ``opens``.

        Windows wholly inside are renewed; for the rest only the gaps between windows are added.
        """
        renewed = [
            window._replace(rows=_count(opens, window.start, window.end), read_at=at)
            if start <= window.start and window.end <= end
            else window
            for window in self.windows
        ]
        added = [Window(*gap, _count(opens, *gap), at) for gap in self.missing(start, end)]
        return self.model_copy(update={"windows": _joined(sorted(renewed + added))})

    def verified(self, opens: pl.Series) -> "Coverage":
        """Without the windows whose bars are not all among ``opens`` any more."""
        kept = tuple(
            window
            for window in self.windows
            if _count(opens, window.start, window.end) >= window.rows
        )
        if kept == self.windows:
            return self
        return self.model_copy(update={"windows": kept, "settled": self.settled if kept else None})

    def known_at(self, now: dt.datetime, bound: dt.datetime) -> "Coverage":
        """Without what was recorded by a clock ahead of ``now``, so that it is requested again.

        Bars that open from ``bound`` on are unfinished at ``now``; it may be later than ``now`` for
        the dates of some markets. Where a window is dropped, the newest of the others may lack
        their second look, so ``settled`` is at most their end.
        """
        kept = tuple(
            window
            for window in self.windows
            if not is_ahead(window.read_at, now) and window.end <= bound
        )
        latest = (now + MOST_AHEAD).date()
        settled = self.settled
        if settled is not None and (kept != self.windows or settled > bound):
            settled = min(settled, kept[-1].end) if kept else None
        earliest, asked = (
            date if date is not None and date <= latest else None
            for date in (self.earliest, self.earliest_asked)
        )
        return self.model_copy(
            update={
                "windows": kept,
                "settled": settled,
                "earliest": earliest,
                "earliest_asked": asked,
                "absent": tuple(each for each in self.absent if not is_ahead(each.seen, now)),
                "doubt": None if self.doubt is None else self.doubt.known_at(now),
            }
        )

    def adopted(self, first: dt.datetime, last: dt.datetime, opens: pl.Series) -> "Coverage":
        """With bars of unknown origin as the only window; their second look is still due."""
        end = last + dt.timedelta(microseconds=1)
        window = Window(first, end, _count(opens, first, end), UNKNOWN)
        return self.model_copy(update={"windows": (window,), "settled": last})

    def looked_again(self, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> "Coverage":
        """Without the due absences in [start, end), which an answer at ``now`` has settled."""
        tick = dt.timedelta(microseconds=1)
        left: list[Absence] = []
        for each in self.absent:
            if not (each.is_due(now) and each.meets(start, end)):
                left.append(each)
                continue
            left += [each._replace(last=start - tick)] * (each.first < start)
            left += [each._replace(first=end)] * (each.last >= end)
        return self.model_copy(update={"absent": tuple(left)})

    def asked_again(self, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> "Coverage":
        """After an answer at ``now`` for [start, end), which may have all bars in doubt."""
        doubt = self.doubt
        if doubt is None or not (start <= doubt.first and doubt.last < end):
            return self
        return self.model_copy(update={"doubt": doubt.answered(now)})

    def settled_until(self, bound: dt.datetime) -> "Coverage":
        """After the second look at everything before ``bound``."""
        return self.model_copy(update={"settled": bound})

    def unread(self) -> "Coverage":
        """With every window to be requested again."""
        windows = tuple(window._replace(read_at=UNREAD) for window in self.windows)
        return self.model_copy(update={"windows": windows})

    def without(self, window: Window) -> "Coverage":
        """As if ``window`` had never been requested."""
        kept = tuple(other for other in self.windows if other != window)
        return self.model_copy(update={"windows": kept})


def _joined(windows: Sequence[Window]) -> tuple[Window, ...]:
    """The windows, with small neighbours as written by daily updates merged into one."""
    joined: list[Window] = []
    for window in windows:
        last = joined[-1] if joined else None
        if last is None or not _is_mergeable(last, window):
            joined.append(window)
        else:
            rows, read_at = last.rows + window.rows, min(last.read_at, window.read_at)
            joined[-1] = Window(last.start, window.end, rows, read_at)
    return tuple(joined)


def _is_mergeable(last: Window, following: Window) -> bool:
    is_read = UNREAD not in (last.read_at, following.read_at)
    return last.end == following.start and last.rows + following.rows < _FULL_WINDOW and is_read


def _count(opens: pl.Series, start: dt.datetime, end: dt.datetime) -> int:
    return int(((opens >= start) & (opens < end)).sum())
