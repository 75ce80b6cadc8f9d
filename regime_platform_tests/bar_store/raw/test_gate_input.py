"""The input of the gate: revisions in force, with unadjusted intraday bars on today's basis."""

import datetime as dt
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.gate_input import gate_input
from regime_platform.bar_store.raw.raw_log import append
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.model.markets import MARKETS
from regime_platform_tests.builders import LONG_AFTER, fetch_origin, make_bars
from regime_platform_tests.traded import as_traded, sessions_of

DAILY = make_bars(60)
SPLIT = {DAILY["ts"].dt.date()[30]: Fraction(2)}
HOURS = sessions_of(as_traded(DAILY, SPLIT))


def _store(paths: SymbolPaths, timeframe: str, bars: pl.DataFrame, basis: str) -> None:
    origin = replace(fetch_origin(timeframe=timeframe), price_basis=basis)
    append(paths.raw(timeframe), bars, origin)


def test_unadjusted_hours_are_adjusted_to_split_adjusted_days(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _store(paths, "1day", DAILY, "split_adjusted")
    _store(paths, "1h", HOURS, "unadjusted")

    given = gate_input(paths, "1h", MARKETS["US_EQUITY"])

    (adjustment,) = given.factors
    assert adjustment.ratio == 2
    assert given.served["close"].equals(HOURS["close"])
    assert given.rows["close"][0] == HOURS["close"][0] / 2
    assert given.rows["close"][-1] == HOURS["close"][-1]


def test_bars_as_served_are_never_adjusted(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _store(paths, "1day", DAILY, "as_served")
    _store(paths, "1h", HOURS, "unadjusted")

    given = gate_input(paths, "1h", MARKETS["US_EQUITY"])

    assert given.factors == ()
    assert given.rows.equals(given.served)


def test_a_past_moment_leaves_out_later_fetches(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _store(paths, "1day", DAILY[:30], "split_adjusted")
    later = replace(fetch_origin(LONG_AFTER + dt.timedelta(days=1)), price_basis="split_adjusted")
    append(paths.raw("1day"), DAILY[30:], later)

    assert gate_input(paths, "1day", MARKETS["US_EQUITY"], LONG_AFTER).rows.height == 30
    assert gate_input(paths, "1day", MARKETS["US_EQUITY"]).rows.height == 60


def test_a_listing_of_the_caller_is_used(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _store(paths, "1day", DAILY[:30], "split_adjusted")
    logs = {"1day": list_raw(paths.raw("1day"))}
    later = replace(fetch_origin(LONG_AFTER + dt.timedelta(days=1)), price_basis="split_adjusted")
    append(paths.raw("1day"), DAILY[30:], later)

    assert gate_input(paths, "1day", MARKETS["US_EQUITY"], logs=logs).rows.height == 30
