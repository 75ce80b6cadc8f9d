"""The picture of counts by class, beside those of chance."""

from collections.abc import Sequence

import numpy as np

from regime_platform.report.picture.axes import linear_axis
from regime_platform.report.picture.shapes import Shape, Text, Values, boxes
from regime_platform.report.study.drawing import FONT, Drawing, Legend, in_words, legend

_LEFT, _TOP, _HEIGHT = 46.0, 12.0, 170.0
_SQUARE = "M-5-5H5V5H-5z"


def histogram(
    title: str, labels: Sequence[str], shares: Values, placebo: Values, width: int
) -> Drawing:
    """A bar per class, and the share by chance as a line across it.

    Args:
        title: of the picture.
        labels: of the classes, from the left.
        shares: of the counts in each class.
        placebo: the same by chance.
        width: in pixels.
    """
    right, bottom = width - 14.0, _TOP + _HEIGHT
    highest = float(np.nanmax([*shares, *placebo, 0.01]))
    axis = linear_axis(0.0, highest, _TOP, bottom, 5)
    edges = np.linspace(_LEFT, right, len(labels) + 1)
    left, after = edges[:-1] + 2, edges[1:] - 2
    foot = np.full(len(labels), float(axis.place(np.array([0.0]))[0]))
    ticks = [tick for tick in axis.ticks if tick >= 0]
    places = axis.place(np.array(ticks)).tolist()
    dashes = "".join(
        f"M{start:.1f},{place:.1f}H{end:.1f}"
        for start, end, place in zip(left - 2, after + 2, axis.place(placebo), strict=True)
        if np.isfinite(place)
    )
    shapes = [
        Shape("grid", "".join(f"M{_LEFT:.5g},{place:.1f}H{right:.5g}" for place in places)),
        Shape("fill line1", boxes(left, axis.place(shares), after, foot)),
        Shape("curve placebo", dashes),
    ]
    texts = [
        Text("end small", _LEFT - 6, place + FONT / 3, f"{100 * tick:.0f} %")
        for place, tick in zip(places, ticks, strict=True)
    ]
    stride = -(-len(labels) * 46 // int(right - _LEFT))
    middles = (edges[:-1] + edges[1:]) / 2
    texts += [
        Text("middle small", float(middles[at]), bottom + FONT + 3, labels[at])
        for at in range(0, len(labels), max(1, stride))
    ]
    entries = (
        Legend(Shape("fill line1", _SQUARE), "share"),
        Legend(Shape("curve placebo", "M-6 0H6"), "by chance"),
    )
    signs, words, height = legend(entries, _LEFT, bottom + FONT + 12, width)
    description = in_words(
        f"{label}: {100 * share:.0f} %, by chance {100 * other:.0f} %"
        for label, share, other in zip(labels, shares, placebo, strict=True)
    )
    return Drawing(title, description, width, height, (*shapes, *signs), (*texts, *words))
