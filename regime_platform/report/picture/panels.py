"""The panels of a picture: price, regimes, escalation, and a metric with the edges of its rules."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import polars as pl

from regime_platform.compute.params import BUCKETS
from regime_platform.report.markers import grouped
from regime_platform.report.palette import BUCKET_COLOURS
from regime_platform.report.picture.axes import ValueAxis, number, price_axis, share_axis
from regime_platform.report.picture.edges import Edge
from regime_platform.report.picture.plot import Panel, Plot, Size
from regime_platform.report.picture.shapes import (
    Shape,
    Text,
    apart,
    band,
    box,
    boxes,
    line,
    strokes,
    width_of,
)
from regime_platform.report.series_chart import ERA, Level, Marker, SeriesChart

SMALL_TEXT = 0.87  # the size of small text, as a share of the font's
STRIP = 9  # height of the strip of regimes below the prices
_CANDLE = 4.0  # pixels of a bar from which on it is a candle
_GLYPH = 13.0  # pixels that a marker needs

#: Kind of a marker -> the path of its sign.
GLYPHS = {
    "split": "M-4-3.5H4L0 4z",
    "gap": "M-3.5-3.5h7v7h-7z",
    "revision": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "excluded": "M-3.5-3.5l7 7m0-7l-7 7",
    "rejected": "M-3.5-3.5l7 7m0-7l-7 7M-5-5h10v10h-10z",
    "accepted": "M-4 0l3 3.5L4-4",
    "withdrawn": "M-4.5 0h9",
}


def bars_axis(bars: pl.DataFrame, size: Size, top: float, bottom: float) -> ValueAxis:
    """The axis of the prices of some bars."""
    low, high = bars.select(pl.col("low").min(), pl.col("high").max()).row(0)
    return price_axis(low, high, top, bottom, size.price // size.labels)


def price_panel(chart: SeriesChart, plot: Plot, top: float) -> Panel:
    """Prices on a logarithmic axis over the regimes, with key levels and markers."""
    size = plot.size
    bottom = top + size.price
    foot = bottom - (_GLYPH + 4 if size.has_details else 4)
    axis = bars_axis(chart.bars, size, top + 12, foot)
    levels, names = _levels(chart.levels, plot, axis) if size.has_details else ((), ())
    glyphs, words = _glyphs(chart.markers, plot, bottom) if size.has_details else ((), ())
    return Panel(
        top,
        bottom,
        f"price, log scale{_share(plot)}",
        tuple(axis.named()),
        (
            *_bands(plot, top, bottom + STRIP),
            Shape("veil", box(plot.left, top, plot.right, bottom)),
        ),
        (*levels, *_bars(plot, axis), *glyphs),
        (*names, *_last_price(plot, axis, names), *words),
    )


def escalation_panel(chart: SeriesChart, plot: Plot, top: float) -> Panel:
    """The percentile by bucket, with the edges of the buckets and immature ranks shaded."""
    bottom = top + plot.size.escalation
    has_room = (1 - BUCKETS.high) * plot.size.escalation > plot.size.font
    named = (0, BUCKETS.med, BUCKETS.high, 1) if has_room else (0, BUCKETS.med, BUCKETS.high)
    axis = share_axis(named, top, bottom)
    starts, ends = (np.array(plot.places(chart.immature[name])) for name in ("start", "end"))
    middle, height = (top + bottom) / 2, bottom - top
    shaded = band(starts, ends, middle, plot.size.digits)
    edges = axis.place(np.array([BUCKETS.med, BUCKETS.high]))
    return Panel(
        top,
        bottom,
        "escalation percentile",
        tuple(axis.named()),
        (Shape("band IMMATURE", shaded, width=height),),
        (*_stems(plot, axis), Shape("edge", _lines(plot, edges.tolist()))),
    )


def metric_panel(metric: str, words: str, edges: Sequence[Edge], plot: Plot, top: float) -> Panel:
    """A metric over time with the edges at which rules of the regime compare it."""
    bottom, font = top + plot.size.metric, plot.size.font
    lasts, lowest, highest = plot.values(metric)
    least = np.fmin.reduce([0.0, *lowest, *(edge.value for edge in edges)])
    axis = share_axis((-1, -0.5, 0, 0.5, 1) if least < 0 else (0, 0.25, 0.5, 0.75, 1), top, bottom)
    places = axis.place(np.array([edge.value for edge in edges])).tolist()
    texts = tuple(
        Text("", plot.right + 8, round(place + font / 3, 1), str(edge))
        for place, edge in zip(apart(places, font + 1), edges, strict=True)
    )
    curve = line(plot.centres, axis.place(lasts), plot.size.digits)
    if plot.share > 1:  # no extreme is lost between marks
        known = np.isfinite(lowest)
        ends = axis.place(highest[known]), axis.place(lowest[known])
        curve += strokes(plot.centres[known], *ends, plot.size.digits).replace("m", "M0,0m", 1)
    shapes = (Shape("edge", _lines(plot, places)), Shape("curve", curve))
    return Panel(top, bottom, words, tuple(axis.named()), (), shapes, texts)


def era_lines(chart: SeriesChart, plot: Plot, top: float, bottom: float) -> Iterator[Shape | Text]:
    """Where eras begin, through all panels."""
    starts = [marker for marker in chart.markers if marker.kind == ERA]
    for marker, place in zip(starts, plot.places(each.start for each in starts), strict=True):
        yield Shape("era", f"M{place:.1f},{top:.5g}V{bottom:.5g}", marker.text)
        yield Text("small", round(place + 3, 1), top + plot.size.font, marker.label)


def _share(plot: Plot) -> str:
    return f"; {plot.share:,} bars a mark" if plot.share > 1 else ""


def _lines(plot: Plot, places: Sequence[float]) -> str:
    return "".join(f"M{plot.left},{place:.1f}H{plot.right:.5g}" for place in places)


def _bands(plot: Plot, top: float, bottom: float) -> Iterator[Shape]:
    """A shape for each regime: the stretches of it."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    place = 0
    for label, run in groupby(plot.labels):
        after = place + len(list(run))
        if label is not None:
            spans[label].append((plot.edges[place], plot.edges[after]))
        place = after
    middle, height = (top + bottom) / 2, bottom - top
    for label, each in spans.items():
        left, right = np.array(each).T
        path = band(left, right, middle, plot.size.digits)
        yield Shape(f"band {label}", path, width=height)


