"""Scales and ticks: where a value or a bar lies in a picture, and which of them are named."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

#: What labelled values begin with, from many to few within a factor of 10.
_SERIES = (
    (
        *(1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9),
        *(2, 2.2, 2.4, 2.6, 2.8, 3, 3.5),
        *(4, 4.5, 5, 5.5, 6, 7, 8, 9),
    ),
    (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 8),
    (1, 1.5, 2, 3, 4, 5, 7),
    (1, 2, 5),
    (1, 3),
    (1,),
)
_STEPS = (1, 2, 2.5, 5)
#: Logarithmic axes that span less than this factor have equal steps between their labels.
_NARROW = 1.6
_FLAT = 1.00001  # prices within this factor are drawn as a line in the middle

Values = npt.NDArray[np.float64]


class Tick(NamedTuple):
    """A named place on an axis, in pixels."""

    place: float
    label: str


@dataclass(frozen=True)
class ValueAxis:
    """A vertical axis, whose labels are at its ends or beyond the values."""

    low: float
    high: float
    top: float  # pixels
    bottom: float
    ticks: tuple[float, ...]
    is_log: bool

    def place(self, values: Values) -> Values:
        """Pixels from the top of the picture."""
        low, high = self.low, self.high
        if self.is_log:
            values, low, high = np.log(values), np.log(low), np.log(high)
        return self.bottom - (values - low) / (high - low) * (self.bottom - self.top)

    def named(self) -> Iterator[Tick]:
        """The labelled places, lowest first."""
        places = self.place(np.array(self.ticks)).tolist()
        for place, value in zip(places, self.ticks, strict=True):
            yield Tick(
                place, number(value) if self.is_log or value == int(value) else f"{value:.2f}"
            )


def price_axis(low: float, high: float, top: float, bottom: float, most: int) -> ValueAxis:
    """A logarithmic axis for prices above 0 with at most ``most`` labels, the last above them."""
    if high < low * _FLAT:
        low, high = low / 1.01, high * 1.01
    low, high = low * (low / high) ** 0.03, high * (high / low) ** 0.02
    choices = (_equal if high / low < _NARROW else _graded)(low, high, most)
    beyond = next(value for value in choices if value >= high)
    ticks = tuple(value for value in choices if low <= value <= beyond)
    return ValueAxis(low, beyond, top, bottom, ticks, is_log=True)


def share_axis(values: Sequence[float], top: float, bottom: float) -> ValueAxis:
    """A linear axis from 0 or -1 to 1, with these values named."""
    low = -1.0 if min(values) < 0 else 0.0
    return ValueAxis(low, 1.0, top, bottom, tuple(values), is_log=False)


def linear_axis(low: float, high: float, top: float, bottom: float, most: int) -> ValueAxis:
    """A linear axis a little wider than its values, with at most ``most`` labels."""
    margin = (high - low) * 0.04 or abs(low) or 1.0
    low, high = low - margin, high + margin
    ticks = tuple(value for value in _equal(low, high, most) if low <= value <= high)
    return ValueAxis(low, high, top, bottom, ticks, is_log=False)


def _graded(low: float, high: float, most: int) -> list[float]:
    """Values such as 1, 2, 5, 10 from below ``low`` to beyond ``high``, or powers of 10, 100 ..."""
    ends = floor(log10(low)) - 1, ceil(log10(high)) + 2
    for series in _SERIES:
        values = [float(f"{lead}e{decade}") for decade in range(*ends) for lead in series]
        if sum(low <= value <= high for value in values) < most:
            return values
    stride = ceil((ends[1] - ends[0]) / most)
    return [10.0**decade for decade in range(ends[0], ends[1] + stride, stride)]


def _equal(low: float, high: float, most: int) -> list[float]:
    decade = floor(log10((high - low) / most)) - 1
    steps = (float(f"{lead}e{power}") for power in range(decade, decade + 4) for lead in _STEPS)
    step = next(step for step in steps if (high - low) / step < most - 1)
    places = range(floor(low / step), ceil(high / step) + 2)
    return [float(f"{step * place:.12g}") for place in places]


def number(value: float) -> str:
    """A price or a share in up to six digits, and as many as it takes before the point."""
    decimals = 5 - floor(log10(abs(value))) if value else 0
    text = f"{value:,.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if decimals > 0 else text


class _Unit(NamedTuple):
    """A unit of time between labels."""

    numpy: str
    step: int
    label: str  # the form of a label
    above: str = ""  # that of the unit that it lies in, which is named beside it
    begins: str = ""


_WEEK = 7
_DAY, _YEAR = ("%-d %b %Y", "D"), ("%Y", "Y")
_UNITS = (
    *(_Unit("h", count, "%H:%M", *_DAY) for count in (1, 3, 6)),
    *(_Unit("D", count, "%-d %b", *_YEAR) for count in (1, _WEEK)),
    *(_Unit("M", count, "%b", *_YEAR) for count in (1, 3)),
    *(_Unit("Y", count, "%Y") for count in (1, 2, 5, 10)),
)
Labels = list[tuple[int, str]]


def time_ticks(opens: Sequence[dt.datetime], most: int) -> tuple[Labels, Labels]:
    """The bars at which a unit of time begins, as (position, label), at most ``most`` of them.

    And those of the years or days that they lie in: that of the first bar, and where one begins.
    """
    ticks = np.array([each.replace(tzinfo=None) for each in opens], dtype="datetime64[us]")
    starts = ((unit, _changes(ticks, unit.numpy, unit.step)) for unit in _UNITS)
    fitting = ((unit, places) for unit, places in starts if len(places) <= most)
    unit, places = next(fitting, (_UNITS[-1], []))
    above = [0, *_changes(ticks, unit.begins, 1)] if unit.begins else []
    if not unit.begins and not places:
        places = [0]
    return (
        [(place, opens[place].strftime(unit.label)) for place in places],
        [(place, opens[place].strftime(unit.above)) for place in above],
    )


def _changes(ticks: npt.NDArray[np.datetime64], unit: str, count: int) -> list[int]:
    units = ticks.astype(f"datetime64[{unit}]").astype(np.int64)
    units += {"Y": 1970, "D": 3}.get(unit, 0)  # 1970-01-01 was a Thursday; weeks begin on Mondays
    places: list[int] = (np.flatnonzero(np.diff(units // count)) + 1).tolist()
    return places
