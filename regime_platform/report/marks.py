"""The data of a page: bars thinned to marks, runs of regimes, levels and eras, by column.

Columns instead of rows halve the size of a page, whose script converts them back. Instants are
epoch milliseconds, so that they do not depend on how a browser parses dates.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from regime_platform.compute.eras.eras import OPEN_START, EraChoice
from regime_platform.model.actions import Action
from regime_platform.model.ratios import ratio_text
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.report.palette import ALARMS

#: Marks that a page draws quickly; 16 years of daily bars are shown bar by bar.
MOST_MARKS = 4000
BARS = "bars"
RUNS = "runs"  # of this timeframe
STRIPS = "strips"  # runs of all timeframes
ERAS = "eras"
SPLITS = "splits"  # that the bars are adjusted for
LEVELS = "levels"
IMMATURE = "immature"
#: Column -> (title, number format): what hovering over a bar shows.
HOVER_COLUMNS = {
    **{name: (name, ",") for name in ("open", "high", "low", "close")},
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
    "rank_bars": ("ranked on bars", ","),
}
_BODY = 0.36  # half a candle's width, in bars
_RISING, _FALLING = "#616e7c", "#1f2933"  # candles are grey: colour shows the regime
_LEVEL_BARS = 250  # key levels are computed from the last 250 bars
_BAR_COLUMNS = (
    *("ts", "when", "body_start", "body_end", "slot_start", "slot_end", "ink"),
    *("regime_label", "regime_bias", "risk_posture", "drawdown", "esc_bucket"),
)

Columns = dict[str, list[Any]]


def bars_per_mark(bars: int, most_marks: int = MOST_MARKS) -> int:
    """How many bars share one mark so that no more than ``most_marks`` are drawn; at least 1."""
    return max(1, -(-bars // most_marks))


def thinned(frame: pl.DataFrame, most_marks: int = MOST_MARKS) -> pl.DataFrame:
    """One row per mark, labelled by the open of its first bar; the same columns and order.

    Extremes stay visible: a mark has the first open, highest high, lowest low and last close of its
    bars, the highest escalation, the deepest drawdown, and SHOCK or PANIC_RISK where any of them
    has that label. All other values are those of the last bar.
    """
    share = bars_per_mark(frame.height, most_marks)
    if share == 1:
        return frame
    label, volume = pl.col("regime_label"), pl.col("volume")
    alarm = pl.coalesce(
        *(pl.when((label == name).any()).then(pl.lit(name)) for name in ALARMS), label.last()
    )
    of_a_mark = {
        **{name: pl.col(name).first() for name in ("ts", "open")},
        **{name: pl.col(name).max() for name in ("high", "esc_pctl")},
        **{name: pl.col(name).min() for name in ("low", "drawdown")},
        "volume": pl.when(volume.is_not_null().any()).then(volume.sum()),
        "regime_label": alarm.alias("regime_label"),
    }
    mark = (pl.int_range(pl.len()) // share).alias("mark")
    grouped = frame.group_by(mark, maintain_order=True)
    values = (of_a_mark.get(name, pl.col(name).last()) for name in frame.columns)
    return grouped.agg(values).drop("mark")


def regime_runs(frame: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """The unbroken runs of a regime, oldest first: regime_label, start, end, bars.

    A run reaches to the open of the next one, so that bands touch; the last one ends one nominal
    bar after the last open. Bars without a label belong to no run.
    """
    last: dt.datetime | None = frame["ts"].last()  # type: ignore[assignment]
    spans = frame.select(
        "regime_label",
        start="ts",
        end=pl.col("ts").shift(-1, fill_value=last and last + DURATION[timeframe]),
        run=pl.col("regime_label").rle_id(),
    ).filter(pl.col("regime_label").is_not_null())
    runs = spans.group_by("run", maintain_order=True).agg(
        pl.col("regime_label", "start").first(), pl.col("end").last(), bars=pl.len()
    )
    return runs.drop("run")


def bar_columns(frame: pl.DataFrame, timeframe: str) -> Columns:
    """One entry per mark of the series."""
    wide = DURATION[timeframe] * bars_per_mark(frame.height)
    form = "%Y-%m-%d %H:%M" if is_intraday(timeframe) else "%Y-%m-%d"
    falls = pl.col("close") < pl.col("open")
    marks = thinned(frame).with_columns(
        when=pl.col("ts").dt.strftime(form),
        body_start=pl.col("ts") - wide * _BODY,
        body_end=pl.col("ts") + wide * _BODY,
        slot_start=pl.col("ts") - wide / 2,
        slot_end=pl.coalesce(pl.col("ts").shift(-1), pl.col("ts") + wide) - wide / 2,
        ink=pl.when(falls).then(pl.lit(_FALLING)).otherwise(pl.lit(_RISING)),
    )
    return columns(marks.select(*_BAR_COLUMNS, *HOVER_COLUMNS))


def run_columns(series: Mapping[str, pl.DataFrame]) -> Columns:
    """The runs of regimes of some timeframes, each with its timeframe."""
    runs = [
        _few_runs(frame, timeframe).with_columns(
            timeframe=pl.lit(timeframe), since=pl.col("start").dt.strftime("%Y-%m-%d %H:%M")
        )
        for timeframe, frame in series.items()
    ]
    return columns(pl.concat(runs)) if runs else {}


def _few_runs(frame: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    runs = regime_runs(frame, timeframe)
    if runs.height <= MOST_MARKS:
        return runs
    marks = regime_runs(thinned(frame), timeframe)
    return marks.with_columns(pl.col("bars") * bars_per_mark(frame.height))


def immature_spans(frame: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """The unbroken runs of immature ranks, oldest first: start, end, rank (the legend's word).

    As the runs of a regime they reach to the open of the bar after them.
    """
    mark = pl.when("is_rank_immature").then(pl.lit("immature"))
    runs = regime_runs(frame.with_columns(regime_label=mark), timeframe)
    return runs.select("start", "end", rank="regime_label")


def level_columns(frame: pl.DataFrame) -> Columns:
    """The key levels of the last bar, drawn over the bars that they come from."""
    last = frame.row(-1, named=True)
    start = frame["ts"][-min(_LEVEL_BARS, frame.height)]
    rows = [
        {
            "ts": last["ts"],
            "start": start,
            "end": last["ts"],
            "side": side,
            "price": last[f"{side}_{rank}_price"],
            "strength": last[f"{side}_{rank}_strength"],
        }
        for side in ("support", "resistance")
        for rank in (1, 2, 3)
        if last[f"{side}_{rank}_price"] is not None
    ]
    return columns(pl.DataFrame(rows)) if rows else {}


def era_columns(frame: pl.DataFrame, choice: EraChoice) -> Columns:
    """The starts of eras within the series."""
    first, last = frame["ts"].dt.epoch("us").gather([0, -1])
    starts = [
        {"start": era.start_us // 1000, "name": f"era {era.index}"}
        for era in choice.eras
        if era.start_us != OPEN_START and first < era.start_us <= last
    ]
    return columns(pl.DataFrame(starts)) if starts else {}


def split_columns(actions: Sequence[Action]) -> Columns:
    """The splits that the bars are adjusted for, by their dates."""
    dates = pl.Series("start", [action.date for action in actions], dtype=pl.Date)
    names = [f"split {ratio_text(action.ratio)}" for action in actions]
    starts = dates.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return columns(pl.DataFrame({"start": starts, "name": names})) if names else {}


def columns(frame: pl.DataFrame) -> Columns:
    """Plain values by column: rounded, NaN and infinities as None, instants as milliseconds."""
    plain = frame.with_columns(
        pl.selectors.datetime().dt.epoch("ms"),
        pl.selectors.enum().cast(pl.String),
        pl.selectors.float().round_sig_figs(6),
    ).with_columns(pl.when(pl.selectors.float().is_finite()).then(pl.selectors.float()))
    return plain.to_dict(as_series=False)
