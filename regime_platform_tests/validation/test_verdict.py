"""A verdict has the findings, their input and the bars in force, as in earlier releases."""

import datetime as dt
import json

import polars as pl
import pytest

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import PromotedBars, StoredFile
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.validation.gate import GateResult, gate
from regime_platform.validation.overrides import Override, OverrideKind
from regime_platform.validation.policy import DEFAULT_CONTEXT, ValidationContext
from regime_platform.validation.rules.bar import UNLISTED
from regime_platform.validation.verdict import SeriesVerdict, Verdict, input_digest
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.error_codes import raises

LAST_GOOD = PromotedBars(
    digest="d" * 64,
    rows=250,
    min_ts="2012-01-02T00:00:00Z",
    max_ts="2012-12-14T00:00:00Z",
    files=(StoredFile(name="all-dddddddddddd.parquet", rows=250, bytes=9000, sha256="e" * 64),),
)


def _verdict(*series: SeriesVerdict) -> Verdict:
    return Verdict.of("AAPL", series, DEFAULT_CONTEXT, "4.5")


def _validated(rows: pl.DataFrame, timeframe: str = "1day") -> tuple[SeriesVerdict, GateResult]:
    result = gate(rows, timeframe=timeframe, market=MARKETS["US_EQUITY"])
    series = SeriesVerdict.of(
        result, timeframe=timeframe, input_digest=input_digest(rows), promoted=LAST_GOOD
    )
    return series, result


def _bad(rows: int = 250) -> pl.DataFrame:
    here = pl.int_range(pl.len()) == 5
    values = {"open": 31.0, "high": 31.2, "low": 30.0, "close": 33.0}
    return fetched(make_bars(rows)).with_columns(
        pl.when(here).then(value).otherwise(name).alias(name) for name, value in values.items()
    )


def test_a_blocked_series_says_why_and_what_to_do() -> None:
    series, _ = _validated(_bad())

    assert series.reason == (
        "1day: high_low_order rejected 1 bar (2012-01-09 high 31.2 < close 33.0); "
        "correct the bar at its source and fetch again, "
        "or keep it out with `regime bars exclude`"
    )
    assert (series.rows_in, series.valid, series.rejected, series.set_aside) == (250, 249, 1, 0)
    assert series.promoted == LAST_GOOD


def test_the_message_has_the_whole_command_for_a_bar_or_for_all_that_a_rule_rejects() -> None:
    bar, hours = _validated(_bad())[0], _bad_hours(5)
    several = _bad_hours(5, 6)

    command = "or keep it out with `regime bars "
    assert bar.message("AAPL").endswith(f"{command}exclude AAPL 1day 2012-01-09 --reason TEXT`")
    assert hours.message("EURUSD").endswith(
        f"{command}exclude EURUSD 1h 2012-01-02T05:00 --reason TEXT`"
    )
    assert several.message("EURUSD").endswith(
        f"{command}exclude-found EURUSD invalid_volume --timeframe 1h --reason TEXT`"
    )
    assert _verdict(bar).message == bar.message("AAPL")


def _bad_hours(*places: int) -> SeriesVerdict:
    volume = pl.when(pl.int_range(pl.len()).is_in(places)).then(-1.0).otherwise("volume")
    rows = fetched(make_bars(250, "1h")).with_columns(volume=volume)
    return _validated(rows, "1h")[0]


def test_the_worst_of_several_findings_speaks_for_the_others() -> None:
    rows = _bad().with_columns(
        volume=pl.when(pl.int_range(pl.len()) < 3).then(-1.0).otherwise("volume")
    )

    series, _ = _validated(rows)

    assert series.reason.startswith("1day: invalid_volume rejected 3 bars (2012-01-02 volume -1.0)")
    assert "(and 1 more rule)" in series.reason


def test_a_finding_about_a_whole_series_is_counted_as_that() -> None:
    start, end = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2022, 2023))
    opens = expected_opens(MARKETS["US_EQUITY"], "1day", start, end)
    bars = make_bars(opens.len()).with_columns(ts=opens + dt.timedelta(days=1))

    series, _ = _validated(fetched(bars))

    assert "calendar_misfit counts 1 series (" in series.message("AAPL")


