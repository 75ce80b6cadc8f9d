"""Every rule finds the faults that it is for, and the gate changes no row."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED
from regime_platform_tests.builders import LONG_AFTER, fetched, make_bars, make_opens
from regime_platform_tests.examples import examples
from regime_platform_tests.validation.generated_bars import broken_rules, gated
from regime_platform_tests.validation.real_bars import finding_of

RULES = [
    "schema",
    "excluded_bar",
    "missing_ts",
    "off_grid",
    "future_bar",
    "date_range",
    "missing_price",
    "non_finite_price",
    "non_positive_price",
    "high_low_order",
    "invalid_volume",
    "outside_listing",
    "contradicting_duplicate",
    "ts_order",
    "repeated_bar",
    "unfinished_bar",
    "stale_run",
    "price_jump",
    "unadjusted_split",
    "wide_range",
    "volume_outlier",
    "missing_volume",
    "outside_session",
    "overlapping_bars",
    "missing_sessions",
    "missing_bars",
    "calendar_misfit",
    "minimum_count",
]


def test_clean_bars_pass_and_every_rule_reports_zero() -> None:
    rows = fetched(make_bars(250))

    result = gated(rows, asset_class="SYNTHETIC")

    assert result.status == PASSED
    assert result.valid.equals(rows)
    assert result.rejected.is_empty()
    assert [(finding.rule, finding.count) for finding in result.findings] == [
        (rule, 0) for rule in RULES
    ]
    unapplied = dict.fromkeys(
        ("outside_listing", "outside_session", "missing_bars", "calendar_misfit"), 0
    )
    of_other_kinds = {**unapplied, "missing_sessions": 240}
    for finding in result.findings:
        assert finding.checked == of_other_kinds.get(finding.rule, 250), finding.rule
    assert all(finding.remedy for finding in result.findings)


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
@pytest.mark.parametrize("asset_class", MARKETS)
def test_good_bars_of_every_kind_pass(timeframe: str, asset_class: str) -> None:
    market, start = MARKETS[asset_class], dt.datetime(2012, 1, 2, tzinfo=dt.UTC)
    opens = expected_opens(market, timeframe, start, start + dt.timedelta(weeks=600))
    rows = fetched(make_bars(600).with_columns(ts=opens.head(600)))

    assert broken_rules(gated(rows, timeframe, asset_class)) == {}


@pytest.mark.parametrize("timeframe", ["1h", "1day"])
def test_a_bar_without_any_expected_one_is_outside(timeframe: str) -> None:
    saturday = dt.datetime(2012, 1, 7, tzinfo=dt.UTC)

    result = gated(fetched(make_bars(1).with_columns(ts=pl.lit(saturday))), timeframe)

    assert finding_of(result, "outside_session").count == 1


def test_no_rows_are_no_bars() -> None:
    assert gated(fetched(make_bars(0))).status == NO_BARS


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: rows.drop("volume"), "volume is missing, expected Float64"),
        (lambda rows: rows.with_columns(pl.col("close").cast(pl.String)), "close is String"),
        (lambda rows: rows.with_columns(pl.col("ts").dt.replace_time_zone(None)), "ts is Datetime"),
        (lambda rows: rows.with_columns(vwap=1.0), "vwap is no column of a bar"),
        (
            lambda rows: rows.with_columns(fetched_at=pl.lit(None).cast(rows.schema["fetched_at"])),
            "fetched_at is null",
        ),
    ],
)
def test_a_frame_of_another_shape_is_rejected_whole(
    spoil: Callable[[pl.DataFrame], pl.DataFrame], words: str
) -> None:
    rows = spoil(fetched(make_bars(3)))

    result = gated(rows)

    assert result.status == BLOCKED
    assert result.valid.is_empty()
    assert result.rejected.select(rows.columns).equals(rows)
    assert words in finding_of(result, "schema").examples[0]
    assert [finding.rule for finding in result.findings] == RULES


_NUMBERS = st.sampled_from([None, float("nan"), float("inf"), -1.0, 0.0, 1.0, 2.0, 3.0])
_BAR = st.tuples(st.integers(-1, 9), *[_NUMBERS] * 5, st.integers(0, 2))


@pytest.mark.slow
@examples(60)
@given(bars=st.lists(_BAR, max_size=14), timeframe=st.sampled_from(["1day", "1h"]))
def test_valid_and_rejected_rows_are_the_input_and_valid_ones_pass_again(
    bars: list[tuple[Any, ...]], timeframe: str
) -> None:
    opens = [*make_opens(10), None]
    moments = [LONG_AFTER, opens[4] + dt.timedelta(hours=2), opens[2]]
    rows = fetched(make_bars(0)).clear()
    values = [
        (opens[place], *numbers, moments[at], f"b{row}")
        for row, (place, *numbers, at) in enumerate(bars)
    ]
    rows = pl.DataFrame(values, schema=rows.schema, orient="row")

    result = gated(rows, timeframe)

    kept, out = result.valid, result.rejected.select(rows.columns)
    back = pl.concat([kept, out])
    place = pl.col("batch").str.slice(1).cast(pl.Int64)
    assert back.sort(place).equals(rows)
    assert kept.sort(place).equals(kept)
    assert out.sort(place).equals(out)
    assert kept["ts"].to_physical().diff().slice(1).gt(0).all()
    assert kept.null_count().select("ts", "open", "high", "low", "close").row(0) == (0,) * 5
    assert (result.status == BLOCKED) == (result.rejected_rows > 0)
    again = gated(kept, timeframe)
    assert again.valid.equals(kept)
    assert again.rejected.is_empty()
