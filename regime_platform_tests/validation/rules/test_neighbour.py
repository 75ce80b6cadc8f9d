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
    ("AAPL", "1day"): {
        "price_jump": ["2000-06-21", "2000-09-29", "2005-02-28"],
        "unadjusted_split": ["2000-06-21", "2005-02-28"],
    },
    ("AAPL", "1week"): {"price_jump": ["2005-02-28"], "unadjusted_split": ["2005-02-28"]},
    ("MSFT", "1day"): {"price_jump": ["2003-02-18"], "unadjusted_split": ["2003-02-18"]},
    ("MSFT", "1week"): {"price_jump": ["2003-02-17"], "unadjusted_split": ["2003-02-17"]},
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
    assert counts == TRUE_EXTREMES.get((symbol, timeframe), {})
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


@pytest.mark.parametrize(
    ("traded", "checked"),
    [(0, {"missing_volume": 0, "volume_outlier": 0}), (2000, {"missing_volume": 0})],
)
def test_volume_is_not_expected_of_a_series_that_mostly_has_none(
    traded: int, checked: dict[str, int]
) -> None:
    rows = changed(real("EURUSD", "1h"), slice(traded, 6225), volume=None)

    result = validated(rows, "EURUSD", "1h")

    assert {name: finding_of(result, name).checked for name in checked} == checked


def test_the_volume_of_a_class_that_reports_none_is_checked_where_the_series_has_it() -> None:
    rows = changed(real("EURUSD", "1h"), 3000, **times(1e4, "volume"))
    rows = changed(rows, 4000, volume=0.0)

    result = validated(rows, "EURUSD", "1h")

    assert finding_of(result, "volume_outlier").count == 1
    assert finding_of(result, "missing_volume").count == 1


def test_frozen_prices_without_volume_are_not_stale_where_the_series_has_volume() -> None:
    rows = real("EURUSD", "1h")
    frozen = {name: rows[name][1000] for name in ("open", "high", "low", "close")}
    rows = changed(rows, slice(1001, 1021), **frozen)

    assert finding_of(validated(rows, "EURUSD", "1h"), "stale_run").count == 20
    rows = changed(rows, slice(1001, 1021), volume=0.0)
    assert finding_of(validated(rows, "EURUSD", "1h"), "stale_run").count == 0


def test_prices_that_differ_in_their_last_bits_are_frozen() -> None:
    rows = real("IBM", "1day")
    frozen = {name: rows[name][1000] * (1 + 1e-13) for name in ("open", "high", "low", "close")}

    result = validated(changed(rows, slice(1001, 1011), **frozen), "IBM", "1day")

    assert finding_of(result, "stale_run").count == 10


@pytest.mark.parametrize(
    ("rule", "spoilt"), [("price_jump", times(50.0)), ("volume_outlier", times(50.0, "volume"))]
)
def test_the_first_bars_are_compared_with_those_after_them(
    rule: str, spoilt: dict[str, pl.Expr]
) -> None:
    rows = changed(real("IBM", "1day").head(300), slice(0, 5), **spoilt)

    finding = finding_of(validated(rows, "IBM", "1day"), rule)

    assert finding.count == (5 if rule == "volume_outlier" else 1)
    assert "null" not in "".join(finding.examples)


def test_a_stretch_without_volume_makes_no_outliers_of_the_bars_after_it() -> None:
    rows = changed(real("IBM", "1day").head(520), slice(0, 260), volume=0.0)

    finding = finding_of(validated(rows, "IBM", "1day"), "volume_outlier")

    assert finding.count == 0


def test_a_quiet_stretch_makes_no_jump_of_the_usual_move_after_it() -> None:
    rows = real("IBM", "1day").head(600)
    still = {name: rows[name][100] for name in ("open", "high", "low", "close")}
    rows = changed(rows, slice(101, 301), **still)

    result = validated(rows, "IBM", "1day")

    assert finding_of(result, "price_jump").count == finding_of(result, "wide_range").count == 0


@pytest.mark.parametrize("rows", [0, 1, 2, 11])
def test_few_bars_have_nothing_to_compare(rows: int) -> None:
    result = validated(real("IBM", "1day").head(rows), "IBM", "1day")

    rules = {rule.name for rule in neighbour_rules("1day", has_volume=True, expects_volume=True)}
    assert {
        finding.rule: finding.count for finding in result.findings if finding.rule in rules
    } == dict.fromkeys(rules, 0)
