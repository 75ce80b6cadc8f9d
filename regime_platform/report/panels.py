"""The panels of a symbol's page as Vega-Lite specifications.

Data come by name (see ``datasets``), so that a page contains each number once for all layers
that draw it. The overview at the bottom has the brush that zooms all other panels.
"""

from typing import Any, TypeAlias

import altair as alt

from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.report.palette import BUCKET_COLOURS, REGIME_COLOURS

Panel: TypeAlias = Any  # altair does not type its method chains

WIDTH = 1040
_STRIP = 16  # height of one timeframe's strip
BARS = "bars"
RUNS = "runs"  # of this timeframe
STRIPS = "strips"  # runs of all timeframes
ERAS = "eras"
LEVELS = "levels"

_GRID = "#eceff2"
_INK = "#1f2933"
_BRUSH = alt.selection_interval(name="zoom", encodings=["x"])
_HOVERED = ("price", "escalation", "drawdown", "volume")  # panels with tooltips
_REGIME_SCALE = alt.Scale(domain=list(REGIME_COLOURS), range=list(REGIME_COLOURS.values()))
_BUCKET_SCALE = alt.Scale(domain=list(BUCKET_COLOURS), range=list(BUCKET_COLOURS.values()))

#: Column -> (title, number format): what hovering over a bar shows.
HOVER_COLUMNS = {
    "open": ("open", ","),
    "high": ("high", ","),
    "low": ("low", ","),
    "close": ("close", ","),
    "volume": ("volume", ",.0f"),
    "confidence": ("confidence", ".2f"),
    "market_bias": ("market bias", "+.2f"),
    "risk_level": ("risk level", ".2f"),
    "vrs": ("volatility regime", ".2f"),
    "breakout_up": ("breakout up", ".2f"),
    "breakout_down": ("breakout down", ".2f"),
    "downside_shock_risk": ("downside shock risk", ".2f"),
    "structural_score": ("structural score", "+.2f"),
    "cms": ("momentum", "+.2f"),
    "lq": ("liquidity", ".2f"),
    "instability_index": ("instability", ".2f"),
    "asymmetry_metric": ("asymmetry", "+.2f"),
    "esc_pctl": ("escalation percentile", ".2f"),
}
_HOVER_WORDS = {"regime_label": "regime", "regime_bias": "bias", "risk_posture": "posture"}


def page_chart(*, has_volume: bool) -> dict[str, Any]:
    """The Vega-Lite specification of one timeframe's view, without its data.

    Args:
        has_volume: False leaves out the volume panel.
    """
    hovered = _HOVERED if has_volume else _HOVERED[:-1]
    here = _where_hovered(hovered)
    panels: list[Panel] = [
        _price(here).properties(height=330),
        _strips(here).properties(height=_STRIP),
        _escalation(here).properties(height=120),
        _drawdown(here).properties(height=70),
    ]
    if has_volume:
        panels.append(_volume(here).properties(height=60))
    panels.append(_overview().properties(height=48))
    chart = alt.vconcat(*(panel.properties(width=WIDTH) for panel in panels), spacing=8)
    specification: dict[str, Any] = _styled(chart.resolve_scale(color="independent")).to_dict()
    return specification


def with_strips(specification: dict[str, Any], rows: int) -> dict[str, Any]:
    """The specification with a strip panel as high as ``rows`` timeframes need."""
    above, strips, *below = specification["vconcat"]
    return {**specification, "vconcat": [above, {**strips, "height": _STRIP * rows}, *below]}


def _where_hovered(panels: tuple[str, ...]) -> dict[str, Any]:
    # the line through all panels at the bar under the pointer, whichever panel that is in
    pointed_at = [{"param": f"hover_{panel}", "empty": False} for panel in panels]
    return {"condition": {"test": {"or": pointed_at}, "value": 0.9}, "value": 0}


