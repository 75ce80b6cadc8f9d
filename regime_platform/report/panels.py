"""The panels of a symbol's page as Vega-Lite specifications, and the library that draws them.

Data come by name (see ``marks``), so that a page contains each number once for all layers that draw
it. The overview at the bottom has the brush that zooms all other panels.
"""

from functools import cache
from typing import Any, TypeAlias

import altair as alt
import vl_convert
from markupsafe import Markup

from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.report.marks import (
    BARS,
    ERAS,
    HOVER_COLUMNS,
    IMMATURE,
    LEVELS,
    RUNS,
    SPLITS,
    STRIPS,
)
from regime_platform.report.palette import BUCKET_COLOURS, IMMATURE_COLOUR, REGIME_COLOURS

Panel: TypeAlias = Any  # altair does not type its method chains

WIDTH = 1040
_PRICE = 330  # height of the panel of prices
_STRIP = 16  # height of one timeframe's strip
_GRID, _INK, _LINE = "#eceff2", "#1f2933", "#52606d"
_BRUSH = alt.selection_interval(name="zoom", encodings=["x"])
_HOVERED = ("price", "escalation", "drawdown", "volume")  # panels with tooltips
_HOVER_WORDS = {"regime_label": "regime", "regime_bias": "bias", "risk_posture": "posture"}
_LABELLED = alt.Axis(labels=True, ticks=True)  # other time axes have none by configuration


def page_chart(*, has_volume: bool, rows: int) -> dict[str, Any]:
    """The Vega-Lite specification of one timeframe's view, without its data.

    Args:
        has_volume: False leaves out the volume panel.
        rows: number of timeframes, each with a strip.
    """
    chart = _chart(has_volume=has_volume)
    above, strips, *below = chart["vconcat"]
    return {**chart, "vconcat": [above, {**strips, "height": _STRIP * rows}, *below]}


@cache
def javascript_bundle() -> Markup:
    """The script that draws in a browser; no text in it ends its element."""
    script = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    return Markup(script.replace("</script", "<\\/script"))  # noqa: S704 - the library's own code


@cache  # takes two seconds and is the same for every page
def _chart(*, has_volume: bool) -> dict[str, Any]:
    hovered = _HOVERED if has_volume else _HOVERED[:-1]
    # the line through all panels at the bar under the pointer, whichever panel that is in
    pointed_at = [{"param": f"hover_{panel}", "empty": False} for panel in hovered]
    here = {"condition": {"test": {"or": pointed_at}, "value": 0.9}, "value": 0}
    panels = [
        _price(here).properties(height=_PRICE),
        _strips(here).properties(height=_STRIP),
        _escalation(here).properties(height=120),
        _drawdown(here).properties(height=70),
        *([_volume(here).properties(height=60)] if has_volume else []),
        _overview().properties(height=48),
    ]
    chart = alt.vconcat(*(panel.properties(width=WIDTH) for panel in panels), spacing=8)
    styled = (
        chart.resolve_scale(color="independent", fill="independent")
        .configure_view(stroke="#d5dae0")
        .configure_axis(gridColor=_GRID, labelColor=_INK, titleColor=_INK, titleFontWeight="normal")
        .configure_axisX(labels=False, ticks=False)
        .configure_axisY(minExtent=44)
        .configure_legend(labelLimit=220, symbolType="square")
    )
    specification: dict[str, Any] = styled.to_dict()
    return specification


def _price(here: dict[str, Any]) -> Panel:
    colour = alt.Color("ink:N", scale=None)
    bars = _data(BARS).transform_filter(_BRUSH)  # so that the price axis follows the zoom
    time = _time(axis=_LABELLED)
    ranges = bars.mark_rule(strokeWidth=1, clip=True).encode(
        x=time, y=_log("low", "price (log)"), y2="high:Q", color=colour
    )
    bodies = bars.mark_rect(clip=True).encode(
        x=_time("body_start"), x2="body_end:T", y=_log("open"), y2="close:Q", color=colour
    )
    closes = bars.mark_line(strokeWidth=0.9, color=_INK, clip=True).encode(x=time, y=_log("close"))
    bands = _spans(_data(RUNS).mark_rect(opacity=0.32, clip=True), color=_regime(legend=True))
    names = _data(ERAS).mark_text(align="left", dx=4, color=_INK, fontSize=10, clip=True)
    names = names.encode(x=_time("start"), y=alt.value(8), text="name:N")
    price = (bands, _era_rules(), names, *_splits(), ranges, bodies, closes, _levels())
    return alt.layer(*price, _crosshair("price", here))


def _splits() -> tuple[Panel, Panel]:
    """A dotted line at each split that the bars are adjusted for, with its name at the bottom."""
    rules = _data(SPLITS).mark_rule(color=_LINE, strokeDash=[2, 4], clip=True)
    names = _data(SPLITS).mark_text(align="left", dx=4, color=_LINE, fontSize=10, clip=True)
    start = _time("start")
    return rules.encode(x=start), names.encode(x=start, y=alt.value(_PRICE - 8), text="name:N")


def _levels() -> Panel:
    levels = _data(LEVELS).transform_filter(_BRUSH)
    return _spans(
        levels.mark_rule(strokeDash=[5, 3], strokeWidth=1.2, color="#5b3f8c", clip=True),
        y=_log("price"),
        opacity=alt.Opacity("strength:Q", legend=None, scale=alt.Scale(range=[0.35, 0.9])),
        tooltip=["side:N", "price:Q", alt.Tooltip("strength:Q", format=".2f")],
    )


