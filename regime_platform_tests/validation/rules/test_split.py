"""A jump that looks like a split is named with its ratio, and a crash is not."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.validation.findings import ValidationFinding
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.validation.generated_bars import gated
from regime_platform_tests.validation.real_bars import changed, finding_of, real, times, validated


def _unadjusted(symbol: str, timeframe: str, at: int, ratio: float) -> ValidationFinding:
    """The finding on a series whose prices before bar ``at`` are multiplied by ``ratio``."""
    rows = changed(real(symbol, timeframe), slice(0, at), **times(ratio))
    return finding_of(validated(rows, symbol, timeframe), "unadjusted_split")


@pytest.mark.parametrize(
    ("symbol", "timeframe", "at", "ratio", "text"),
    [
        ("IBM", "1day", 1500, 2.0, "2:1"),
        ("IBM", "1day", 1500, 4 / 3, "4:3"),
        ("IBM", "1day", 1500, 1.25, "5:4"),
        ("IBM", "1day", 1500, 0.1, "1:10"),
        ("IBM", "1day", 8, 5.0, "5:1"),  # there are few bars before it
        ("IBM", "1day", 3269, 3.0, "3:1"),  # and none after it
        ("IBM", "1week", 400, 4 / 3, "4:3"),
        ("SYNTH", "15min", 26 * 300, 2.0, "2:1"),
    ],
)
def test_a_split_is_named_with_its_ratio_and_a_command(
    symbol: str, timeframe: str, at: int, ratio: float, text: str
) -> None:
    finding = _unadjusted(symbol, timeframe, at, ratio)

    assert finding.count == 1
    day = str(real(symbol, timeframe)["ts"][at])[:10]
    assert finding.examples[0].startswith(day)
    assert finding.examples[0].endswith(f" is {text}")
    remedy = finding.remedy_for(symbol, timeframe)
    assert f"`regime actions add {symbol} split {day} {text} --reason TEXT`" in remedy


def test_the_command_has_the_first_session_of_a_week_that_begins_with_a_holiday() -> None:
    finding = finding_of(validated(real("MSFT", "1week"), "MSFT", "1week"), "unadjusted_split")

    assert finding.examples == (
        "2003-02-17 unadjusted split? close 48.3 -> open 24.62 is 2:1 on 2003-02-18",
    )
    assert "`regime actions add MSFT split 2003-02-18 2:1 --reason TEXT`" in finding.remedy_for(
        "MSFT", "1week"
    )


@pytest.mark.parametrize("ratio", [7 / 3, 1.2, 1.05])
def test_a_jump_by_no_ratio_of_splits_is_none(ratio: float) -> None:
    assert _unadjusted("IBM", "1day", 1500, ratio).count == 0


def test_a_level_that_does_not_stay_is_no_split() -> None:
    rows = changed(real("IBM", "1day"), slice(1500, 1503), **times(0.5))

    assert finding_of(validated(rows, "IBM", "1day"), "unadjusted_split").count == 0


def test_a_crash_in_which_much_is_traded_is_no_split() -> None:
    rows = changed(real("IBM", "1day"), slice(1500, 3270), **times(0.5))

    assert finding_of(validated(rows, "IBM", "1day"), "unadjusted_split").count == 1
    rows = changed(rows, 1500, **times(20.0, "volume"))
    assert finding_of(validated(rows, "IBM", "1day"), "unadjusted_split").count == 0


def test_a_session_that_opens_where_the_last_one_closed_has_a_usual_gap_of_nothing() -> None:
    bars = make_bars(300, start=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
    bars = bars.with_columns(open=pl.col("close").shift(1, fill_value=bars["open"][0]))
    bars = bars.with_columns(
        high=pl.max_horizontal("open", "high"), low=pl.min_horizontal("open", "low")
    )
    rows = changed(fetched(bars), slice(150, 300), **times(0.01))

    finding = finding_of(gated(rows, "1day", "CRYPTO"), "unadjusted_split")

    assert [text[-5:] for text in finding.examples] == ["100:1"]
