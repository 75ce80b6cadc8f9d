"""The chart of eras: volatility on a log axis, its mean level in each era, and the breaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from regime_platform.errors import UsageError
from regime_platform.report.eras.series import EraSeries
from regime_platform.report.html import render
from regime_platform.report.picture.axes import ValueAxis, price_axis, time_ticks
from regime_platform.report.picture.picture import Theme, colours_of
from regime_platform.report.picture.plot import Panel
from regime_platform.report.picture.png import png_of
from regime_platform.report.picture.shapes import Shape, Text, Values, line

#: Widths in pixels: of a screen, and of a phone, since letters do not shrink.
WIDE, NARROW = 960, 350
_FONT, _HEIGHT, _TOP = 11.5, 300, 62.0
_LEFT, _RIGHT = 46.0, 14.0
_TICK = 64  # pixels for a label of time


@dataclass(frozen=True)
class _Plot:
    """Where the bars lie."""

    left: float
    right: float
    slot: float  # pixels a bar


def era_file(series: EraSeries, target: Path) -> bytes:
    """The bytes of a .html, .svg or .png file.

    Raises:
        UsageError: the name has another ending.
        ModuleNotFoundError: the extra ``charts`` is not installed, which PNG needs.
    """
    if target.suffix == ".html":
        return era_page(series).encode()
    if target.suffix == ".svg":
        return era_svg(series).encode()
    if target.suffix == ".png":
        return png_of(era_svg(series, theme=Theme.LIGHT))
    raise UsageError(
        f"{target}: expected a name ending in .html, .svg or .png", code="unknown-format"
    )


def era_page(series: EraSeries) -> str:
    """One page with the picture and the eras as a table; it needs no other file."""
    pictures = {name: Markup(era_svg(series, width)) for name, width in _WIDTHS}  # noqa: S704
    return render("era_page.html", series=series, pictures=pictures, note=_NOTE)


_WIDTHS = (("wide", WIDE), ("narrow", NARROW))
_NOTE = (
    "Deviation of the last 126 daily log returns in per cent, on a log scale. Eras are stretches "
    "in which its logarithm keeps one level: the broken lines are these levels. A break is known "
    "as a date alone: volatilities of neighbouring bars share 125 of 126 returns, so no interval "
    "of confidence that takes them as independent would be true, and none is drawn."
)


def era_svg(series: EraSeries, width: int = WIDE, *, theme: Theme = Theme.AUTO) -> str:
    """The picture of a series, ``width`` pixels wide."""
    plot = _Plot(_LEFT, width - _RIGHT, (width - _LEFT - _RIGHT) / len(series.opens))
    x = np.arange(0.5, len(series.opens)) * plot.slot + plot.left
    percent = 100.0 * series.volatility
    low, high = np.nanmin(percent), np.nanmax(percent)
    bottom, count = _TOP + _HEIGHT, len(series.parts)
    axis = price_axis(float(low), float(high), _TOP, bottom, _HEIGHT // 40)
    places, above = time_ticks(series.opens, max(2, int((plot.right - plot.left) / _TICK)))
    foot = bottom + _FONT + 5
    texts = [
        *(Text("strong", round(float(x[at]), 1), foot + _FONT + 4, name) for at, name in above),
        Text("title", plot.left, _FONT * 1.7, series.title),
        Text("", plot.left, _FONT * 3.1, f"{count} {'era' if count == 1 else 'eras'} with bars"),
    ]
    return render(
        "picture.svg",
        width=width,
        height=round(foot + _FONT + 12),
        font=_FONT,
        themes=colours_of(theme),
        name=series.title,
        label="",
        description=_description(series),
        plot=plot,
        panels=[_panel(series, plot, x, axis)],
        times=[Text("middle", round(float(x[at]), 1), foot, name) for at, name in places],
        shapes=[],
        texts=texts,
    )


def _panel(series: EraSeries, plot: _Plot, x: Values, axis: ValueAxis) -> Panel:
    shapes, texts = [Shape("curve", _curve(series, x, axis))], []
    for part in series.parts:
        left, right = (plot.left + place * plot.slot for place in (part.start, part.stop))
        if np.isfinite(part.level):
            y = float(axis.place(np.array([100.0 * part.level]))[0])
            words = f"{part.name}: {100 * part.level:.3g} % a day"
            shapes.append(Shape("level", f"M{left:.1f},{y:.1f}H{right:.1f}", words))
        if part.start:
            path = f"M{left:.1f},{axis.top:.5g}V{axis.bottom:.5g}"
            shapes.append(Shape("era", path, f"{part.name} begins {part.first:%Y-%m-%d}"))
        texts.append(Text("small", round(left + 3, 1), axis.top + _FONT, part.name))
    name = "volatility of 126 days, % a day, log scale"
    return Panel(
        axis.top,
        axis.bottom,
        name,
        tuple(axis.named()),
        (),
        tuple(shapes),
        tuple(_fitting(texts)),
    )


def _curve(series: EraSeries, x: Values, axis: ValueAxis) -> str:
    """A line through as many bars as there are pixels, the last one among them."""
    step = max(1, int(len(x) / (x[-1] - x[0])))
    kept = np.arange(len(x) - 1, -1, -step)[::-1]
    return line(x[kept], axis.place(100.0 * series.volatility[kept]), 1)


def _fitting(texts: list[Text]) -> Iterator[Text]:
    """Those that do not touch the one before; the others are in the table of the page."""
    end = 0.0
    for text in texts:
        if text.x >= end:
            end = text.x + len(text.text) * _FONT * 0.55
            yield text


def _description(series: EraSeries) -> str:
    parts = (
        f"{part.name} from {part.first:%Y-%m-%d} to {part.last:%Y-%m-%d}"
        + (f" at {100 * part.level:.3g} % a day" if np.isfinite(part.level) else "")
        for part in series.parts
    )
    return f"{'; '.join(parts)}."
