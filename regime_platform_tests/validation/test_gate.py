"""Every rule finds what it is about, and the gate changes nothing."""

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.validation.findings import Severity, ValidationFinding
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED, GateResult, gate
from regime_platform.validation.rules.series import MINIMUM_BARS
from regime_platform_tests.builders import LONG_AFTER, fetched, make_bars, make_opens

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
    "wide_range",
    "volume_outlier",
    "missing_volume",
    "outside_session",
    "missing_sessions",
    "missing_bars",
    "minimum_count",
]


def _gate(
    rows: pl.DataFrame, timeframe: str = "1day", asset_class: str = "US_EQUITY"
) -> GateResult:
    return gate(rows, timeframe=timeframe, asset_class=asset_class)


def _with(row: int, **values: object) -> pl.DataFrame:
    """250 good daily bars, one of them changed."""
    rows = fetched(make_bars(250))
    here = pl.int_range(pl.len()) == row
    return rows.with_columns(
        pl.when(here).then(pl.lit(value, dtype=rows.schema[name])).otherwise(name).alias(name)
        for name, value in values.items()
    )


def _broken(result: GateResult) -> dict[str, int]:
    """What was found but warnings: invented bars keep no holidays."""
    found = [finding for finding in result.findings if finding.severity is not Severity.WARNING]
    return {one.rule: one.count for one in found if one.count}


def _finding(result: GateResult, rule: str) -> ValidationFinding:
    return next(finding for finding in result.findings if finding.rule == rule)


def test_clean_bars_pass_and_every_rule_reports_zero() -> None:
    rows = fetched(make_bars(250))

    result = _gate(rows, asset_class="SYNTHETIC")

    assert result.status == PASSED
    assert result.valid.equals(rows)
    assert result.rejected.is_empty()
    assert [(finding.rule, finding.count) for finding in result.findings] == [
        (rule, 0) for rule in RULES
    ]
    unasked = {"outside_listing": 0, "outside_session": 0, "missing_bars": 0}
    of_other_kinds = {**unasked, "missing_sessions": 240}
    for finding in result.findings:
        assert finding.checked == of_other_kinds.get(finding.rule, 250), finding.rule
    assert all(finding.remedy for finding in result.findings)


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
@pytest.mark.parametrize("asset_class", ASSET_CLASSES)
def test_good_bars_of_every_kind_pass(timeframe: str, asset_class: str) -> None:
    rows = fetched(make_bars(600, timeframe))

    assert _broken(_gate(rows, timeframe, asset_class)) == {}


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
    rows = _with(5, **changed)

    result = _gate(rows)

    assert result.status == BLOCKED
    assert _broken(result) == {rule: 1}
    assert words in _finding(result, rule).examples[0]
    assert result.valid.equals(rows[[*range(5), *range(6, 250)]])
    told = result.rejected.row(0, named=True)
    assert (told["disposition"], told["rule"]) == ("rejected", rule)
    assert told["batch"] == "000001-a.parquet"
    assert told["fetched_at"] == LONG_AFTER
    assert result.rejected.select(rows.columns).equals(rows[5:6])


def test_a_missing_volume_is_no_fault() -> None:
    assert _gate(_with(5, volume=None)).status == PASSED


def test_a_bar_with_several_faults_names_the_first_and_tells_all() -> None:
    result = _gate(_with(5, high=-1.0, volume=-1.0))

    assert result.rejected["rule"].to_list() == ["non_positive_price"]
    assert result.rejected["reason"][0].startswith("not above 0: high -1.0; high -1.0 < low")
    assert result.rejected["reason"][0].endswith("volume -1.0")
    assert _broken(result) == {"non_positive_price": 1, "high_low_order": 1, "invalid_volume": 1}


