"""The input of the gate for one series: the raw log folded, on one price basis.

A function of the raw log alone, now or as of any moment of the past, so that an earlier verdict can
be reproduced.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.bar_store.raw.raw_names import RawListing, RawLog
from regime_platform.model.timeframes import is_intraday
from regime_platform.revisions.fold import fold
from regime_platform.revisions.price_factors import Adjustment, adjusted, price_factors
from regime_platform.validation.rules.series import GATE_SCHEMA

_PLAIN = tuple(GATE_SCHEMA)
_COLUMNS = (*_PLAIN, "price_basis")


@dataclass(frozen=True)
class GateInput:
    """The stored rows of one series, from every revision to what the gate reads."""

    raw: pl.DataFrame  # every revision, in order of arrival
    served: pl.DataFrame  # those in force, as they were served
    rows: pl.DataFrame  # the same in the gate's schema, on today's price basis
    factors: tuple[Adjustment, ...] = ()  # by which ``rows`` differ from ``served``


def gate_input(
    paths: SymbolPaths,
    timeframe: str,
    asset_class: str,
    as_of: dt.datetime | None = None,
    logs: Mapping[str, RawListing] = MappingProxyType({}),
) -> GateInput:
    """The revisions in force of one series, on today's price basis.

    Only bars that their source declares unadjusted are adjusted, and only to daily bars that their
    source declares split-adjusted.

    Args:
        paths: the symbol.
        timeframe: the series.
        asset_class: of the instrument.
        as_of: leaves out what was fetched later, of the daily bars as well.
        logs: timeframe -> listing of its raw log, where the caller has one.

    Raises:
        BarsError: a file of the raw log is damaged.
    """
    log = logs.get(timeframe, paths.raw(timeframe))
    raw = read_raw(log, as_of, _COLUMNS if is_intraday(timeframe) else _PLAIN)
    served = fold(raw, timeframe, asset_class)
    unadjusted = _batches(raw, "unadjusted") if is_intraday(timeframe) else pl.Series()
    if unadjusted.is_empty():
        return GateInput(raw, served, served)
    days = _split_adjusted_days(logs.get("1day", paths.raw("1day")), asset_class, as_of)
    steps = price_factors(days, _of(served, unadjusted), timeframe, asset_class)
    if not steps:
        return GateInput(raw, served, served)
    is_unadjusted = pl.col("batch").is_in(unadjusted.implode())
    parts = [
        adjusted(served.filter(is_unadjusted), steps, asset_class),
        served.filter(~is_unadjusted),
    ]
    return GateInput(raw, served, pl.concat(parts).sort("ts", maintain_order=True), steps)


def _split_adjusted_days(log: RawLog, asset_class: str, as_of: dt.datetime | None) -> pl.DataFrame:
    raw = read_raw(log, as_of, _COLUMNS)
    return _of(fold(raw, "1day", asset_class), _batches(raw, "split_adjusted"))


def _batches(raw: pl.DataFrame, basis: str) -> pl.Series:
    return raw.filter(pl.col("price_basis") == basis)["batch"].unique()


def _of(rows: pl.DataFrame, batches: pl.Series) -> pl.DataFrame:
    return rows.filter(pl.col("batch").is_in(batches.implode()))
