"""Revised bars are those whose values changed; another price basis revises none."""

from fractions import Fraction

import polars as pl
import pytest

from regime_platform.model.markets import MARKETS
from regime_platform.revisions.basis_changes import BasisChange, Rebase
from regime_platform.revisions.revised_bars import revised_bars
from regime_platform.validation.rules.series import GATE_SCHEMA
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.scenario import with_value

BARS = make_bars(20)


def test_a_change_of_the_basis_revises_no_bar() -> None:
    raw = BARS.with_columns(fetched_at=pl.lit(LONG_AFTER), batch=pl.lit("000001-a"))
    prices = pl.col("open", "high", "low", "close")
    halved = raw.with_columns((prices / 2).round(2), batch=pl.lit("000002-b"))
    change = BasisChange(
        ratio=Fraction(2),
        bars=20,
        first=BARS["ts"][0],
        last=BARS["ts"][19],
        deviation=0.0,
        same_from=None,
    )
    off = with_value(halved, 7, close=60.0)

    revised = revised_bars(
        pl.concat([raw, off]).select(list(GATE_SCHEMA)),
        "1day",
        MARKETS["US_EQUITY"],
        [Rebase(2, change)],
    )

    assert revised["ts"].to_list() == [BARS["ts"][7]]
    assert revised["first_close"][0] == pytest.approx(BARS["close"][7] / 2)
