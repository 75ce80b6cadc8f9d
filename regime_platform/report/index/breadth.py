"""Breadth: the share of symbols in each regime, and in each escalation bucket, over time."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.report.palette import state_words

#: The units of a plot, which its page stretches to the size it has.
WIDE, HIGH = 1000, 200
_MOST_TICKS = 8
_HOLIDAYS = dt.timedelta(days=5)  # without bars are no gap
_SHORT = 550  # a plot of fewer days has a tick at quarters


@dataclass(frozen=True)
class Breadth:
    """Shares over time, each date adding up to one."""

    title: str
    dates: Sequence[dt.date]  # ascending
    counts: Sequence[int]  # symbols that have a value, by date
    shares: Mapping[str, Sequence[float]]  # by value, in the order they are stacked from below

    @property
    def latest(self) -> Sequence[tuple[str, float]]:
        """The shares of the last date, in the order of the legend: from above."""
        return [(value, series[-1]) for value, series in reversed(list(self.shares.items()))]

    @property
    def areas(self) -> Sequence[tuple[str, str]]:
        """The path of the area of each value that occurs, in the units of the plot.

        A date reaches to the next one; one before a gap as far as usual.
        """
        below, areas = [0.0] * len(self.dates), []
        for value, series in self.shares.items():
            above = [low + share for low, share in zip(below, series, strict=True)]
            if any(series):
                areas.append((value, "".join(self._stretches(below, above))))
            below = above
        return areas

    @property
    def ticks(self) -> Sequence[tuple[str, float]]:
        """The dates on the axis: their texts, and where they are in per cent of its width."""
        first, last = self.dates[0], self.dates[-1]
        is_short = (last - first).days < _SHORT
        months = (1, 4, 7, 10) if is_short else (1,)
        starts = [
            date
            for year in range(first.year, last.year + 1)
            for month in months
            if first < (date := dt.date(year, month, 1)) <= last
        ]
        form = "%Y-%m" if is_short else "%Y"
        return [
            (f"{date:{form}}", round(self._x(date) / WIDE * 100, 2))
            for date in starts[:: -(-len(starts) // _MOST_TICKS) or 1]
        ]

    @property
    def document(self) -> Mapping[str, object]:
        """What the script of the page shows of a date: shares in per cent, rounded."""
        return {
            "dates": [date.isoformat() for date in self.dates],
            "counts": list(self.counts),
            "shares": {
                state_words(value): [round(share * 100, 1) for share in series]
                for value, series in reversed(list(self.shares.items()))
            },
        }

    @property
    def step_days(self) -> int:
        """How many days the last date reaches to the right."""
        return self._step.days

    @property
    def _end(self) -> dt.date:
        return self.dates[-1] + self._step

    @property
    def _step(self) -> dt.timedelta:
        """The usual time from a date to the next."""
        pairs = zip(self.dates, self.dates[1:], strict=False)
        lengths = sorted(after - before for before, after in pairs) or [dt.timedelta(days=1)]
        return lengths[len(lengths) // 2]

    def _x(self, date: dt.date) -> float:
        first = self.dates[0]
        return round((date - first).days / (self._end - first).days * WIDE, 1)

    def _stretches(self, below: Sequence[float], above: Sequence[float]) -> Iterator[str]:
        """A closed part of a path for each stretch of dates without a gap."""
        step, start = self._step, 0
        for place, date in enumerate(self.dates):
            following = self.dates[place + 1] if place + 1 < len(self.dates) else dt.date.max
            if following - date > 1.5 * step + _HOLIDAYS:
                dates = [*self.dates[start : place + 1], date + step]
                edge = _edge(dates, above[start : place + 1], self._x)
                back = _edge(dates, below[start : place + 1], self._x)
                yield f"M{_path(edge)}L{_path([*reversed(back)])}Z"
                start = place + 1


def _edge(
    dates: Sequence[dt.date], shares: Sequence[float], x: Callable[[dt.date], float]
) -> list[tuple[float, float]]:
    """The corners of a line that is level from each date to the next."""
    corners: list[tuple[float, float]] = []
    for date, following, share in zip(dates, dates[1:], shares, strict=False):
        y = round((1 - share) * HIGH, 1)
        if corners and corners[-1][1] == y:
            corners[-1] = (x(following), y)
        else:
            corners += [(x(date), y), (x(following), y)]
    return corners


def _path(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in corners)


def breadth(title: str, rows: pl.DataFrame, order: Sequence[str]) -> Breadth | None:
    """The shares in rows of ``day``, ``value`` and ``symbols`` (a count).

    Values that are not in ``order``, which is from below, are left out. None without rows.
    """
    known = rows.filter(pl.col("value").is_in(list(order)))
    if known.is_empty():
        return None
    table = known.pivot("value", index="day", values="symbols").sort("day").fill_null(0)
    counts = table.drop("day").sum_horizontal()
    shares = {
        value: (table[value] / counts).to_list() if value in table.columns else [0.0] * len(counts)
        for value in order
    }
    return Breadth(title, table["day"].to_list(), counts.to_list(), shares)