def test_a_short_series_says_so_and_a_full_one_says_nothing() -> None:
    assert _validated(fetched(make_bars(57)))[0].reason.startswith(
        "1day: 57 of at least 200 bars; "
    )
    assert _validated(fetched(make_bars(250)))[0].reason == ""


def test_one_blocked_series_blocks_the_symbol() -> None:
    good, bad = _validated(fetched(make_bars(250, "1week")), "1week")[0], _validated(_bad())[0]

    verdict = _verdict(bad, good)

    assert verdict.status == "blocked"
    assert verdict.reason == bad.reason
    assert _verdict(good).status == "passed"
    assert _verdict().status == "no_bars"
    assert verdict.promoted == {"1day": LAST_GOOD, "1week": LAST_GOOD}
    assert verdict.at("1week") == good
    assert verdict.at("1h") is None


def test_a_verdict_comes_back_from_its_json() -> None:
    verdict = _verdict(_validated(_bad())[0], _validated(fetched(make_bars(3)))[0])

    assert Verdict.parsed(json.loads(json.dumps(verdict.model_dump(mode="json")))) == verdict


def test_the_document_has_the_keys_of_earlier_releases_in_their_order() -> None:
    override = Override(
        id=1,
        kind=OverrideKind.EXCLUDE,
        timeframe="1day",
        ts="2012-01-09T00:00:00Z",
        reason="a bad tick",
        by="ann",
        at="2026-11-22T03:15:00Z",
    )
    series = _validated(_bad())[0]
    sealed = series.model_copy(update={"rejected_file": LAST_GOOD.files[0]})
    context = ValidationContext(overrides=(override,), withdrawn=(override,))

    document = Verdict.of("AAPL", [sealed, series], context, "4.5").model_dump(mode="json")

    assert list(document) == [
        *("symbol", "status", "reason", "rules_version", "bars_schema_version", "policy_digest"),
        *("calendar_version", "decisions", "withdrawn", "series"),
    ]
    assert list(document["series"][0]) == [
        *("timeframe", "status", "reason", "input_digest", "rows_in", "valid", "rejected"),
        *("set_aside", "findings", "promoted", "log_digest", "anchor", "raw_files", "listed"),
        "rejected_file",
    ]
    assert list(document["series"][0]["findings"][0]) == [
        *("rule", "severity", "unit", "checked", "count", "examples", "remedy", "accepted"),
    ]
    assert "rejected_file" not in document["series"][1]
    assert "rule" not in document["decisions"][0]
    assert "withdrawn" not in _verdict(series).model_dump(mode="json")


def test_a_verdict_of_an_earlier_release_lacks_keys_and_is_read() -> None:
    document = _verdict(_validated(_bad())[0]).model_dump(mode="json")
    for name in ("policy_digest", "calendar_version", "decisions"):
        del document[name]
    for name in ("log_digest", "anchor", "raw_files", "listed"):
        del document["series"][0][name]
    del document["series"][0]["findings"][0]["accepted"]

    old = Verdict.parsed({**document, "of a later release": 1})

    assert (old.overrides, old.series[0].raw_files, old.series[0].listed) == ((), (), UNLISTED)


@pytest.mark.parametrize("facts", [{}, {"symbol": "AAPL", "series": [{}]}, []])
def test_another_document_is_refused_with_a_remedy(facts: object) -> None:
    with raises(BarsError, "verdict-damaged", match="`regime repair`"):
        Verdict.parsed(facts)


def test_the_input_digest_is_about_bars_and_moments_and_not_about_files() -> None:
    rows = fetched(make_bars(9))

    assert input_digest(fetched(make_bars(9), batch="000009-z.parquet")) == input_digest(rows)
    assert input_digest(fetched(make_bars(9), make_bars(1)["ts"][0])) != input_digest(rows)
    assert input_digest(_bad(9)) != input_digest(rows)
