"""One self-contained HTML page per symbol: latest state as a table, one chart per timeframe.

The drawing library is part of the page, which therefore opens without a network. The page has no
time of its making: the same data give the same bytes, and an unchanged page is not rewritten.
"""

from functools import cache
from importlib.resources import files as package_files
from string import Template
from typing import Any

import vl_convert

from regime_platform.report import datasets, panels
from regime_platform.report.html_text import html_text, script_json
from regime_platform.report.palette import readable
from regime_platform.report.reading import (
    SeriesView,
    SymbolView,
    preferred_timeframe,
)
from regime_platform.report.state_table import state_table
from regime_platform.report.thinning import bars_per_mark


def page_html(view: SymbolView, origin: str) -> str:
    """The whole page as text."""
    instrument = view.instrument
    template = Template(
        package_files("regime_platform.report").joinpath("page.html").read_text(encoding="utf-8")
    )
    return template.substitute(
        origin=origin,
        title=html_text(f"{instrument.symbol}: {instrument.name}"),
        symbol=html_text(instrument.symbol),
        name=html_text(instrument.name),
        about=html_text(_about(view)),
        table=state_table(view.latest),
        tabs=_tabs(view),
        bundle=_bundle(),
        charts=script_json({series.timeframe: _chart(view, series) for series in view.series}),
        shared=script_json({panels.STRIPS: datasets.run_columns(view.series)}),
    )


def _chart(view: SymbolView, series: SeriesView) -> dict[str, Any]:
    bars = datasets.bar_columns(series)
    return {
        "spec": panels.with_strips(_spec(has_volume=any(bars["volume"])), len(view.series)),
        "data": {
            panels.BARS: bars,
            panels.RUNS: datasets.run_columns([series]),
            panels.LEVELS: datasets.level_columns(series),
            panels.ERAS: datasets.era_columns(series, view.eras),
        },
        "note": _note(series),
    }


def _note(series: SeriesView) -> str:
    share = bars_per_mark(series.frame.height, datasets.MOST_MARKS)
    count = f"{series.frame.height:,} bars"
    if share == 1:
        return f"{count}, each drawn."
    return (
        f"{count}; each mark stands for {share} bars: their range, highest escalation and deepest "
        "drawdown, and a shock or panic in any of them."
    )


def _about(view: SymbolView) -> str:
    instrument = view.instrument
    return (
        f"{readable(instrument.asset_class)} · source {instrument.source} · "
        f"eras {view.eras.version} ({view.eras.reason})"
    )


def _tabs(view: SymbolView) -> str:
    timeframes = [series.timeframe for series in view.series]
    first = preferred_timeframe(timeframes)
    return "".join(
        f'<button type="button" data-timeframe="{html_text(name)}" '
        f'aria-pressed="{str(name == first).lower()}">{html_text(name)}</button>'
        for name in timeframes
    )


@cache  # takes two seconds and is the same for every page
def _spec(*, has_volume: bool) -> dict[str, Any]:
    return panels.page_chart(has_volume=has_volume)


@cache
def _bundle() -> str:
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")).replace(
        "</script", "<\\/script"
    )
