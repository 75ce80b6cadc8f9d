"""What the gate is to judge of one series: the raw log folded, on one price basis.

A function of the raw log alone, now or as of any moment of the past: so what the gate said then
can be found again.
"""

import datetime as dt
from dataclasses import dataclass

import polars as pl

from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.price_factors import Step, adjusted, price_factors
from regime_platform.bars.raw_log import read_raw
from regime_platform.bars.revisions import fold
from regime_platform.model.timeframes import is_intraday
from regime_platform.validation.series_rules import GATE_SCHEMA

_COLUMNS = (*GATE_SCHEMA, "price_basis")


@dataclass(frozen=True)
class GateInput:
    """Rows in the gate's schema, and by what their prices were adjusted."""

    rows: pl.DataFrame
    factors: tuple[Step, ...] = ()


def gate_input(
    paths: SymbolPaths, timeframe: str, asset_class: str, as_of: dt.datetime | None = None
) -> GateInput:
    """The revisions in force of one series, on today's price basis.

    Only what its source declares unadjusted is adjusted, and only to daily bars that theirs
    declares split-adjusted.

    Args:
        paths: the symbol.
        timeframe: the series.
        asset_class: of the instrument.
        as_of: leaves out what was fetched later, of the daily bars as well.

    Raises:
        BarsError: a file of the raw log is damaged.
    """
    if not is_intraday(timeframe):
        return GateInput(fold(read_raw(paths.raw(timeframe), as_of), timeframe, asset_class))
    raw = read_raw(paths.raw(timeframe), as_of, _COLUMNS)
    rows = fold(raw, timeframe, asset_class)
    unadjusted = _batches(raw, "unadjusted")
    if unadjusted.is_empty():
        return GateInput(rows)
    steps = price_factors(
        _split_adjusted_days(paths, asset_class, as_of),
        _of(rows, unadjusted),
        timeframe,
        asset_class,
    )
    if not steps:
        return GateInput(rows)
    told = pl.col("batch").is_in(unadjusted.implode())
    parts = [adjusted(rows.filter(told), steps, asset_class), rows.filter(~told)]
    return GateInput(pl.concat(parts).sort("ts", maintain_order=True), steps)


def _split_adjusted_days(
    paths: SymbolPaths, asset_class: str, as_of: dt.datetime | None
) -> pl.DataFrame:
    raw = read_raw(paths.raw("1day"), as_of, _COLUMNS)
    return _of(fold(raw, "1day", asset_class), _batches(raw, "split_adjusted"))


def _batches(raw: pl.DataFrame, basis: str) -> pl.Series:
    return raw.filter(pl.col("price_basis") == basis)["batch"].unique()


def _of(rows: pl.DataFrame, batches: pl.Series) -> pl.DataFrame:
    return rows.filter(pl.col("batch").is_in(batches.implode()))
