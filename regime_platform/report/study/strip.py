"""The picture of a fall: the price over the buckets shown, and the regimes below."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from regime_platform.report.palette import readable
from regime_platform.report.picture.axes import price_axis, time_ticks
from regime_platform.report.picture.shapes import Shape, Text, Values, box, line, width_of
from regime_platform.report.study.drawing import FONT, Drawing, Legend, legend, tick_names

_LEFT, _RIGHT = 52.0, 14.0
_TOP, _PRICE, _STRIP = 47.0, 120.0, 10.0
_LINES = (7, 20, 33)  # above the price: of the names of what is marked
_TICK = 62  # pixels for a label of the axis of time
_SQUARE = "M-5-5H5V5H-5z"


@dataclass(frozen=True)
class Moment:
    """What is marked: a bar and its name."""

    place: int
    name: str


@dataclass(frozen=True)
class Fall:
    """The bars around a fall, and what is marked among them."""

    name: str
    opens: Sequence[dt.datetime]
    close: Values
    buckets: Sequence[str]
    regimes: Sequence[str]  # "" where there is none
    moments: Sequence[Moment]  # oldest first


def strip(fall: Fall, width: int) -> Drawing:
    """The price as a line, each bar on the colour of its bucket: MED and HIGH; below it regimes."""
    right, bottom = width - _RIGHT, _TOP + _PRICE
    axis = price_axis(float(fall.close.min()), float(fall.close.max()), _TOP, bottom, 4)
    edges = np.linspace(_LEFT, right, len(fall.close) + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    places = axis.place(np.array(axis.ticks)).tolist()
    times, above = time_ticks(fall.opens, max(2, int((right - _LEFT) / _TICK)))
    shapes = [
        *_boxes(fall.buckets, ("MED", "HIGH"), edges, _TOP, bottom, "wash"),
        *_boxes(fall.regimes, (*dict.fromkeys(fall.regimes),), edges, bottom, bottom + _STRIP, ""),
        Shape("grid", "".join(f"M{_LEFT:.5g},{place:.1f}H{right:.5g}" for place in places)),
        Shape("curve line0", line(centres, axis.place(fall.close), 1)),
    ]
    foot = bottom + _STRIP
    texts = [
        *(Text("end small", _LEFT - 6, tick.place + FONT / 3, tick.label) for tick in axis.named()),
        *tick_names("small", times, edges, foot + FONT + 2, width),
        *tick_names("small strong", above, edges, foot + 2 * FONT + 4, width),
    ]
    marks, names = _moments(fall.moments, centres, width, bottom)
    signs, words, height = legend(_legend(fall), _LEFT, foot + 2 * FONT + 10, width)
    return Drawing(
        fall.name,
        _description(fall),
        width,
        height,
        (*shapes, *marks, *signs),
        (*texts, *names, *words),
    )


def _boxes(  # noqa: PLR0913, PLR0917 - runs and where they are
    codes: Sequence[str],
    drawn: Sequence[str],
    edges: Values,
    top: float,
    bottom: float,
    style: str,
) -> Iterator[Shape]:
    """A box for each run of the codes that are drawn."""
    place = 0
    paths = dict.fromkeys(filter(None, drawn), "")
    for code, run in groupby(codes):
        after = place + len(list(run))
        if code in paths:
            paths[code] += box(float(edges[place]), top, float(edges[after]), bottom)
        place = after
    for code, path in paths.items():
        yield Shape(f"fill {code} {style}".rstrip(), path)


def _moments(
    moments: Sequence[Moment], centres: Values, width: int, bottom: float
) -> tuple[list[Shape], list[Text]]:
    """Lines with their names above, each in the lowest line where it touches no other."""
    shapes, texts, taken = list[Shape](), list[Text](), [0.0] * len(_LINES)
    for moment in moments:
        x = float(centres[moment.place])
        half = width_of(moment.name, FONT) / 2 + 2
        middle = min(max(x, half), width - half)
        row = next(
            at for at, end in enumerate(taken) if middle - half >= end or at == len(taken) - 1
        )
        taken[row] = middle + half
        shapes.append(Shape("mark", f"M{x:.1f},{_TOP - 4:.5g}V{bottom:.5g}"))
        texts.append(Text("middle", middle, _TOP - _LINES[row], moment.name))
    return shapes, texts


def _legend(fall: Fall) -> Iterator[Legend]:
    yield Legend(Shape("curve line0", "M-6 0H6"), "close")
    for code in ("MED", "HIGH"):
        if code in fall.buckets:
            yield Legend(Shape(f"fill {code} wash", _SQUARE), code)
    for code in dict.fromkeys(fall.regimes):
        if code:
            yield Legend(Shape(f"fill {code}", _SQUARE), readable(code))


def _description(fall: Fall) -> str:
    named = ", ".join(
        f"{moment.name} {fall.opens[moment.place]:%Y-%m-%d} at {fall.close[moment.place]:,.2f}"
        for moment in fall.moments
    )
    shares = ", ".join(
        f"{code} on {100 * fall.buckets.count(code) / len(fall.buckets):.0f} % of bars"
        for code in ("HIGH", "MED")
    )
    return f"{named}; {shares}."
