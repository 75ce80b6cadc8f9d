"""What a picture consists of: styled paths and texts, as the template writes them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

#: Width of a letter as a share of the size of the font: of DejaVu, the widest usual one.
_LETTER = 0.6


class Shape(NamedTuple):
    """A path; its styles are classes of the template."""

    styles: str
    path: str
    title: str = ""  # shown where a pointer rests on it
    x: float = 0.0  # where the origin of the path is
    y: float = 0.0
    width: float = 0.0  # of its stroke; 0 leaves it to its styles


class Text(NamedTuple):
    """A line of text; its styles say how it is aligned."""

    styles: str
    x: float
    y: float
    text: str


def width_of(text: str, size: float) -> float:
    """About how wide a text is, in pixels."""
    return len(text) * size * _LETTER


def box(left: float, top: float, right: float, bottom: float) -> str:
    """The path of a rectangle."""
    return f"M{left:.5g},{top:.5g}H{right:.5g}V{bottom:.5g}H{left:.5g}z"


def boxes(left: Values, top: Values, right: Values, bottom: Values) -> str:
    """Rectangles in one path."""
    rows = (values.tolist() for values in (left, top, right, bottom))
    return "".join(box(*row) for row in zip(*rows, strict=True))


def strokes(x: Values, top: Values, bottom: Values, digits: int) -> str:
    """Vertical lines; moves are relative, which halves the path."""
    x, top, bottom = (np.round(values, digits) for values in (x, top, bottom))
    moves = np.diff(x, prepend=0.0)
    falls = np.diff(top, prepend=0.0) - np.concatenate(([0.0], (bottom - top)[:-1]))
    rows = zip(moves.tolist(), falls.tolist(), (bottom - top).tolist(), strict=True)
    return "".join(f"m{dx:.5g},{dy:.5g}v{height:.5g}" for dx, dy, height in rows)


def band(left: Values, right: Values, y: float, digits: int) -> str:
    """Stretches of a horizontal line: rectangles, where its stroke is wide; moves are relative."""
    left, right = np.round(left, digits), np.round(right, digits)
    skips = left - np.concatenate(([0.0], right[:-1]))
    rows = zip(skips.tolist(), (right - left).tolist(), strict=True)
    return f"M0,{y:.5g}" + "".join(f"m{skip:.5g},0h{length:.5g}" for skip, length in rows)


def line(x: Values, y: Values, digits: int) -> str:
    """A line through the points; NaN interrupts it."""
    points = zip(np.round(x, digits).tolist(), np.round(y, digits).tolist(), strict=True)
    parts, command = [], "M"
    for across, down in points:
        is_known = np.isfinite(down)
        if is_known:
            parts.append(f"{command}{across:.5g},{down:.5g}")
        command = "L" if is_known else "M"
    return "".join(parts)


def apart(places: Sequence[float], size: float) -> list[float]:
    """Ascending places moved, as little as possible, so that they are ``size`` apart."""
    groups: list[tuple[float, int]] = []  # centre and number of places that touch each other
    for place in places:
        centre, count = place, 1
        while groups and centre - groups[-1][0] < size * (count + groups[-1][1]) / 2:
            other, others = groups.pop()
            centre = (centre * count + other * others) / (count + others)
            count += others
        groups.append((centre, count))
    return [
        centre + size * (index - (count - 1) / 2)
        for centre, count in groups
        for index in range(count)
    ]
