"""The latest state of a symbol as an HTML table: regime, since when, and reasons."""

from typing import Any

import polars as pl

from regime_platform.model.timeframes import is_intraday
from regime_platform.report.html_text import html_text
from regime_platform.report.palette import BUCKET_COLOURS, REGIME_COLOURS, readable

_HEAD = ("timeframe", "regime", "since", "bias", "posture", "confidence", "escalation", "reasons")


def state_table(latest: pl.DataFrame) -> str:
    """One row per timeframe, in the order given."""
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    rows = "".join(_row(state) for state in latest.iter_rows(named=True))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(state: dict[str, Any]) -> str:
    cells = (
        html_text(state["timeframe"]),
        _swatch(REGIME_COLOURS[state["regime_label"]]) + _word(state["regime_label"]),
        f"{_since(state)}<small> {state['regime_bars']:,} bars</small>",
        _word(state["regime_bias"]),
        _word(state["risk_posture"]),
        f"{state['confidence']:.2f}",
        _escalation(state),
        html_text(_why(state)),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _since(state: dict[str, Any]) -> str:
    form = "%Y-%m-%d %H:%M" if is_intraday(state["timeframe"]) else "%Y-%m-%d"
    return str(state["regime_since"].strftime(form))


def _escalation(state: dict[str, Any]) -> str:
    bucket = state["escalation_bucket"]
    if state["esc_pctl"] is None:
        return "<small>not enough bars</small>"
    share = f"{state['esc_pctl']:.2f}<small> {html_text(bucket)}</small>"
    return f"{_swatch(BUCKET_COLOURS[bucket])}{share}"


def _why(state: dict[str, Any]) -> str:
    codes = state["regime_reasons_top"] or state["regime_reasons"] or ""
    return ", ".join(readable(code) for code in codes.split(",") if code)


def _word(code: str) -> str:
    return html_text(readable(code))


def _swatch(colour: str) -> str:
    return f'<i style="background:{colour}"></i>'
