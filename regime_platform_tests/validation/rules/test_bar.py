"""A bar that is wrong by itself is rejected with the rule and the reason."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.validation.gate import BLOCKED, PASSED
from regime_platform_tests.builders import LONG_AFTER, fetched, make_bars
from regime_platform_tests.validation.generated_bars import bars_with, broken_rules, gated
from regime_platform_tests.validation.real_bars import finding_of


@pytest.mark.parametrize(
    ("changed", "rule", "words"),
    [
        ({"open": None}, "missing_price", "open null"),
        ({"high": None, "low": None}, "missing_price", "high null, low null"),
        ({"close": float("nan")}, "non_finite_price", "close NaN"),
        ({"high": float("inf")}, "non_finite_price", "high inf"),
        ({"low": 0.0}, "non_positive_price", "not above 0: low 0.0"),
        ({"low": -3.5}, "non_positive_price", "not above 0: low -3.5"),
        ({"low": 2000.0}, "high_low_order", "low 2000.0"),
        ({"close": 2000.0}, "high_low_order", "close 2000.0"),
        ({"open": 2000.0}, "high_low_order", "open 2000.0"),
        ({"open": 0.25}, "high_low_order", "open 0.25"),
        ({"close": 0.25}, "high_low_order", "close 0.25"),
        ({"volume": -1.0}, "invalid_volume", "volume -1.0"),
        ({"volume": float("nan")}, "invalid_volume", "volume NaN"),
        ({"volume": float("inf")}, "invalid_volume", "volume inf"),
        ({"ts": None}, "missing_ts", "no ts ts is null"),
        ({"ts": dt.datetime(2012, 1, 9, 14, 30, tzinfo=dt.UTC)}, "off_grid", "Monday 14:30:00"),
    ],
)
def test_a_faulty_bar_is_rejected_with_its_reason(
    changed: dict[str, object], rule: str, words: str
) -> None:
    rows = bars_with(5, **changed)

    result = gated(rows)

    assert result.status == BLOCKED
    assert broken_rules(result) == {rule: 1}
    assert words in finding_of(result, rule).examples[0]
    assert result.valid.equals(rows[[*range(5), *range(6, 250)]])
    row = result.rejected.row(0, named=True)
    assert (row["disposition"], row["rule"]) == ("rejected", rule)
    assert row["batch"] == "000001-a.parquet"
    assert row["fetched_at"] == LONG_AFTER
    assert result.rejected.select(rows.columns).equals(rows[5:6])


@pytest.mark.parametrize("off", [-1e-13, 1e-13])
def test_prices_of_adjusted_floats_are_in_order_to_the_last_bits(off: float) -> None:
    rows = bars_with(5, open=31.1, close=31.1, high=31.1 * (1 + off), low=31.1 * (1 - off))

    result = gated(rows)

    assert result.status == PASSED
    assert result.valid.equals(rows)


@pytest.mark.parametrize(
    "changed",
    [
        {"close": None},
        {"low": 2000.0},
        {"ts": dt.datetime(2012, 1, 9, 5, tzinfo=dt.UTC)},
    ],
)
def test_a_rejected_bar_is_no_missing_session(changed: dict[str, object]) -> None:
    missing = finding_of(gated(fetched(make_bars(250))), "missing_sessions")

    result = gated(bars_with(5, **changed))

    assert result.rejected_rows == 1
    assert finding_of(result, "missing_sessions").count == missing.count


def test_a_missing_volume_is_no_fault() -> None:
    assert gated(bars_with(5, volume=None)).status == PASSED


def test_a_bar_with_several_faults_names_the_first_and_lists_all() -> None:
    result = gated(bars_with(5, high=-1.0, volume=-1.0))

    assert result.rejected["rule"].to_list() == ["non_positive_price"]
    assert result.rejected["reason"][0].startswith("not above 0: high -1.0; high -1.0 < low")
    assert result.rejected["reason"][0].endswith("volume -1.0")
    assert broken_rules(result) == {
        "non_positive_price": 1,
        "high_low_order": 1,
        "invalid_volume": 1,
    }


def test_the_example_reads_like_a_sentence() -> None:
    rows = bars_with(5, open=31.0, high=31.2, low=30.0, close=33.0)

    assert finding_of(gated(rows), "high_low_order").examples == (
        "2012-01-09 high 31.2 < close 33.0",
    )


@pytest.mark.parametrize(
    ("timeframe", "ts", "good"),
    [
        ("15min", "2012-01-09T14:45", True),
        ("15min", "2012-01-09T14:50", False),
        ("1h", "2012-01-09T14:30", True),
        ("1h", "2012-01-09T14:45", False),
        ("4h", "2012-01-09T13:00", True),
        ("4h", "2012-01-09T13:00:01", False),
        ("1day", "2012-01-09T00:00", True),
        ("1day", "2012-01-09T05:00", False),
        ("1week", "2012-01-09T00:00", True),
        ("1week", "2012-01-10T00:00", False),
        ("1week", "2012-01-09T05:00", False),
    ],
)
def test_every_timeframe_has_its_grid(timeframe: str, ts: str, good: bool) -> None:
    opens = dt.datetime.fromisoformat(ts).replace(tzinfo=dt.UTC)
    rows = fetched(make_bars(1).with_columns(ts=pl.lit(opens).cast(pl.Datetime("us", "UTC"))))

    assert (gated(rows, timeframe).valid.height == 1) is good


@pytest.mark.parametrize(
    ("asset_class", "fetched_at", "rule"),
    [
        ("FX", "2012-01-08T22:30", "unfinished_bar"),  # Sunday 17:30 New York: Monday has begun
        ("FX", "2012-01-08T20:30", "unfinished_bar"),  # a slow clock
        ("US_EQUITY", "2012-01-07T00:00", "unfinished_bar"),
        ("US_EQUITY", "2012-01-06T23:59", "future_bar"),
        ("US_EQUITY", "2012-01-09T15:30", "unfinished_bar"),
        ("US_EQUITY", "2012-01-09T20:59", "unfinished_bar"),
        ("US_EQUITY", "2012-01-09T21:00", None),
        ("CRYPTO", "2012-01-09T23:59", "unfinished_bar"),
        ("CRYPTO", "2012-01-10T00:00", None),
    ],
)
def test_the_bar_of_a_date_begins_and_ends_with_its_class(
    asset_class: str, fetched_at: str, rule: str | None
) -> None:
    monday = make_bars(1, start=dt.datetime(2012, 1, 9, tzinfo=dt.UTC))
    at = dt.datetime.fromisoformat(fetched_at).replace(tzinfo=dt.UTC)

    broken = broken_rules(gated(fetched(monday, at), asset_class=asset_class))

    assert set(broken) - {"minimum_count"} == ({rule} if rule else set())
