"""What the script of a symbol's page draws of one series, as a document with packed columns."""

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.query.flips import flip
from regime_platform.report.flip_text import flip_words
from regime_platform.report.packing import Column, packed
from regime_platform.report.series_chart import Marker, SeriesChart

#: Bars of a series on a page that shares a folder with others: 3 years of 15min, 11 of 1h.
MOST_BARS = 20_000
#: Runs of a regime, the last ones, of which a page says why they began.
MOST_REASONS = 20


@dataclass(frozen=True)
class Value:
    """A value of a bar that a page shows beside the chart."""

    name: str  # column
    title: str
    digits: int
    is_signed: bool = False  # shown with its sign


VALUES = (
    Value("confidence", "confidence", 2),
    Value("market_bias", "market bias", 2, is_signed=True),
    Value("structural_score", "structural score", 2, is_signed=True),
    Value("cms", "momentum", 2, is_signed=True),
    Value("vrs", "volatility regime", 2),
    Value("risk_level", "risk level", 2),
    Value("instability_index", "instability", 2),
    Value("downside_shock_risk", "downside shock risk", 2),
    Value("asymmetry_metric", "asymmetry", 2, is_signed=True),
    Value("breakout_up", "breakout up", 2),
    Value("breakout_down", "breakout down", 2),
    Value("lq", "liquidity", 2),
)


def series_document(chart: SeriesChart, most: int | None = MOST_BARS) -> dict[str, Any]:
    """The document of one series; of a longer one the last ``most`` bars."""
    bars = chart.bars if most is None else chart.bars.tail(most)
    first: dt.datetime = bars["ts"][0]
    return {
        "timeframe": chart.timeframe,
        "seconds": int(DURATION[chart.timeframe].total_seconds()),
        "intraday": is_intraday(chart.timeframe),
        "strip": packed(list(_strip_columns(bars))),
        "values": packed(
            [
                *_value_columns(bars, has_volume=chart.has_volume),
                # rounded closes would give other hundredths of a percent
                Column("change", chart.bars["close"].pct_change().tail(bars.height), 4),
            ]
        ),
        "hasVolume": chart.has_volume,
        "reasons": list(_reasons(chart.bars)),
        "peak": _peak(bars),
        "era": chart.era,
        "levels": [
            {
                "name": level.name,
                "price": level.price,
                "strength": round(level.strength, 2),
                "start": _seconds(level.start),
            }
            for level in chart.levels
        ],
        "markers": [
            _marker_document(marker)
            for marker in chart.markers
            if (marker.end or marker.start) >= first
        ],
    }


def count_note(chart: SeriesChart, most: int | None = MOST_BARS) -> str:
    """How many bars a page has, and how to see the others."""
    total = chart.bars.height
    if most is None or total <= most:
        return f"{total:,} bars."
    return (
        f"The last {most:,} of {total:,} bars; `regime chart {chart.symbol} --timeframe "
        f"{chart.timeframe}` draws all."
    )


def last_reason(bars: pl.DataFrame) -> str:
    """Why the regime of the last bar with a state began; empty where none has one."""
    return next(_reasons(bars, 1), "")


def _reasons(bars: pl.DataFrame, most: int = MOST_REASONS) -> Iterator[str]:
    """Why each of the last runs of a regime began, oldest first."""
    label = bars["regime_label"]
    firsts = (label.is_not_null() & label.ne_missing(label.shift())).arg_true()
    for first in firsts[-most:] if firsts.len() else ():
        yield flip_words(flip(bars[max(first - 1, 0) : first + 1]))


def _strip_columns(bars: pl.DataFrame) -> Iterator[Column]:
    yield Column("time", bars["ts"].dt.epoch("s"))
    yield Column("regime", bars["regime_label"])


def _value_columns(bars: pl.DataFrame, *, has_volume: bool) -> Iterator[Column]:
    digits = price_digits(bars)
    for name in PRICE_COLUMNS:
        yield Column(name, bars[name], digits)
    if has_volume:
        yield Column("volume", bars["volume"], is_log=True)
    yield Column("escalation", bars["esc_pctl"], 3)
    yield Column("bucket", bars["esc_bucket"])
    yield Column("rankBars", bars["rank_bars"])
    yield Column("immature", bars["is_rank_immature"].cast(pl.Int8))
    yield Column("bias", bars["regime_bias"])
    yield Column("posture", bars["risk_posture"])
    for value in VALUES:
        yield Column(value.name, bars[value.name], value.digits)


def price_digits(bars: pl.DataFrame) -> int:
    """The decimals of the prices: all that they have, but no more than are worth their bytes.

    These are five significant digits of the median close, five decimals below 10, and three digits
    of the lowest low.
    """
    closes = bars["close"].filter(bars["close"].is_finite())
    middle, low = closes.median(), bars["low"].filter(bars["low"] > 0).min()
    if not (isinstance(middle, float) and isinstance(low, float)):
        return 2
    size = _magnitude(middle)
    most = min(10, max(2, 5 - size - (size > 0), 2 - _magnitude(low)))
    prices = bars.select(pl.col(PRICE_COLUMNS)).unpivot()["value"]
    for digits in range(2, most):
        scaled = prices * 10.0**digits
        if ((scaled - scaled.round()).abs() < 1e-4).all():
            return digits
    return most


def _magnitude(number: float) -> int:
    return math.floor(math.log10(number))


def _peak(bars: pl.DataFrame) -> float | None:
    """The highest close up to the first bar with a drawdown, which counts from it."""
    known = bars.filter(pl.col("drawdown").is_finite() & pl.col("close").is_finite())
    peaks = known.head(1).select(pl.col("close") / (1 + pl.col("drawdown"))).to_series().to_list()
    return next(iter(peaks), None)


def _marker_document(marker: Marker) -> dict[str, Any]:
    return {
        "kind": marker.kind,
        "start": _seconds(marker.start),
        "end": None if marker.end is None else _seconds(marker.end),
        "label": marker.label,
        "text": marker.text,
        "link": marker.link,
    }


def _seconds(instant: dt.datetime) -> int:
    return int(instant.timestamp())
