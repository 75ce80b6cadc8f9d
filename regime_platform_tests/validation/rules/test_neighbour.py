"""Bars among their neighbours: planted extremes are seen, true series are left in peace."""

import polars as pl
import pytest

from regime_platform.validation.gate import PASSED
from regime_platform.validation.rules.neighbour import neighbour_rules
from regime_platform_tests.validation.real_bars import (
    CLASS_OF,
    changed,
    finding_of,
    real,
    timeframes,
    times,
    validated,
)

#: The samples' true extremes: two splits of AAPL, one of MSFT, the crash of 2000-09-29.
TRUE_EXTREMES = {
    ("AAPL", "1day"): ["2000-06-21", "2000-09-29", "2005-02-28"],
    ("AAPL", "1week"): ["2005-02-28"],
    ("MSFT", "1day"): ["2003-02-18"],
    ("MSFT", "1week"): ["2003-02-17"],
}
SERIES = [(symbol, timeframe) for symbol in CLASS_OF for timeframe in timeframes(symbol)]


@pytest.mark.parametrize(("symbol", "timeframe"), SERIES, ids=lambda word: word)
def test_of_the_true_series_only_the_true_extremes_are_reported(
    symbol: str, timeframe: str
) -> None:
    result = validated(real(symbol, timeframe), symbol, timeframe)

    counts = {
        finding.rule: [text[:10] for text in finding.examples]
        for finding in result.findings
        if finding.count and finding.rule != "minimum_count"
    }
    extremes = TRUE_EXTREMES.get((symbol, timeframe))
    assert counts == ({"price_jump": extremes} if extremes else {})
    assert result.status == PASSED
    assert result.rejected.is_empty()


@pytest.mark.parametrize(
    ("symbol", "timeframe", "spoilt", "rule"),
    [
        ("IBM", "1day", times(10.0), "price_jump"),
        ("IBM", "1day", times(0.01), "price_jump"),
        ("IBM", "1day", times(0.5), "price_jump"),
        ("EURUSD", "1h", times(1.1), "price_jump"),
        ("IBM", "1day", times(8.0, "high"), "wide_range"),
        ("EURUSD", "1h", times(0.9, "low"), "wide_range"),
        ("IBM", "1day", times(1000.0, "volume"), "volume_outlier"),
        ("IBM", "1day", {"volume": None}, "missing_volume"),
        ("IBM", "1day", {"volume": 0.0}, "missing_volume"),
    ],
)
def test_a_planted_extreme_is_reported_and_blocks_nothing(
    symbol: str, timeframe: str, spoilt: dict[str, pl.Expr], rule: str
) -> None:
    rows = changed(real(symbol, timeframe), 1500, **spoilt)

    result = validated(rows, symbol, timeframe)

    finding = finding_of(result, rule)
    assert finding.count >= 1
    assert finding.examples[0].startswith(str(rows["ts"][1500])[:10])
    assert finding.remedy
    assert result.status == PASSED
    assert result.valid.equals(rows)


def test_one_outlier_does_not_hide_the_next() -> None:
    rows = changed(real("IBM", "1day"), 1500, **times(10.0))
    rows = changed(rows, 1510, **times(10.0))

    finding = finding_of(validated(rows, "IBM", "1day"), "price_jump")

    assert finding.count == 4  # up and down again, twice


@pytest.mark.parametrize(("repeats", "counted"), [(2, 0), (3, 3), (9, 9)])
def test_a_price_that_stays_frozen_while_volume_goes_on_is_reported(
    repeats: int, counted: int
) -> None:
    rows = real("IBM", "1day")
    frozen = {name: rows[name][1000] for name in ("open", "high", "low", "close")}
    rows = changed(rows, slice(1001, 1001 + repeats), **frozen)

    assert finding_of(validated(rows, "IBM", "1day"), "stale_run").count == counted


def test_a_frozen_price_without_trading_is_missing_volume_and_not_stale() -> None:
    rows = real("IBM", "1day")
    frozen = {name: rows[name][1000] for name in ("open", "high", "low", "close")}
    rows = changed(rows, slice(1001, 1011), **frozen, volume=0.0)

    result = validated(rows, "IBM", "1day")

    assert finding_of(result, "stale_run").count == 0
    assert finding_of(result, "missing_volume").count == 10


def test_volume_is_not_expected_of_a_class_that_reports_none() -> None:
    rows = changed(real("EURUSD", "1h"), slice(0, 6225), volume=None)

    result = validated(rows, "EURUSD", "1h")

    assert finding_of(result, "missing_volume").checked == 0
    assert finding_of(result, "volume_outlier").checked == 0


@pytest.mark.parametrize("rows", [0, 1, 2, 11])
def test_few_bars_have_nothing_to_compare(rows: int) -> None:
    result = validated(real("IBM", "1day").head(rows), "IBM", "1day")

    rules = {rule.name for rule in neighbour_rules("1day", "US_EQUITY")}
    assert {
        finding.rule: finding.count for finding in result.findings if finding.rule in rules
    } == dict.fromkeys(rules, 0)
