"""Sizes of pictures, and where the bars of a series lie in one."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.report.picture.axes import Tick
from regime_platform.report.picture.marks import bars_per_mark, thinned
from regime_platform.report.picture.shapes import Shape, Text

_THINNED = ("ts", "open", "high", "low", "close", "volume", "regime_label")
_RANKED = ("esc_pctl", "esc_bucket", "drawdown")

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Size:
    """Lengths in pixels."""

    width: int
    price: int  # height of the panel of prices
    escalation: int
    metric: int
    font: float
    mark: float  # width of a mark at least; a mark stands for as many bars as needed
    digits: int  # of coordinates, after the point
    left: int  # margin with the labels of the axes, at least
    right: int  # margin, at least
    time: int  # pixels for a label of the time axis
    labels: int  # pixels for a label of the price axis
    has_details: bool  # key levels and markers; else only where eras begin


#: Of files and notebooks.
LARGE = Size(960, 330, 96, 150, 11.5, 1, 1, 52, 22, 72, 36, has_details=True)
#: Beside the events of Dagster: about 10 kB.
SMALL = Size(480, 132, 44, 70, 9.5, 2, 0, 36, 8, 58, 24, has_details=False)
#: Of documents that show many.
MEDIUM = Size(760, 190, 80, 150, 11.5, 1.5, 1, 46, 12, 72, 34, has_details=False)


@dataclass(frozen=True)
class Plot:
    """The bars of a picture from left to right, at equal distances, so that nights take no room."""

    bars: pl.DataFrame  # not empty
    size: Size
    left: float  # pixels; where the first bar begins
    right: float  # where the last bar ends

    @cached_property
    def marks(self) -> pl.DataFrame:
        """The bars as they are drawn: `marks.thinned`."""
        return thinned(self.bars.select(*_THINNED, *_RANKED), self._most)

    @property
    def share(self) -> int:
        """How many bars a mark stands for."""
        return bars_per_mark(self.bars.height, self._most)

    @property
    def _most(self) -> int:
        return int((self.right - self.left) / self.size.mark)

    @cached_property
    def slot(self) -> float:
        """Pixels from a mark to the next."""
        return (self.right - self.left) / self.marks.height

    @cached_property
    def edges(self) -> Values:
        """The edges of the marks: one more than there are marks."""
        return np.linspace(self.left, self.right, self.marks.height + 1)

    @cached_property
    def centres(self) -> Values:
        """The centre of each mark."""
        return self.edges[:-1] + self.slot / 2

    @cached_property
    def labels(self) -> list[str | None]:
        """The regime of each mark."""
        return self.marks["regime_label"].to_list()

    @cached_property
    def buckets(self) -> list[str | None]:
        """The bucket of each mark."""
        return self.marks["esc_bucket"].to_list()

    def values(self, column: str) -> tuple[Values, Values, Values]:
        """The last, lowest and highest value of each mark; NaN where it has none."""
        values = self.bars[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        marks = np.full(self.marks.height * self.share, np.nan)
        marks[: len(values)] = values
        each = marks.reshape(-1, self.share)
        lasts = values[np.minimum(np.arange(1, len(each) + 1) * self.share, len(values)) - 1]
        return lasts, np.fmin.reduce(each, axis=1), np.fmax.reduce(each, axis=1)

    def places(self, times: Iterable[dt.datetime]) -> list[float]:
        """Where bars that open at these times, or the next ones, begin; within the plot."""
        ticks = [(time - _EPOCH) // _TICK for time in times]
        positions = np.searchsorted(self._opens, np.array(ticks, dtype=np.int64))
        places = np.minimum(self.left + positions / self.share * self.slot, self.right)
        return [float(place) for place in places]

    @cached_property
    def _opens(self) -> npt.NDArray[np.int64]:
        return self.bars["ts"].to_physical().to_numpy()


_EPOCH, _TICK = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Panel:
    """A part of a picture with an axis of its own."""

    top: float
    bottom: float
    name: str  # above its upper left corner
    ticks: tuple[Tick, ...]
    ground: tuple[Shape, ...]  # below the grid
    shapes: tuple[Shape, ...]  # above it
    texts: tuple[Text, ...] = ()
