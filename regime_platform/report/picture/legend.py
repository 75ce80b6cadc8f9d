"""The legend of a picture: what occurs in it, and nothing else."""

from collections import Counter
from collections.abc import Iterator

from regime_platform.compute.params import BUCKETS
from regime_platform.report.markers import counted
from regime_platform.report.palette import REGIME_COLOURS, readable
from regime_platform.report.picture.panels import GLYPHS
from regime_platform.report.picture.plot import Plot
from regime_platform.report.picture.shapes import Shape, Text, width_of
from regime_platform.report.series_chart import ERA, SeriesChart

_SIGN = 14.0  # pixels of a sign, with the space beside it
_SPACE = 14.0  # between entries
_BUCKETS = {
    "LOW": "escalation low",
    "MED": f"medium from {BUCKETS.med:.2f}",
    "HIGH": f"high from {BUCKETS.high:.2f}",
}

Entry = tuple[Shape, str]


def legend(
    chart: SeriesChart, plot: Plot, top: float, *, has_ranks: bool
) -> tuple[list[Shape], list[Text], float]:
    """Signs and texts from ``top`` on, in as many lines as they need, and where these end."""
    font, shapes, texts = plot.size.font, list[Shape](), list[Text]()
    x, y = plot.left, top + font
    for sign, words in _entries(chart, plot, has_ranks=has_ranks):
        width = _SIGN + width_of(words, font) + _SPACE
        if x > plot.left and x + width - _SPACE > plot.size.width - 4:
            x, y = plot.left, y + font + 6
        shapes.append(sign._replace(x=x + 5, y=round(y - font / 3, 1)))
        texts.append(Text("", x + _SIGN, y, words))
        x = round(x + width, 1)
    return shapes, texts, y + 6


def _entries(chart: SeriesChart, plot: Plot, *, has_ranks: bool) -> Iterator[Entry]:
    square = "M-5-5H5V5H-5z"
    shown, ranked = set(plot.labels), set(plot.buckets)
    for label in REGIME_COLOURS:
        if label in shown:
            yield Shape(f"fill {label}", square), readable(label)
    for bucket, words in _BUCKETS.items():
        if has_ranks and bucket in ranked:
            yield Shape(f"thick {bucket}", "M-5 0H5"), words
    if has_ranks and not chart.immature.is_empty():
        yield Shape("fill IMMATURE", square), "immature rank"
    if plot.size.has_details:
        yield from _details(chart)


def _details(chart: SeriesChart) -> Iterator[Entry]:
    if chart.levels:
        yield Shape("level", "M-5 0H5"), "support, resistance"
    counts = Counter[str]()
    for marker in chart.markers:
        counts[marker.kind] += marker.count
    if counts[ERA]:
        yield Shape("era", "M0-5V5"), "era begins"
    for kind, glyph in GLYPHS.items():
        if counts[kind]:
            yield Shape(f"glyph {kind}", glyph), counted(kind, counts[kind])
