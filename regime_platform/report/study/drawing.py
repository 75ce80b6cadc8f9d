"""What the pictures of studies share: a text alternative, widths, and rows above one axis."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
from markupsafe import Markup

from regime_platform.report import assets
from regime_platform.report.html import render
from regime_platform.report.picture.axes import Labels, ValueAxis, Values, linear_axis
from regime_platform.report.picture.shapes import Shape, Text, width_of

#: The asset with the styles of these pictures.
STYLES = "study-picture.css"
#: Widths in pixels: of a screen, and of a phone. A page has both, since letters do not shrink.
WIDE, NARROW = 760, 350
FONT = 12.0
_TOP, _ROW = 8.0, 26.0
_CAPITALS = 1.15  # how much wider than usual letters they are
_ASIDE = 0.38  # of the width, for labels beside their rows
_TICK = 74  # pixels for a label of a horizontal axis

Shown = Callable[[float], str]


@dataclass(frozen=True)
class Drawing:
    """A picture, and what it shows in words."""

    title: str
    description: str
    width: int
    height: float
    shapes: Sequence[Shape]
    texts: Sequence[Text]


@dataclass(frozen=True)
class Legend:
    """A sign and its meaning."""

    sign: Shape  # around the origin, within 5 pixels of it
    words: str


def svg(drawing: Drawing, *, stands_alone: bool = False) -> Markup:
    """The picture; one that stands alone has its colours with it, for light and dark grounds."""
    style = render("study/colours.css") + assets.text(STYLES) if stands_alone else ""
    text = render("study/picture.svg", drawing=drawing, style=Markup(style))  # noqa: S704 - ours
    return Markup(text)  # noqa: S704 - made by a template


@dataclass(frozen=True)
class Rows:
    """Labelled rows above one horizontal axis."""

    axis: ValueAxis  # from the left to the right
    middles: Sequence[float]  # of the rows, pixels from the top
    height: float  # down to the labels of the axis
    shapes: Sequence[Shape]  # the grid
    texts: Sequence[Text]


def labelled_rows(labels: Sequence[str], values: Iterable[float], shown: Shown, width: int) -> Rows:
    """Room for rows with these labels, and an axis that has all finite ``values`` and 0.

    Labels stand beside their rows where these keep most of the width, else above them.
    """
    longest = max((width_of(label, FONT) for label in labels), default=0.0) * _CAPITALS
    if is_beside := longest < width * _ASIDE:
        left, wrapped = longest + 12, [[label] for label in labels]
    else:
        left = 6.0
        letters = int((width - left) / width_of("x", FONT))
        wrapped = [wrap(label, letters) or [""] for label in labels]
    right, y, middles, texts = width - 14.0, _TOP, list[float](), list[Text]()
    for lines in wrapped:
        if is_beside:
            texts.append(Text("end", left - 10, y + _ROW / 2 + FONT / 3, lines[0]))
        else:
            for text in lines:
                y += FONT + 4
                texts.append(Text("", left, y, text))
        middles.append(y + _ROW / 2)
        y += _ROW
    known = [0.0, *(value for value in values if np.isfinite(value))]
    # a vertical axis lying on its side: its foot is on the left
    most = max(4, int((right - left) / _TICK))
    axis = linear_axis(min(known), max(known), right, left, most)
    shapes, ticks = _grid(axis, y, shown, width)
    return Rows(axis, middles, y + FONT + 10, shapes, (*texts, *ticks))


def _grid(
    axis: ValueAxis, foot: float, shown: Shown, width: int
) -> tuple[Sequence[Shape], Sequence[Text]]:
    places = axis.place(np.array(axis.ticks)).tolist()
    zero = float(axis.place(np.array([0.0]))[0])
    lines = "".join(f"M{place:.1f},{_TOP:.5g}V{foot:.5g}" for place in places)
    ticks = [
        Text("middle small", _within(place, shown(tick), width), foot + FONT + 3, shown(tick))
        for place, tick in zip(places, axis.ticks, strict=True)
    ]
    return (Shape("grid", lines), Shape("zero", f"M{zero:.1f},{_TOP:.5g}V{foot:.5g}")), ticks


def _within(place: float, text: str, width: int) -> float:
    """The middle of a text near ``place`` that does not leave the picture."""
    half = width_of(text, FONT * 0.87) / 2
    return min(max(place, half), width - half)


def tick_names(style: str, ticks: Labels, places: Values, y: float, width: int) -> Iterator[Text]:
    """The names at bars that leave neither the picture nor touch the next one, which counts."""
    end = float(width)
    for at, name in reversed(ticks):
        size = width_of(name, FONT)
        left = min(float(places[at]), width - size)
        if left + size <= end:
            end = left - 4
            yield Text(style, left, y, name)


def legend(
    entries: Iterable[Legend], left: float, top: float, width: int
) -> tuple[list[Shape], list[Text], float]:
    """Signs and words in as many lines as they need, and where these end."""
    shapes, texts = list[Shape](), list[Text]()
    x, y = left, top + FONT
    for entry in entries:
        length = 16 + width_of(entry.words, FONT) + 14
        if x > left and x + length - 10 > width:
            x, y = left, y + FONT + 6
        shapes.append(entry.sign._replace(x=x + 6, y=round(y - FONT / 3, 1)))
        texts.append(Text("", x + 16, y, entry.words))
        x = round(x + length, 1)
    return shapes, texts, y + 8


def in_words(parts: Iterable[str]) -> str:
    """Sentences of a description."""
    return " ".join(f"{part}." for part in parts)
