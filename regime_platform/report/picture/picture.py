"""The still picture of a series: price over its regimes, escalation, axes with years, a legend.

One drawing for all sizes. It is SVG text, and making it needs neither a font nor a library.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from enum import StrEnum
from urllib.parse import quote

from regime_platform.errors import UsageError, nearest
from regime_platform.model.timeframes import is_intraday
from regime_platform.report.html import render
from regime_platform.report.page_data import VALUES
from regime_platform.report.palette import DARK_COLOURS, LIGHT_COLOURS, readable
from regime_platform.report.picture.axes import number, time_ticks
from regime_platform.report.picture.edges import edges_of
from regime_platform.report.picture.legend import legend
from regime_platform.report.picture.panels import (
    STRIP,
    bars_axis,
    era_lines,
    escalation_panel,
    level_name,
    metric_panel,
    price_panel,
)
from regime_platform.report.picture.plot import LARGE, Plot, Size
from regime_platform.report.picture.shapes import Shape, Text, width_of
from regime_platform.report.series_chart import SeriesChart

_LIGHT = {
    "ground": "#ffffff",
    "ink": "#1f2933",
    "muted": "#52606d",
    "grid": "#e4e8ec",
    "level": "#6b46a8",
}
_DARK = {
    "ground": "#14181d",
    "ink": "#e6eaee",
    "muted": "#a3adb8",
    "grid": "#2a323b",
    "level": "#b79be8",
}
#: Metrics with a panel, by their columns: those between 0 or -1 and 1.
METRIC_NAMES = {
    **{value.name: value.title for value in VALUES},
    "ii": "momentum intensity",
    "er": "efficiency ratio",
}
#: What stays as it is in the address of an image.
_PLAIN = "!*,-./:;=@_~'"


class Theme(StrEnum):
    """The colours of a picture."""

    AUTO = "auto"  # dark where the viewer prefers that
    LIGHT = "light"
    DARK = "dark"


def picture_svg(
    chart: SeriesChart, size: Size = LARGE, *, metric: str = "", theme: Theme = Theme.AUTO
) -> str:
    """The picture of ``chart``; a ``metric`` is drawn instead of the escalation, with the edges at
    which rules compare it.

    Raises:
        UsageError: there is no such metric.
    """
    if metric and metric not in METRIC_NAMES:
        raise UsageError(
            f"no metric {metric!r} has a picture{nearest(metric, METRIC_NAMES)}; "
            f"expected one of {', '.join(METRIC_NAMES)}",
            code="no-such-metric",
        )
    left, right = _margins(chart, size, metric)
    plot = Plot(chart.bars, size, left, size.width - right)
    top = round(size.font * 4.6 + 4)
    panels = [price_panel(chart, plot, top)]
    below = panels[0].bottom + STRIP + size.font + 6  # with room for a name
    panels.append(
        metric_panel(metric, METRIC_NAMES[metric], edges_of(metric), plot, below)
        if metric
        else escalation_panel(chart, plot, below)
    )
    times, years, foot = _time_axis(plot, panels[-1].bottom)
    signs, words, height = legend(chart, plot, foot + 8, has_ranks=not metric)
    eras = list(era_lines(chart, plot, top, panels[-1].bottom))
    return render(
        "picture.svg",
        width=size.width,
        height=round(height),
        font=size.font,
        themes=colours_of(theme, {*plot.labels, *plot.buckets, "IMMATURE", "LOW", "MED", "HIGH"}),
        name=_title(chart),
        label=chart.bars["regime_label"][-1],
        description=f"{'; '.join(_status(chart))}. {chart.note}".strip(),
        plot=plot,
        panels=panels,
        times=times,
        shapes=[each for each in eras if isinstance(each, Shape)] + signs,
        texts=[*_heading(chart, plot), *years, *words, *(t for t in eras if isinstance(t, Text))],
    )


def data_uri(svg: str) -> str:
    """A picture as the address of an image, without quotation marks, spaces and parentheses."""
    return f"data:image/svg+xml,{quote(svg.replace(chr(10), ''), safe=_PLAIN)}"


def _margins(chart: SeriesChart, size: Size, metric: str) -> tuple[float, float]:
    """Pixels to the left and to the right of the bars: what is written there."""
    prices = [tick.label for tick in bars_axis(chart.bars, size, 1, 0).named()]
    texts = [str(edge) for edge in edges_of(metric)] if metric else []
    if size.has_details:
        texts += map(level_name, chart.levels)
        texts.append(number(chart.bars["close"][-1]))
    return (
        round(max([size.left, *(width_of(text, size.font) + 8 for text in prices)])),
        max([size.right, *(width_of(text, size.font) + 20 for text in texts)]),
    )


def _time_axis(plot: Plot, bottom: float) -> tuple[list[Text], list[Text], float]:
    """The labels of the time axis, those of the years or days below them, and where they end."""
    font, size = plot.size.font, plot.size
    most = max(2, int((plot.right - plot.left) / size.time))
    starts, above = time_ticks(plot.marks["ts"].to_list(), most)
    y = bottom + font + 5
    edges = plot.edges
    times = [Text("middle", round(edges[place], 1), y, text) for place, text in starts]
    years: list[Text] = []
    for place, text in reversed(above):  # the first bar's yields to that of the next beginning
        x = round(edges[place], 1)
        if not years or x + width_of(text, font) + 6 < years[-1].x:
            years.append(Text("strong", x, y + font + 4, text))
    return times, years, y + (font + 4) * bool(years)


def _heading(chart: SeriesChart, plot: Plot) -> Iterator[Text]:
    font, right = plot.size.font, plot.size.width - 8
    first, second, left = font * 1.7, font * 3.1, plot.left + 14
    regime, rank, last = _status(chart)
    if left + width_of(regime + rank, font) > right:
        regime = regime.rpartition(",")[0] or regime  # without the number of bars
    yield Text("title", plot.left, first, _title(chart))
    yield Text("end", right, first, last)
    yield Text("", left, second, regime)
    yield Text("end", right, second, rank)


def _title(chart: SeriesChart) -> str:
    return f"{chart.symbol} {chart.timeframe}"


def _status(chart: SeriesChart) -> tuple[str, str, str]:
    """Regime and since when, escalation, last bar and its era."""
    last = chart.bars.row(-1, named=True)
    form = "%Y-%m-%d %H:%M" if is_intraday(chart.timeframe) else "%Y-%m-%d"
    regime = "no regime yet"
    if last["regime_label"] is not None:
        run = chart.runs.row(-1, named=True)
        bars = f"{run['bars']:,} bar{'s' * (run['bars'] > 1)}"
        regime = f"{readable(last['regime_label'])} since {run['start']:{form}}, {bars}"
    rank = "no escalation yet"
    if last["esc_pctl"] is not None:
        immature = ", immature" if last["is_rank_immature"] else ""
        rank = f"escalation {last['esc_pctl']:.2f} {last['esc_bucket']}{immature}"
    era = f"{chart.era}, " * bool(chart.era)
    return regime, rank, f"{era}last bar {last['ts']:{form}}, close {number(last['close'])}"


def colours_of(
    theme: Theme, used: AbstractSet[str | None] = frozenset()
) -> list[tuple[str, dict[str, str]]]:
    """Colours by name, each with the condition on which they apply; ``used`` are shared ones."""
    light, dark = (
        {**own, **{name: colour for name, colour in shared.items() if name in used}}
        for own, shared in ((_LIGHT, LIGHT_COLOURS), (_DARK, DARK_COLOURS))
    )
    if theme is Theme.AUTO:
        return [("", light), ("(prefers-color-scheme: dark)", dark)]
    return [("", dark if theme is Theme.DARK else light)]
