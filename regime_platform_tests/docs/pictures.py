"""The pictures of docs that need no browser: real bars of one stock through the crash of 2008."""

import datetime as dt
from collections.abc import Iterator

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.picture.picture import METRIC_NAMES, picture_svg
from regime_platform.report.picture.plot import LARGE, MEDIUM
from regime_platform.report.series_chart import SeriesChart, chart_since
from regime_platform.report.views import read_symbol

SYMBOL, TIMEFRAME = "IBM", "1day"


def pictures(workspace: RunWorkspace) -> Iterator[tuple[str, str]]:
    """Path below ``docs/images`` and content of each, from the results of ``SYMBOL``."""
    instrument, paths = workspace.find(SYMBOL)
    view = read_symbol(paths, instrument)
    assert view is not None
    chart = view.charts[TIMEFRAME]
    yield "regimes.svg", picture_svg(_between(chart, (2007, 1), (2013, 4)), LARGE)
    yield "metrics/escalation.svg", picture_svg(_between(chart, (2008, 7), (2013, 4)), MEDIUM)
    crash = _between(chart, (2007, 7), (2009, 10))
    for name in METRIC_NAMES:
        yield f"metrics/{name}.svg", picture_svg(crash, MEDIUM, metric=name)


def _between(chart: SeriesChart, first: tuple[int, int], last: tuple[int, int]) -> SeriesChart:
    """From the first of a month to the first of another."""
    start, end = (dt.datetime(*month, 1, tzinfo=dt.UTC) for month in (first, last))
    part = chart_since(chart, start, end)
    assert part is not None
    return part