def _price(here: dict[str, Any]) -> Panel:
    colour = alt.Color("ink:N", scale=None)
    bars = _data(BARS).transform_filter(_BRUSH)  # so that the price axis follows the zoom
    time = _time(labels=True)
    ranges = bars.mark_rule(strokeWidth=1, clip=True).encode(
        x=time, y=_log("low", "price (log)"), y2="high:Q", color=colour
    )
    bodies = bars.mark_rect(clip=True).encode(
        x=_time("body_start"), x2="body_end:T", y=_log("open"), y2="close:Q", color=colour
    )
    closes = bars.mark_line(strokeWidth=0.9, color=_INK, clip=True).encode(x=time, y=_log("close"))
    return alt.layer(
        _bands(),
        _era_rules(),
        _era_names(),
        ranges,
        bodies,
        closes,
        _levels(),
        _crosshair("price", here),
    )


def _levels() -> Panel:
    strength = alt.Opacity("strength:Q", legend=None, scale=alt.Scale(range=[0.35, 0.9]))
    return (
        _data(LEVELS)
        .transform_filter(_BRUSH)
        .mark_rule(strokeDash=[5, 3], strokeWidth=1.2, color="#5b3f8c", clip=True)
        .encode(
            x=_time("start"),
            x2="end:T",
            y=_log("price"),
            opacity=strength,
            tooltip=["side:N", "price:Q", alt.Tooltip("strength:Q", format=".2f")],
        )
    )


def _bands() -> Panel:
    return (
        _data(RUNS)
        .mark_rect(opacity=0.32, clip=True)
        .encode(x=_time("start"), x2="end:T", color=_regime(legend=True))
    )


def _strips(here: dict[str, Any]) -> Panel:
    names = alt.Y("timeframe:N", sort=list(TIMEFRAMES), title=None, scale=alt.Scale(padding=0.12))
    rows = (
        _data(STRIPS)
        .mark_rect(clip=True)
        .encode(
            x=_time("start"),
            x2="end:T",
            y=names,
            color=_regime(legend=False),
            tooltip=[
                alt.Tooltip("timeframe:N"),
                alt.Tooltip("regime_label:N", title="regime"),
                alt.Tooltip("since:N", title="from"),
                alt.Tooltip("bars:Q", title="bars"),
            ],
        )
    )
    return alt.layer(rows, _line(here))


def _escalation(here: dict[str, Any]) -> Panel:
    ticks = alt.Axis(values=[0, 0.6, 0.85, 1], format=".2f", labelOverlap=False, titlePadding=12)
    level = alt.Y("esc_pctl:Q", scale=alt.Scale(domain=[0, 1]), title="escalation", axis=ticks)
    legend = alt.Legend(
        title="escalation", symbolType="stroke", symbolStrokeWidth=3, values=["LOW", "MED", "HIGH"]
    )
    colour = alt.Color("esc_bucket:N", scale=_BUCKET_SCALE, legend=legend)
    stems = (
        _data(BARS)
        .mark_rule(strokeWidth=1.1, clip=True)
        .encode(x=_time(), y=level, y2=alt.datum(0), color=colour)
    )
    lines = alt.Chart(alt.InlineData(values=[{"esc_pctl": 0.60}, {"esc_pctl": 0.85}]))
    edges = lines.mark_rule(strokeDash=[4, 3], color=_INK).encode(y=level)
    return alt.layer(stems, edges, _era_rules(), _crosshair("escalation", here))


def _drawdown(here: dict[str, Any]) -> Panel:
    depth = alt.Y("drawdown:Q", title="drawdown", axis=alt.Axis(format=".0%", tickCount=3))
    area = (
        _data(BARS)
        .mark_area(color="#c3ccd5", line={"color": "#52606d", "strokeWidth": 0.8}, clip=True)
        .encode(x=_time(), y=depth)
    )
    return alt.layer(area, _crosshair("drawdown", here))