def _strips(here: dict[str, Any]) -> Panel:
    names = alt.Y("timeframe:N", sort=list(TIMEFRAMES), title=None, scale=alt.Scale(padding=0.12))
    rows = _spans(
        _data(STRIPS).mark_rect(clip=True),
        y=names,
        color=_regime(legend=False),
        tooltip=[
            alt.Tooltip("timeframe:N"),
            alt.Tooltip("regime_label:N", title="regime"),
            alt.Tooltip("since:N", title="from"),
            alt.Tooltip("bars:Q", title="bars"),
        ],
    )
    return alt.layer(rows, _line(here))


def _escalation(here: dict[str, Any]) -> Panel:
    ticks = alt.Axis(values=[0, 0.6, 0.85, 1], format=".2f", labelOverlap=False, titlePadding=12)
    level = alt.Y("esc_pctl:Q", scale=alt.Scale(domain=[0, 1]), title="escalation", axis=ticks)
    legend = alt.Legend(
        title="escalation", symbolType="stroke", symbolStrokeWidth=3, values=["LOW", "MED", "HIGH"]
    )
    colours = alt.Scale(domain=list(BUCKET_COLOURS), range=list(BUCKET_COLOURS.values()))
    colour = alt.Color("esc_bucket:N", scale=colours, legend=legend)
    stems = _data(BARS).mark_rule(strokeWidth=1.1, clip=True)
    stems = stems.encode(x=_time(), y=level, y2=alt.datum(0), color=colour)
    lines = alt.Chart(alt.InlineData(values=[{"esc_pctl": 0.60}, {"esc_pctl": 0.85}]))
    edges = lines.mark_rule(strokeDash=[4, 3], color=_INK).encode(y=level)
    return alt.layer(_immature(), stems, edges, _era_rules(), _crosshair("escalation", here))


def _immature() -> Panel:
    # its own channel, so that its entry stands apart from those of the buckets
    fill = alt.Fill(
        "rank:N",
        scale=alt.Scale(domain=["immature"], range=[IMMATURE_COLOUR]),
        legend=alt.Legend(title="rank"),
    )
    return _spans(_data(IMMATURE).mark_rect(clip=True), fill=fill)


def _drawdown(here: dict[str, Any]) -> Panel:
    depth = alt.Y("drawdown:Q", title="drawdown", axis=alt.Axis(format=".0%", tickCount=3))
    outline = {"color": _LINE, "strokeWidth": 0.8}
    area = _data(BARS).mark_area(color="#c3ccd5", line=outline, clip=True)
    return alt.layer(area.encode(x=_time(), y=depth), _crosshair("drawdown", here))


def _volume(here: dict[str, Any]) -> Panel:
    amount = alt.Y("volume:Q", title="volume", axis=alt.Axis(format="~s", tickCount=3))
    stems = _data(BARS).mark_rule(color="#9aa5b1", strokeWidth=0.9, clip=True)
    stems = stems.encode(x=_time(), y=amount, y2=alt.datum(0))
    return alt.layer(stems, _crosshair("volume", here))


def _overview() -> Panel:
    title = "drag here to zoom, click to reset"
    closes = _data(BARS).mark_line(color=_LINE, strokeWidth=0.9)
    return closes.encode(
        x=alt.X("ts:T", title=title, scale=alt.Scale(type="utc"), axis=_LABELLED),
        y=alt.Y("close:Q", scale=alt.Scale(type="log", nice=False), axis=None),
    ).add_params(_BRUSH)


def _crosshair(panel: str, here: dict[str, Any]) -> Panel:
    words = [alt.Tooltip("when:N", title="bar (UTC)")]
    words += [alt.Tooltip(f"{name}:N", title=title) for name, title in _HOVER_WORDS.items()]
    numbers = [
        alt.Tooltip(f"{name}:Q", title=title, format=form)
        for name, (title, form) in HOVER_COLUMNS.items()
    ]
    hover = alt.selection_point(
        name=f"hover_{panel}", on="pointermove", clear="pointerout", fields=["ts"], empty=False
    )
    # adjacent slots instead of "nearest", which loses text columns in tooltips
    slots = _data(BARS).mark_rect(opacity=0, clip=True)
    slots = slots.encode(x=_time("slot_start"), x2="slot_end:T", tooltip=[*words, *numbers])
    return alt.layer(_line(here), slots.add_params(hover))


def _spans(marks: Panel, **channels: Any) -> Panel:
    return marks.encode(x=_time("start"), x2="end:T", **channels)


def _line(here: dict[str, Any]) -> Panel:
    return _data(BARS).mark_rule(color=_LINE, clip=True).encode(x=_time(), opacity=here)


def _era_rules() -> Panel:
    rules = _data(ERAS).mark_rule(color=_INK, strokeDash=[1, 3], clip=True)
    return rules.encode(x=_time("start"))


def _data(name: str) -> Panel:
    return alt.Chart(alt.NamedData(name=name))


def _time(column: str = "ts", *, axis: alt.Axis | None = None) -> alt.X:
    zoomed = alt.Scale(type="utc", domain={"param": "zoom", "encoding": "x"})
    return alt.X(f"{column}:T", title=None, scale=zoomed, axis=axis or alt.Axis())


def _log(column: str, title: str | None = None) -> alt.Y:
    axis = alt.Axis(labelExpr="format(datum.value, '~g')", tickCount=8, titlePadding=12)
    scale = alt.Scale(type="log", nice=False, padding=10)
    return alt.Y(f"{column}:Q", title=title, scale=scale, axis=axis)


def _regime(*, legend: bool) -> alt.Color:
    words = "lower(replace(datum.label, /_/g, ' '))"  # as the table above the chart has them
    shown = alt.Legend(title="regime", orient="right", symbolOpacity=1, labelExpr=words)
    colours = alt.Scale(domain=list(REGIME_COLOURS), range=list(REGIME_COLOURS.values()))
    return alt.Color("regime_label:N", scale=colours, legend=shown if legend else None)
