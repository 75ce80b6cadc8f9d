"""The latest state of a symbol as an HTML table: what regime, since when, and why."""

import html
from typing import Any

import polars as pl

from regime_platform.model.timeframes import is_intraday
from regime_platform.report.palette import BUCKET_COLOURS, REGIME_COLOURS, readable

_HEAD = ("timeframe", "regime", "since", "bias", "posture", "confidence", "escalation", "why")


def state_table(latest: pl.DataFrame) -> str:
    """One row per timeframe, in the order given."""
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    rows = "".join(_row(state) for state in latest.iter_rows(named=True))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(state: dict[str, Any]) -> str:
    cells = (
        html.escape(state["timeframe"]),
        _swatch(REGIME_COLOURS[state["regime_label"]]) + readable(state["regime_label"]),
        f"{_since(state)}<small> {state['regime_bars']:,} bars</small>",
        readable(state["regime_bias"]),
        readable(state["risk_posture"]),
        f"{state['confidence']:.2f}",
        _escalation(state),
        html.escape(_why(state)),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _since(state: dict[str, Any]) -> str:
    form = "%Y-%m-%d %H:%M" if is_intraday(state["timeframe"]) else "%Y-%m-%d"
    return str(state["regime_since"].strftime(form))


def _escalation(state: dict[str, Any]) -> str:
    bucket = state["escalation_bucket"]
    if state["esc_pctl"] is None:
        return "<small>not enough bars</small>"
    return f"{_swatch(BUCKET_COLOURS[bucket])}{state['esc_pctl']:.2f}<small> {bucket}</small>"


def _why(state: dict[str, Any]) -> str:
    codes = state["regime_reasons_top"] or state["regime_reasons"] or ""
    return ", ".join(readable(code) for code in codes.split(",") if code)


def _swatch(colour: str) -> str:
    return f'<i style="background:{colour}"></i>'
