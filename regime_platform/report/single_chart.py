"""The chart of one symbol by itself, as a page or a picture that can be sent."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from regime_platform.errors import ResultsError, UsageError
from regime_platform.model.calendar.lateness import age_lines
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.stored_results import find_results
from regime_platform.report.page import Record, page_html, records_of
from regime_platform.report.picture.picture import picture_svg
from regime_platform.report.picture.png import picture_png
from regime_platform.report.series_chart import SeriesChart, chart_since
from regime_platform.report.views import SymbolView, first_shown, read_ages, read_symbol
from regime_platform.workspace import Workspace


@dataclass(frozen=True)
class SingleChart:
    """A page with the timeframes that are asked for, and a picture of one of them."""

    view: SymbolView
    records: tuple[Record, ...]  # the files that prove what it shows

    @property
    def shown(self) -> SeriesChart:
        """What the picture shows, and the page at first."""
        return self.view.charts[first_shown(self.view.charts)]

    def data(self, target: Path, metric: str = "") -> bytes:
        """The bytes of a file of this name; a picture may show a ``metric`` below the prices.

        Raises:
            UsageError: the name ends in none of .html, .svg and .png, there is no such metric, or
                one is given for a page, which shows the values of all.
            ModuleNotFoundError: the extra ``charts`` is not installed, which all but SVG need.
        """
        if target.suffix == ".html":
            if metric:
                raise UsageError(
                    f"{target}: a page shows the values of every metric and draws none; name a "
                    "picture that ends in .svg or .png, or leave the metric out",
                    code="metric-in-page",
                )
            return page_html(self.view, "", records=self.records, most=None).encode()
        if target.suffix == ".svg":
            return picture_svg(self.shown, metric=metric).encode()
        if target.suffix == ".png":
            return picture_png(self.shown, metric=metric)
        raise UsageError(
            f"{target}: expected a name ending in .html, .svg or .png", code="unknown-format"
        )


def read_single_chart(
    workspace: Workspace,
    symbol: str,
    timeframe: str | None,
    since: dt.datetime | None,
    now: dt.datetime,
) -> SingleChart:
    """The chart of a symbol.

    Args:
        workspace: where it is stored.
        symbol: of the universe.
        timeframe: or an alias of it; None for all that have a state.
        since: only bars from then on (aware).
        now: aware; bars that are missing by then are named on the page.

    Raises:
        UsageError: the symbol or timeframe is unknown, or there are no bars since then.
        ResultsError: nothing was computed.
    """
    instrument, paths = find_results(workspace, symbol)
    name = instrument.symbol
    view = read_symbol(paths, instrument)
    if view is None:
        raise ResultsError(
            f"{name}: no timeframe has enough bars for a state; see `regime board`",
            code="no-results",
        )
    charts = _wanted(view, name, timeframe)
    if since is not None:
        charts = _since(charts, name, since)
    ages = age_lines(read_ages(paths, instrument, now), with_days=False)
    latest = view.latest.filter(pl.col("timeframe").is_in(list(charts)))
    shown = replace(view, charts=charts, latest=latest, notes=(*ages, *view.notes))
    return SingleChart(shown, records_of(paths, workspace.root, None))


def _wanted(view: SymbolView, name: str, timeframe: str | None) -> Mapping[str, SeriesChart]:
    if timeframe is None:
        return view.charts
    wanted = canonical_timeframe(timeframe)
    if wanted not in view.charts:
        raise UsageError(
            f"{name} has no results on {wanted}; expected {' or '.join(view.charts)}",
            code="no-such-series",
        )
    return {wanted: view.charts[wanted]}


def _since(
    charts: Mapping[str, SeriesChart], name: str, since: dt.datetime
) -> Mapping[str, SeriesChart]:
    parts = {timeframe: chart_since(chart, since) for timeframe, chart in charts.items()}
    shown = {timeframe: chart for timeframe, chart in parts.items() if chart is not None}
    if not shown:
        last = max(chart.bars["ts"][-1] for chart in charts.values())
        raise UsageError(
            f"{name} has no bars since {since:%Y-%m-%d %H:%M}; its last one is "
            f"{last:%Y-%m-%d %H:%M}: ask for an earlier time",
            code="no-bars-since",
        )
    return shown