def _bars(plot: Plot, axis: ValueAxis) -> Iterator[Shape]:
    marks, digits = plot.marks, plot.size.digits
    open_, high, low, close = (
        axis.place(marks[name].to_numpy()) for name in ("open", "high", "low", "close")
    )
    if plot.slot < _CANDLE:
        # reaching back to the last close joins the ranges
        before = np.concatenate((close[:1], close[:-1]))
        top, bottom = np.minimum(high, before), np.maximum(low, before)
        yield Shape("range", strokes(plot.centres, top, np.maximum(bottom, top + 0.8), digits))
        return
    yield Shape("wick", strokes(plot.centres, high, low, digits))
    half = min(plot.slot * 0.36, 6)
    for style, chosen in (("rising", close <= open_), ("falling", close > open_)):
        top, bottom = np.minimum(open_, close), np.maximum(open_, close) + 0.8
        centres = plot.centres[chosen]
        body = boxes(centres - half, top[chosen], centres + half, bottom[chosen])
        yield Shape(style, body)


def _stems(plot: Plot, axis: ValueAxis) -> Iterator[Shape]:
    ranks = plot.marks["esc_pctl"].to_numpy()
    buckets = np.array(plot.buckets, dtype=object)
    for bucket in BUCKET_COLOURS:
        here = (buckets == bucket) & np.isfinite(ranks)
        if here.any():
            feet = np.full(here.sum(), axis.bottom)
            path = strokes(plot.centres[here], axis.place(ranks[here]), feet, plot.size.digits)
            yield Shape(f"stem {bucket}", path)


def _levels(
    levels: Sequence[Level], plot: Plot, axis: ValueAxis
) -> tuple[tuple[Shape, ...], tuple[Text, ...]]:
    """The levels within the axis: lines from the bars that they come from, and their labels."""
    within = [level for level in levels if axis.low <= level.price <= axis.high]
    within.sort(key=lambda level: -level.price)
    places = axis.place(np.array([level.price for level in within])).tolist()
    starts, font = plot.places(level.start for level in within), plot.size.font
    moved = apart(places, font + 1)
    right, aside = plot.right, plot.right + 8
    lines, leads = "", ""
    for start, place, label in zip(starts, places, moved, strict=True):
        lines += f"M{start:.1f},{place:.1f}H{right:.5g}"
        leads += f"M{right:.5g},{place:.1f}L{aside - 2:.5g},{label:.1f}"
    names = (
        Text("level-name", aside, round(place + font / 3, 1), level_name(level))
        for place, level in zip(moved, within, strict=True)
    )
    return (Shape("level", lines), Shape("lead", leads)), tuple(names)


def level_name(level: Level) -> str:
    """How a level is labelled."""
    return f"{level.name} {number(level.price)}"


def _last_price(plot: Plot, axis: ValueAxis, taken: Sequence[Text]) -> Iterator[Text]:
    """The last price beside its bar, unless a level stands there."""
    close = plot.marks["close"][-1]
    y = float(axis.place(np.array([close]))[0]) + plot.size.font / 3
    if plot.size.has_details and all(abs(y - text.y) > plot.size.font for text in taken):
        yield Text("strong", plot.right + 8, round(y, 1), number(close))


def _glyphs(
    markers: Sequence[Marker], plot: Plot, bottom: float
) -> tuple[tuple[Shape, ...], tuple[Text, ...]]:
    """Signs at the foot of the panel, those of a kind that touch as one; labels where they fit."""
    y, font = bottom - _GLYPH / 2 - 1, plot.size.font * SMALL_TEXT
    shown = [marker for marker in markers if marker.kind in GLYPHS]
    few = grouped(shown, plot.bars["ts"], int((plot.right - plot.left) / _GLYPH))
    few.sort(key=lambda marker: marker.start)
    places = plot.places(marker.start for marker in few)
    signs, words = [], []
    following = (*places[1:], plot.right)[: len(places)]
    for marker, place, after in zip(few, places, following, strict=True):
        text = f"{marker.label}: {marker.text}"
        signs.append(Shape(f"glyph {marker.kind}", GLYPHS[marker.kind], text, round(place, 1), y))
        if place + _GLYPH + width_of(marker.label, font) < after:
            words.append(Text("small", place + _GLYPH / 2, y + font / 3, marker.label))
    return tuple(signs), tuple(words)
