"""The data of a page: thinned, rounded and by column.

Columns instead of rows halve the size of a page, whose script converts them back. Instants are
epoch milliseconds, so that they do not depend on how a browser parses dates.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from regime_platform.compute.eras.eras import OPEN_START, EraChoice
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.report.panels import HOVER_COLUMNS
from regime_platform.report.reading import SeriesView
from regime_platform.report.runs import regime_runs
from regime_platform.report.thinning import bars_per_mark, thinned

#: Marks that a page draws quickly; 16 years of daily bars are shown bar by bar.
MOST_MARKS = 4000
_BODY = 0.36  # half a candle's width, in bars
_RISING, _FALLING = "#616e7c", "#1f2933"  # candles are grey: colour shows the regime
_LEVEL_BARS = 250  # key levels are computed from the last 250 bars
_BAR_COLUMNS = (
    *("ts", "when", "body_start", "body_end", "slot_start", "slot_end", "ink"),
    *("regime_label", "regime_bias", "risk_posture", "drawdown", "esc_bucket"),
)

Columns = dict[str, list[Any]]


def bar_columns(view: SeriesView) -> Columns:
    """One entry per mark of the series."""
    wide = DURATION[view.timeframe] * bars_per_mark(view.frame.height, MOST_MARKS)
    form = "%Y-%m-%d %H:%M" if is_intraday(view.timeframe) else "%Y-%m-%d"
    falls = pl.col("close") < pl.col("open")
    marks = thinned(view.frame, MOST_MARKS).with_columns(
        when=pl.col("ts").dt.strftime(form),
        body_start=pl.col("ts") - wide * _BODY,
        body_end=pl.col("ts") + wide * _BODY,
        slot_start=pl.col("ts") - wide / 2,
        slot_end=pl.coalesce(pl.col("ts").shift(-1), pl.col("ts") + wide) - wide / 2,
        ink=pl.when(falls).then(pl.lit(_FALLING)).otherwise(pl.lit(_RISING)),
    )
    return columns(marks.select(*_BAR_COLUMNS, *HOVER_COLUMNS))


def run_columns(views: Sequence[SeriesView]) -> Columns:
    """The runs of regimes of some series, each with its timeframe."""
    runs = [
        _few_runs(view).with_columns(
            timeframe=pl.lit(view.timeframe),
            since=pl.col("start").dt.strftime("%Y-%m-%d %H:%M"),
        )
        for view in views
    ]
    return columns(pl.concat(runs)) if runs else {}


def _few_runs(view: SeriesView) -> pl.DataFrame:
    runs = regime_runs(view.frame, view.timeframe)
    if runs.height <= MOST_MARKS:
        return runs
    share = bars_per_mark(view.frame.height, MOST_MARKS)
    marks = regime_runs(thinned(view.frame, MOST_MARKS), view.timeframe)
    return marks.with_columns(pl.col("bars") * share)


def level_columns(view: SeriesView) -> Columns:
    """The key levels of the last bar, drawn over the bars that they come from."""
    last = view.frame.tail(1)
    start = view.frame["ts"][-min(_LEVEL_BARS, view.frame.height)]
    rows = [
        {
            "ts": last["ts"][0],
            "start": start,
            "end": last["ts"][0],
            "side": side,
            "price": price,
            "strength": strength,
        }
        for side in ("support", "resistance")
        for rank in (1, 2, 3)
        for price, strength in [
            last.select(f"{side}_{rank}_price", f"{side}_{rank}_strength").row(0)
        ]
        if price is not None
    ]
    return columns(pl.DataFrame(rows)) if rows else {}


def era_columns(view: SeriesView, choice: EraChoice) -> Columns:
    """The starts of eras within the series."""
    first, last = view.frame["ts"].dt.epoch("us").gather([0, -1])
    starts = [
        {"start": era.start_us // 1000, "name": f"era {era.index}"}
        for era in choice.eras
        if era.start_us != OPEN_START and first < era.start_us <= last
    ]
    return columns(pl.DataFrame(starts)) if starts else {}


def columns(frame: pl.DataFrame) -> Columns:
    """Plain values by column: rounded, NaN and infinities as None, instants as milliseconds."""
    plain = frame.with_columns(
        pl.selectors.datetime().dt.epoch("ms"),
        pl.selectors.enum().cast(pl.String),
        pl.selectors.float().round_sig_figs(6),
    ).with_columns(pl.when(pl.selectors.float().is_finite()).then(pl.selectors.float()))
    return {name: plain[name].to_list() for name in plain.columns}
