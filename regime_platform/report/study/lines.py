"""The picture of values over time: growth on a logarithmic axis, and drawdowns below."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from regime_platform.report.picture.axes import (
    ValueAxis,
    linear_axis,
    price_axis,
    time_ticks,
)
from regime_platform.report.picture.shapes import Shape, Text, Values, line
from regime_platform.report.study.drawing import (
    FONT,
    WIDE,
    Drawing,
    Legend,
    in_words,
    legend,
    tick_names,
)

_LEFT, _RIGHT = 46.0, 14.0
_GROWTH, _FALL = 210.0, 84.0  # heights of the panels
_TOP = 20.0
_MOST_STYLES = 4


@dataclass(frozen=True)
class Growth:
    """What 1 became."""

    label: str
    values: Values  # above 0


def growths(
    title: str, opens: Sequence[dt.datetime], lines: Sequence[Growth], width: int
) -> Drawing:
    """The growth of each line and its drawdown, over the same bars."""
    lines = lines[:_MOST_STYLES]
    right = width - _RIGHT
    most = int(right - _LEFT) // 2
    kept = _kept(len(opens), most)
    x = np.linspace(_LEFT, right, len(kept))
    highest = [np.maximum.accumulate(np.maximum(each.values, 1.0)) for each in lines]
    falls = [each.values / top - 1 for each, top in zip(lines, highest, strict=True)]
    bottom = _TOP + _GROWTH
    every = np.concatenate([each.values for each in lines])
    growth = price_axis(float(every.min()), float(every.max()), _TOP, bottom, 6)
    deepest = min(float(fall.min()) for fall in falls)
    top = bottom + 22
    fall = linear_axis(deepest, 0.0, top, top + _FALL, 4)
    shapes = [*_grid(growth, right), *_grid(fall, right)]
    texts = [
        Text("small", _LEFT, _TOP - 5, "growth of 1, log scale"),
        Text("small", _LEFT, top - 5, "drawdown"),
        *_ticks(growth, 1, "{:g}"),
        *_ticks(fall, 100, "{:.0f} %"),
    ]
    for style, (each, drawdown) in enumerate(zip(lines, falls, strict=True)):
        shapes.append(Shape(f"curve line{style}", line(x, growth.place(each.values[kept]), 1)))
        shapes.append(Shape(f"curve line{style}", line(x, fall.place(drawdown[kept]), 1)))
    times, marks = _times([opens[place] for place in kept], x, top + _FALL, width)
    entries = (
        Legend(Shape(f"curve line{style}", "M-6 0H6"), each.label)
        for style, each in enumerate(lines)
    )
    signs, words, foot = legend(entries, _LEFT, top + _FALL + 2 * FONT + 12, width)
    description = in_words(
        f"{each.label}: 1 became {each.values[-1]:.2f}, deepest drawdown "
        f"{100 * drawdown.min():.0f} %"
        for each, drawdown in zip(lines, falls, strict=True)
    )
    return Drawing(
        title, description, width, foot, (*shapes, *marks, *signs), (*texts, *times, *words)
    )


def _kept(bars: int, most: int) -> list[int]:
    """The places that are drawn, the last among them."""
    step = max(1, -(-bars // most))
    return sorted({*range(bars - 1, -1, -step)})


def _grid(axis: ValueAxis, right: float) -> Iterator[Shape]:
    places = axis.place(np.array(axis.ticks)).tolist()
    yield Shape("grid", "".join(f"M{_LEFT:.5g},{place:.1f}H{right:.5g}" for place in places))


def _ticks(axis: ValueAxis, factor: int, form: str) -> Iterator[Text]:
    places = axis.place(np.array(axis.ticks)).tolist()
    for place, tick in zip(places, axis.ticks, strict=True):
        yield Text("end small", _LEFT - 6, place + FONT / 3, form.format(factor * tick))


def _times(
    opens: Sequence[dt.datetime], x: Values, bottom: float, width: int
) -> tuple[list[Text], list[Shape]]:
    most = max(2, int((width - _LEFT) / (64 if width >= WIDE else 52)))
    places, above = time_ticks(opens, most)
    texts = [Text("middle small", float(x[at]), bottom + FONT + 3, name) for at, name in places]
    texts += tick_names("small strong", above, x, bottom + 2 * FONT + 5, width)
    return texts, [Shape("grid", "".join(f"M{x[at]:.1f},{bottom:.5g}v5" for at, _name in places))]
