"""The input of the gate for one series: the raw log folded, on one price basis.

It depends on the raw log alone, as of any moment, so that an earlier verdict can be reproduced.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.bar_store.raw.raw_names import RawListing
from regime_platform.model.timeframes import is_intraday
from regime_platform.revisions.fold import fold
from regime_platform.revisions.price_factors import Adjustment, adjusted, price_factors
from regime_platform.validation.rules.series import GATE_SCHEMA

_COLUMNS = (*GATE_SCHEMA, "price_basis")


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
    source declares split-adjusted. ``as_of`` leaves out what was fetched later, of the daily bars
    as well; ``logs`` has listings (by timeframe) that the caller made.

    Raises:
        BarsError: a file of the raw log is damaged.
    """
    log = logs.get(timeframe, paths.raw(timeframe))
    raw = read_raw(log, as_of, _COLUMNS if is_intraday(timeframe) else tuple(GATE_SCHEMA))
    served = fold(raw, timeframe, asset_class)
    if not is_intraday(timeframe):
        return GateInput(raw, served, served)
    is_unadjusted = _is_served(raw, "unadjusted")
    unadjusted = served.filter(is_unadjusted)
    if unadjusted.is_empty():
        return GateInput(raw, served, served)
    daily = read_raw(logs.get("1day", paths.raw("1day")), as_of, _COLUMNS)
    days = fold(daily, "1day", asset_class).filter(_is_served(daily, "split_adjusted"))
    steps = price_factors(days, unadjusted, timeframe, asset_class)
    if not steps:
        return GateInput(raw, served, served)
    parts = [adjusted(unadjusted, steps, asset_class), served.filter(~is_unadjusted)]
    return GateInput(raw, served, pl.concat(parts).sort("ts", maintain_order=True), steps)


def _is_served(raw: pl.DataFrame, basis: str) -> pl.Expr:
    """True for rows of the batches that were served on a price basis."""
    batches = raw.filter(pl.col("price_basis") == basis)["batch"].unique()
    return pl.col("batch").is_in(batches.implode())
