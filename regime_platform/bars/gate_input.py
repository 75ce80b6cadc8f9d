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

_PLAIN = tuple(GATE_SCHEMA)
_COLUMNS = (*_PLAIN, "price_basis")


@dataclass(frozen=True)
class GateInput:
    """What is held of one series, from every revision to what the gate reads."""

    raw: pl.DataFrame  # every revision, in order of arrival
    served: pl.DataFrame  # those in force, as they were served
    rows: pl.DataFrame  # the same in the gate's schema, on today's price basis
    factors: tuple[Step, ...] = ()  # by which ``rows`` differ from ``served``


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
    raw = read_raw(paths.raw(timeframe), as_of, _COLUMNS if is_intraday(timeframe) else _PLAIN)
    served = fold(raw, timeframe, asset_class)
    unadjusted = _batches(raw, "unadjusted") if is_intraday(timeframe) else pl.Series()
    if unadjusted.is_empty():
        return GateInput(raw, served, served)
    days = _split_adjusted_days(paths, asset_class, as_of)
    steps = price_factors(days, _of(served, unadjusted), timeframe, asset_class)
    if not steps:
        return GateInput(raw, served, served)
    told = pl.col("batch").is_in(unadjusted.implode())
    parts = [adjusted(served.filter(told), steps, asset_class), served.filter(~told)]
    return GateInput(raw, served, pl.concat(parts).sort("ts", maintain_order=True), steps)


def _split_adjusted_days(
    paths: SymbolPaths, asset_class: str, as_of: dt.datetime | None
) -> pl.DataFrame:
    raw = read_raw(paths.raw("1day"), as_of, _COLUMNS)
    return _of(fold(raw, "1day", asset_class), _batches(raw, "split_adjusted"))


def _batches(raw: pl.DataFrame, basis: str) -> pl.Series:
    return raw.filter(pl.col("price_basis") == basis)["batch"].unique()


def _of(rows: pl.DataFrame, batches: pl.Series) -> pl.DataFrame:
    return rows.filter(pl.col("batch").is_in(batches.implode()))