def _volume(here: dict[str, Any]) -> Panel:
    amount = alt.Y("volume:Q", title="volume", axis=alt.Axis(format="~s", tickCount=3))
    stems = (
        _data(BARS)
        .mark_rule(color="#9aa5b1", strokeWidth=0.9, clip=True)
        .encode(x=_time(), y=amount, y2=alt.datum(0))
    )
    return alt.layer(stems, _crosshair("volume", here))


def _overview() -> Panel:
    return (
        _data(BARS)
        .mark_line(color="#52606d", strokeWidth=0.9)
        .encode(
            x=alt.X(
                "ts:T",
                title="drag here to zoom, click to reset",
                scale=alt.Scale(type="utc"),
                axis=_labelled(),
            ),
            y=alt.Y("close:Q", scale=alt.Scale(type="log", nice=False), axis=None),
        )
        .add_params(_BRUSH)
    )


def _crosshair(panel: str, here: dict[str, Any]) -> Panel:
    words = [alt.Tooltip("when:N", title="bar (UTC)")]
    words += [alt.Tooltip(f"{name}:N", title=title) for name, title in _HOVER_WORDS.items()]
    numbers = [
        alt.Tooltip(f"{name}:Q", title=title, format=form)
        for name, (title, form) in HOVER_COLUMNS.items()
    ]
    # adjacent slots instead of "nearest", which loses text columns in tooltips
    slots = (
        _data(BARS)
        .mark_rect(opacity=0, clip=True)
        .encode(x=_time("slot_start"), x2="slot_end:T", tooltip=[*words, *numbers])
        .add_params(
            alt.selection_point(
                name=f"hover_{panel}",
                on="pointermove",
                clear="pointerout",
                fields=["ts"],
                empty=False,
            )
        )
    )
    return alt.layer(_line(here), slots)


def _line(here: dict[str, Any]) -> Panel:
    lines = _data(BARS).mark_rule(color="#52606d", clip=True)
    return lines.encode(x=_time(), opacity=here)


def _era_rules() -> Panel:
    rules = _data(ERAS).mark_rule(color=_INK, strokeDash=[1, 3], clip=True)
    return rules.encode(x=_time("start"))


def _era_names() -> Panel:
    words = _data(ERAS).mark_text(align="left", dx=4, color=_INK, fontSize=10, clip=True)
    return words.encode(x=_time("start"), y=alt.value(8), text="name:N")


def _data(name: str) -> Panel:
    return alt.Chart(alt.NamedData(name=name))


def _time(column: str = "ts", *, labels: bool = False) -> alt.X:
    zoomed = {"param": "zoom", "encoding": "x"}
    axis = _labelled() if labels else alt.Axis()  # the others have no labels by configuration
    return alt.X(f"{column}:T", title=None, scale=alt.Scale(type="utc", domain=zoomed), axis=axis)


def _labelled() -> alt.Axis:
    return alt.Axis(labels=True, ticks=True)


def _log(column: str, title: str | None = None) -> alt.Y:
    axis = alt.Axis(labelExpr="format(datum.value, '~g')", tickCount=8, titlePadding=12)
    scale = alt.Scale(type="log", nice=False, padding=10)
    return alt.Y(f"{column}:Q", title=title, scale=scale, axis=axis)


def _regime(*, legend: bool) -> alt.Color:
    words = "lower(replace(datum.label, /_/g, ' '))"  # as the table above the chart has them
    shown = alt.Legend(title="regime", orient="right", symbolOpacity=1, labelExpr=words)
    return alt.Color("regime_label:N", scale=_REGIME_SCALE, legend=shown if legend else None)


def _styled(chart: Panel) -> Panel:
    return (
        chart.configure_view(stroke="#d5dae0")
        .configure_axis(gridColor=_GRID, labelColor=_INK, titleColor=_INK, titleFontWeight="normal")
        .configure_axisX(labels=False, ticks=False)
        .configure_axisY(minExtent=44)
        .configure_legend(labelLimit=220, symbolType="square")
    )