def test_the_example_reads_like_a_sentence() -> None:
    rows = _with(5, open=31.0, high=31.2, low=30.0, close=33.0)

    assert _finding(_gate(rows), "high_low_order").examples == (
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

    assert (_gate(rows, timeframe).valid.height == 1) is good


def test_rows_of_one_open_that_differ_are_all_rejected() -> None:
    rows = fetched(make_bars(250))
    other = _with(7, close=rows["close"][7] * 0.9999)[7:8]

    result = _gate(pl.concat([rows[:8], other, rows[8:]]))

    assert _broken(result) == {"contradicting_duplicate": 2}
    assert result.rejected["ts"].n_unique() == 1
    assert f"close {rows['close'][7]} volume" in result.rejected["reason"][0]
    assert result.valid.equals(pl.concat([rows[:7], rows[8:]]))


def test_rows_that_repeat_each_other_collapse_into_the_first() -> None:
    rows = _with(7, volume=None)

    result = _gate(pl.concat([rows[:8], rows[7:8], rows[7:8], rows[8:]]))

    assert result.status == PASSED
    assert _broken(result) == {"repeated_bar": 2}
    assert (result.set_aside_rows, result.rejected_rows) == (2, 0)
    assert result.valid.equals(rows)


def test_a_row_that_stands_after_a_later_one_is_rejected() -> None:
    rows = fetched(make_bars(250))

    result = _gate(rows[[0, 3, 1, 2, *range(4, 250)]])

    assert _broken(result) == {"ts_order": 2}
    assert result.rejected["ts"].to_list() == rows["ts"][1:3].to_list()


def test_a_rejected_future_bar_puts_nobody_out_of_order() -> None:
    ahead = dt.datetime(2030, 1, 7, tzinfo=dt.UTC)

    assert _broken(_gate(_with(3, ts=ahead))) == {"future_bar": 1}


def test_a_forming_bar_is_set_aside_whatever_it_says() -> None:
    during = dt.datetime(2012, 1, 6, 18, tzinfo=dt.UTC)  # the Friday of the fifth bar
    rows = fetched(make_bars(5), during).with_columns(
        close=pl.when(pl.int_range(pl.len()) == 4).then(None).otherwise("close")
    )

    result = _gate(rows)

    assert result.status == PASSED
    assert _broken(result) == {"unfinished_bar": 1, "minimum_count": 1}
    assert result.rejected["disposition"].to_list() == ["set_aside"]
    assert result.rejected["reason"].to_list() == ["was still forming at 2012-01-06 18:00:00"]


@pytest.mark.parametrize(
    ("asset_class", "fetched_at", "rule"),
    [
        ("FX", "2012-01-08T22:30", "unfinished_bar"),  # Sunday 17:30 New York: Monday has begun
        ("FX", "2012-01-08T20:30", "future_bar"),
        ("US_EQUITY", "2012-01-08T22:30", "future_bar"),
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

    broken = _broken(_gate(fetched(monday, at), asset_class=asset_class))

    assert set(broken) - {"minimum_count"} == ({rule} if rule else set())


def test_too_short_is_a_status_and_blocks_nothing() -> None:
    result = _gate(fetched(make_bars(57)))

    assert result.status == PASSED
    found = _finding(result, "minimum_count")
    assert (found.severity, found.unit, found.count) == (Severity.STATUS, "series", 1)
    assert found.examples == ("57 of at least 200 bars",)


def test_the_minimum_is_what_compute_needs() -> None:
    assert {DEFAULT_PARAMS.at(timeframe).state_gate for timeframe in TIMEFRAMES} == {MINIMUM_BARS}


def test_no_rows_are_no_bars() -> None:
    assert _gate(fetched(make_bars(0))).status == NO_BARS


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

    result = _gate(rows)

    assert result.status == BLOCKED
    assert result.valid.is_empty()
    assert result.rejected.select(rows.columns).equals(rows)
    assert words in _finding(result, "schema").examples[0]
    assert [finding.rule for finding in result.findings] == RULES


_NUMBERS = st.sampled_from([None, float("nan"), float("inf"), -1.0, 0.0, 1.0, 2.0, 3.0])
_BAR = st.tuples(st.integers(-1, 9), *[_NUMBERS] * 5, st.integers(0, 2))


@settings(deadline=None, max_examples=150)
@given(bars=st.lists(_BAR, max_size=14), timeframe=st.sampled_from(["1day", "1h"]))
def test_valid_and_rejected_rows_are_the_input_and_valid_ones_pass_again(
    bars: list[tuple[object, ...]], timeframe: str
) -> None:
    opens = [*make_opens(10), None]
    moments = [LONG_AFTER, opens[4] + dt.timedelta(hours=2), opens[2]]
    rows = fetched(make_bars(0)).clear()
    told = [
        (opens[place], *values, moments[at], f"b{row}")
        for row, (place, *values, at) in enumerate(bars)
    ]
    rows = pl.DataFrame(told, schema=rows.schema, orient="row")

    result = _gate(rows, timeframe)

    kept, out = result.valid, result.rejected.select(rows.columns)
    back = pl.concat([kept, out])
    place = pl.col("batch").str.slice(1).cast(pl.Int64)
    assert back.sort(place).equals(rows)
    assert kept.sort(place).equals(kept)
    assert out.sort(place).equals(out)
    assert kept["ts"].to_physical().diff().slice(1).gt(0).all()
    assert kept.null_count().select("ts", "open", "high", "low", "close").row(0) == (0,) * 5
    assert (result.status == BLOCKED) == (result.rejected_rows > 0)
    again = _gate(kept, timeframe)
    assert again.valid.equals(kept)
    assert again.rejected.is_empty()
