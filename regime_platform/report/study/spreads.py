"""The picture of distributions side by side: a box per group from its quantiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from regime_platform.report.picture.shapes import Shape, box
from regime_platform.report.study.drawing import (
    Drawing,
    Legend,
    Shown,
    in_words,
    labelled_rows,
    legend,
)

_DIAMOND = "M0-4L4 0L0 4L-4 0z"
_LEGEND = (
    Legend(Shape("whisker", "M-5 0H5"), "5 % to 95 %"),
    Legend(Shape("fill NA framed", "M-5-5H5V5H-5z"), "25 % to 75 %"),
    Legend(Shape("median", "M0-6V6"), "median"),
    Legend(Shape("mean", _DIAMOND), "mean"),
)


@dataclass(frozen=True)
class Spread:
    """The distribution of a group; NaN stands for what is not known."""

    label: str
    code: str  # a regime or bucket, whose colour the box has
    quantiles: tuple[float, float, float, float, float]  # 5, 25, 50, 75, 95 %
    mean: float


def spreads(title: str, rows: Sequence[Spread], shown: Shown, width: int) -> Drawing:
    """A box per group, in the order of the rows."""
    values = (value for row in rows for value in (*row.quantiles, row.mean))
    plot = labelled_rows([row.label for row in rows], values, shown, width)
    shapes = list(plot.shapes)
    for row, middle in zip(rows, plot.middles, strict=True):
        places = plot.axis.place(np.array([*row.quantiles, row.mean])).tolist()
        if np.isfinite(places).all():
            shapes += _marks(row.code, middle, places)
    signs, words, foot = legend(_LEGEND, 4, plot.height + 6, width)
    description = in_words(_sentence(row, shown) for row in rows)
    return Drawing(title, description, width, foot, (*shapes, *signs), (*plot.texts, *words))


def _marks(code: str, y: float, places: Sequence[float]) -> Iterator[Shape]:
    lowest, low, median, high, highest, mean = places
    yield Shape("whisker", f"M{lowest:.1f},{y:.5g}H{highest:.1f}")
    yield Shape(f"fill {code} framed", box(low, y - 7, high, y + 7))
    yield Shape("median", f"M{median:.1f},{y - 9:.5g}v18")
    yield Shape("mean", _DIAMOND, x=round(mean, 1), y=y)


def _sentence(row: Spread, shown: Shown) -> str:
    if not np.isfinite(row.quantiles).all():
        return f"{row.label}: too few windows"
    low, *_, high = row.quantiles
    median, mean = shown(row.quantiles[2]), shown(row.mean)
    return f"{row.label}: median {median}, mean {mean}, 5 to 95 % {shown(low)} to {shown(high)}"
