"""Duplicates, order, forming bars and length of a series are checked."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.validation.findings import Severity
from regime_platform.validation.gate import PASSED
from regime_platform.validation.rules.series import MINIMUM_BARS
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.validation.generated_bars import bars_with, broken_rules, gated
from regime_platform_tests.validation.real_bars import finding_of


def test_rows_of_one_open_that_differ_are_all_rejected() -> None:
    rows = fetched(make_bars(250))
    other = bars_with(7, close=rows["close"][7] * 0.9999)[7:8]

    result = gated(pl.concat([rows[:8], other, rows[8:]]))

    assert broken_rules(result) == {"contradicting_duplicate": 2}
    assert result.rejected["ts"].n_unique() == 1
    assert f"close {rows['close'][7]} volume" in result.rejected["reason"][0]
    assert result.valid.equals(pl.concat([rows[:7], rows[8:]]))


def test_rows_that_repeat_each_other_collapse_into_the_first() -> None:
    rows = bars_with(7, volume=None)

    result = gated(pl.concat([rows[:8], rows[7:8], rows[7:8], rows[8:]]))

    assert result.status == PASSED
    assert broken_rules(result) == {"repeated_bar": 2}
    assert (result.set_aside_rows, result.rejected_rows) == (2, 0)
    assert result.valid.equals(rows)


def test_rows_that_differ_in_their_last_bits_repeat_each_other() -> None:
    rows = fetched(make_bars(250))
    other = bars_with(7, close=rows["close"][7] * (1 + 1e-13), volume=rows["volume"][7] + 1e-6)[7:8]

    result = gated(pl.concat([rows[:8], other, rows[8:]]))

    assert broken_rules(result) == {"repeated_bar": 1}
    assert result.valid.equals(rows)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_value_and_none_contradict_each_other(value: float | None) -> None:
    rows = bars_with(7, volume=value)
    other = fetched(make_bars(250))[7:8]

    result = gated(pl.concat([rows[:8], other, rows[8:]]))

    assert broken_rules(result)["contradicting_duplicate"] == 2


def test_a_row_that_stands_after_a_later_one_is_rejected() -> None:
    rows = fetched(make_bars(250))

    result = gated(rows[[0, 3, 1, 2, *range(4, 250)]])

    assert broken_rules(result) == {"ts_order": 2}
    assert result.rejected["ts"].to_list() == rows["ts"][1:3].to_list()


def test_a_rejected_future_bar_puts_no_other_out_of_order() -> None:
    ahead = dt.datetime(2030, 1, 7, tzinfo=dt.UTC)

    assert broken_rules(gated(bars_with(3, ts=ahead))) == {"future_bar": 1}


def test_a_forming_bar_is_set_aside_whatever_its_values() -> None:
    during = dt.datetime(2012, 1, 6, 18, tzinfo=dt.UTC)  # the Friday of the fifth bar
    rows = fetched(make_bars(5), during).with_columns(
        close=pl.when(pl.int_range(pl.len()) == 4).then(None).otherwise("close")
    )

    result = gated(rows)

    assert result.status == PASSED
    assert broken_rules(result) == {"unfinished_bar": 1, "minimum_count": 1}
    assert result.rejected["disposition"].to_list() == ["set_aside"]
    assert result.rejected["reason"].to_list() == ["was still forming at 2012-01-06 18:00:00"]


def test_too_short_is_a_status_and_blocks_nothing() -> None:
    result = gated(fetched(make_bars(57)))

    assert result.status == PASSED
    finding = finding_of(result, "minimum_count")
    assert (finding.severity, finding.unit, finding.count) == (Severity.STATUS, "series", 1)
    assert finding.examples == ("57 of at least 200 bars",)


def test_the_minimum_is_what_compute_needs() -> None:
    assert {DEFAULT_PARAMS.at(timeframe).state_gate for timeframe in TIMEFRAMES} == {MINIMUM_BARS}
