"""The picture of effects with their intervals, each beside what shuffled signals gave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from regime_platform.report.picture.shapes import Shape
from regime_platform.report.study.drawing import (
    Drawing,
    Legend,
    Shown,
    in_words,
    labelled_rows,
    legend,
)

_DOT = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"
_DIAMOND = "M0-5L5 0L0 5L-5 0z"
_TICK = "M0-6V6"
_SIGNIFICANT, _OTHER, _UNTESTED = "fill point", "ring point", "median"
#: No dot where nothing was tested: a full one would look significant.
_SIGNS = {_SIGNIFICANT: _DOT, _OTHER: _DOT, _UNTESTED: _TICK}


@dataclass(frozen=True)
class Interval:
    """An effect; NaN stands for what is not known."""

    label: str
    effect: float
    low: float
    high: float
    placebo: float  # mean over shuffled signals
    is_significant: bool | None  # None: not tested

    @property
    def style(self) -> str:
        """That of its point."""
        return {True: _SIGNIFICANT, False: _OTHER, None: _UNTESTED}[self.is_significant]


def intervals(title: str, rows: Sequence[Interval], shown: Shown, width: int) -> Drawing:
    """A line per effect; whatever is significant looks no weightier than the rest."""
    values = (value for row in rows for value in (row.effect, row.low, row.high, row.placebo))
    plot = labelled_rows([row.label for row in rows], values, shown, width)
    shapes = list(plot.shapes)
    for row, middle in zip(rows, plot.middles, strict=True):
        ends = plot.axis.place(np.array([row.low, row.high, row.effect, row.placebo])).tolist()
        shapes += _marks(row, middle, *ends)
    signs, words, foot = legend(_legend(rows), 4, plot.height + 6, width)
    return Drawing(
        title,
        in_words(_sentence(row, shown) for row in rows),
        width,
        foot,
        (*shapes, *signs),
        (*plot.texts, *words),
    )


def _marks(  # noqa: PLR0913, PLR0917 - a row and its places
    row: Interval, y: float, low: float, high: float, effect: float, placebo: float
) -> Iterator[Shape]:
    if np.isfinite(low) and np.isfinite(high):
        ends = f"M{low:.1f},{y - 4:.5g}v8M{high:.1f},{y - 4:.5g}v8"
        yield Shape("whisker", f"M{low:.1f},{y:.5g}H{high:.1f}{ends}")
    if np.isfinite(placebo):
        yield Shape("placebo", _DIAMOND, x=round(placebo, 1), y=y)
    if np.isfinite(effect):
        yield Shape(row.style, _SIGNS[row.style], x=round(effect, 1), y=y)


def _legend(rows: Sequence[Interval]) -> Iterator[Legend]:
    """What occurs."""
    names = {
        _SIGNIFICANT: "effect, significant",
        _OTHER: "effect, not significant",
        _UNTESTED: "effect",
    }
    shown = {row.style for row in rows if np.isfinite(row.effect)}
    yield from (
        Legend(Shape(style, _SIGNS[style]), names[style]) for style in names if style in shown
    )
    if any(np.isfinite([row.low, row.high]).all() for row in rows):
        yield Legend(Shape("whisker", "M-5 0H5M-5-3V3M5-3V3"), "interval")
    if any(np.isfinite(row.placebo) for row in rows):
        yield Legend(Shape("placebo", _DIAMOND), "mean of shuffled signals")


def _sentence(row: Interval, shown: Shown) -> str:
    if not np.isfinite(row.effect):
        return row.label
    text = f"{row.label}: {shown(row.effect)}"
    if np.isfinite(row.low) and np.isfinite(row.high):
        text += f", interval {shown(row.low)} to {shown(row.high)}"
    if np.isfinite(row.placebo):
        text += f", shuffled {shown(row.placebo)}"
    tested = {True: ", significant", False: ", not significant", None: ""}
    return f"{text}{tested[row.is_significant]}"
