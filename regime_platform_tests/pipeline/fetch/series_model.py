"""A model of one series in memory: what is in force after any answers, as of any moment."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

HOUR = dt.timedelta(hours=1)
Bars = Mapping[dt.datetime, float]


@dataclass(frozen=True)
class Row:
    """A bar that was stored, or (without a close) one that was taken back."""

    at: dt.datetime
    source: str
    reading: str
    ts: dt.datetime
    close: float | None


@dataclass
class SeriesModel:
    """The log of a series, and what was in force after it."""

    rows: list[Row] = field(default_factory=list)
    withdrawn: dict[int, tuple[dt.datetime, dt.datetime, dt.datetime]] = field(default_factory=dict)
    undone: dict[int, dt.datetime] = field(default_factory=dict)  # number -> when
    lost: set[dt.datetime] = field(default_factory=set)
    absent: dict[dt.datetime, dt.datetime] = field(default_factory=dict)  # open -> first lacking

    def in_force(self, at: dt.datetime) -> dict[dt.datetime, Row]:
        """The bars in force at a moment, by open."""
        rows = [row for row in self.rows if row.at <= at]
        current: dict[dt.datetime, dict[str, Row]] = {}
        for row in rows:
            replaced = any(
                other.source == row.source and other.reading != row.reading
                for other in rows[rows.index(row) :]
            )
            if replaced or (row.close is not None and self._is_withdrawn(row, at)):
                continue
            sources = current.setdefault(row.ts, {})
            sources.pop(row.source, None)
            if row.close is not None:
                sources[row.source] = row
        return {ts: list(sources.values())[-1] for ts, sources in current.items() if sources}

    def bars(self, at: dt.datetime) -> dict[dt.datetime, float | None]:
        """Their closes."""
        return {ts: row.close for ts, row in sorted(self.in_force(at).items())}

    def whole(self, now: dt.datetime, served: Bars, reading: str, *, is_rolling: bool) -> None:
        """After the file source served all that it has."""
        before = self.in_force(now)
        own = {ts for ts, row in before.items() if row.source == "files"}
        readings = [row.reading for row in self.rows if row.source == "files"]
        if served and readings and readings[-1] != reading:
            others = [row for row in self.rows if row.source != "files"]
            kept = SeriesModel(others, self.withdrawn, self.undone).in_force(now)
            new = {ts: close for ts, close in served.items() if _close(kept, ts) != close}
            # the reading is recorded by a bar that is stored again, where nothing else is new
            self._store(now, "files", reading, new or {min(served): served[min(served)]})
            self.lost.clear()
            return
        new = {ts: close for ts, close in served.items() if _close(before, ts) != close}
        self._store(now, "files", reading, new)
        first, last = (min(served), max(served)) if served else (None, None)
        for ts in own - served.keys():
            if first is not None and last is not None and first < ts < last:
                self._store(now, "files", reading, {ts: None})
            elif is_rolling and first is not None and ts < first:
                self.lost.discard(ts)
            else:
                self.lost.add(ts)
        self.lost -= served.keys()

    def answer(
        self, now: dt.datetime, window: tuple[dt.datetime, dt.datetime], served: Bars
    ) -> None:
        """After a vendor answered the request for a window."""
        before = self.in_force(now)
        new = {ts: close for ts, close in served.items() if _close(before, ts) != close}
        self._store(now, "twelvedata", "", new)
        due = {ts for ts, seen in self.absent.items() if now - seen >= HOUR}
        for ts, row in before.items():
            if row.source != "twelvedata" or ts in served or not served:
                continue
            if not min(served) < ts < max(served):
                continue
            seen = self.absent.get(ts)
            if seen is None or row.at >= seen:
                self.absent[ts] = now
            elif ts in due:
                self._store(now, "twelvedata", "", {ts: None})
        for ts in list(self.absent):
            is_settled = ts in due and window[0] <= ts < window[1] and self.absent[ts] != now
            if is_settled or ts in served:
                del self.absent[ts]

    def withdraw(
        self, number: int, now: dt.datetime, first: dt.datetime, last: dt.datetime
    ) -> None:
        """After an operator withdrew a range."""
        self.withdrawn[number] = (now, first, last)

    def _is_withdrawn(self, row: Row, at: dt.datetime) -> bool:
        return any(
            made <= at
            and not (number in self.undone and self.undone[number] <= at)
            and first <= row.ts <= last
            and row.at <= made
            for number, (made, first, last) in self.withdrawn.items()
        )

    def _store(
        self, now: dt.datetime, source: str, reading: str, bars: Mapping[dt.datetime, float | None]
    ) -> None:
        self.rows += [Row(now, source, reading, ts, close) for ts, close in bars.items()]


def _close(rows: Mapping[dt.datetime, Row], ts: dt.datetime) -> float | None:
    return rows[ts].close if ts in rows else None
