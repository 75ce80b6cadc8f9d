"""Times that are wrong throughout are an error with what explains them; true series never are."""

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.validation.findings import Severity, ValidationFinding
from regime_platform.validation.gate import gate
from regime_platform.validation.overrides import ANY_RULE, Override, OverrideKind
from regime_platform.validation.policy import DEFAULT_CONTEXT, ValidationContext, parse_policy
from regime_platform.validation.rules.calendar import calendar_fit
from regime_platform.validation.rules.calendar_misfit import misfit
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.validation.real_bars import REAL, finding_of, real, timeframes, validated

START, END = dt.datetime(2022, 11, 1, tzinfo=dt.UTC), dt.datetime(2023, 12, 31, tzinfo=dt.UTC)
NEW_YORK = "America/New_York"
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def due(timeframe: str, asset_class: str = "US_EQUITY") -> pl.Series:
    return expected_opens(MARKETS[asset_class], timeframe, START, END)


def misread(opens: pl.Series, written: str, read: str) -> pl.Series:
    """Labels written in one zone and read in another."""
    local = opens.dt.convert_time_zone(written).dt.replace_time_zone(None)
    times = local.dt.replace_time_zone(read, ambiguous="earliest", non_existent="null")
    return times.dt.convert_time_zone("UTC").drop_nulls().unique().sort()


def misfit_of(
    opens: pl.Series,
    timeframe: str,
    asset_class: str = "US_EQUITY",
    context: ValidationContext = DEFAULT_CONTEXT,
) -> ValidationFinding:
    bars = make_bars(opens.len()).with_columns(ts=opens.sort())
    market = MARKETS[asset_class]
    return finding_of(
        gate(fetched(bars), timeframe=timeframe, market=market, context=context), "calendar_misfit"
    )


@pytest.mark.parametrize(
    ("timeframe", "written", "read"),
    [
        ("15min", NEW_YORK, "UTC"),
        ("1h", "UTC", NEW_YORK),
        ("1h", NEW_YORK, "Asia/Tokyo"),
        ("1h", "Etc/GMT+5", NEW_YORK),
        ("4h", "Europe/Berlin", "UTC"),
    ],
)
def test_a_wrong_zone_is_named_with_the_right_one(timeframe: str, written: str, read: str) -> None:
    finding = misfit_of(misread(due(timeframe), written, read), timeframe)

    assert finding.is_blocking
    assert f"read as {written} instead of {read} all fit" in finding.examples[0]
    assert finding.remedy.startswith(f"set `zone: {written}` in mapping.yaml")


def later(opens: pl.Series) -> pl.Series:
    return opens + 2 * HOUR


def moved_in_summer(opens: pl.Series) -> pl.Series:
    """The dates in UTC of their midnights in London."""
    local = opens.dt.replace_time_zone(None).dt.replace_time_zone("Europe/London")
    return local.dt.convert_time_zone("UTC").dt.truncate("1d").unique().sort()


def by_their_end(opens: pl.Series) -> pl.Series:
    close = opens.dt.convert_time_zone(NEW_YORK).dt.replace_time_zone(None).dt.truncate("1d")
    close = (close + 16 * HOUR).dt.replace_time_zone(NEW_YORK).dt.convert_time_zone("UTC")
    ends = pl.DataFrame({"end": opens + HOUR, "close": close})
    return ends.select(ts=pl.min_horizontal("end", "close")).to_series().unique().sort()


@pytest.mark.parametrize(
    ("timeframe", "change", "words"),
    [
        ("1h", later, "2 hours earlier all fit"),
        ("1h", by_their_end, "as labels of their ends"),
        ("1day", lambda opens: opens + DAY, "a day earlier all fit"),
        ("1day", lambda opens: opens - DAY, "a day later all fit"),
        ("1day", moved_in_summer, "a day later in summer all fit"),
    ],
)
def test_a_shift_or_another_label_is_named(
    timeframe: str, change: Callable[[pl.Series], pl.Series], words: str
) -> None:
    assert words in misfit_of(change(due(timeframe)), timeframe).examples[0]


@pytest.mark.parametrize(
    ("asset_class", "true_class", "timeframe", "calendar"),
    [
        ("US_EQUITY", "FX", "1h", "FX"),
        ("US_EQUITY", "CRYPTO", "1day", "ALWAYS"),
        ("CRYPTO", "US_EQUITY", "1h", "XNYS"),
        ("CRYPTO", "FX", "1day", "FX"),
        ("FX", "US_EQUITY", "1h", "XNYS"),
    ],
)
def test_another_calendar_is_named(
    asset_class: str, true_class: str, timeframe: str, calendar: str
) -> None:
    finding = misfit_of(due(timeframe, true_class), timeframe, asset_class)

    assert f"by the calendar {calendar} all fit" in finding.examples[0]
    assert calendar in finding.remedy


def weekends(_opens: pl.Series) -> pl.Series:
    return due("1day", "CRYPTO")


@pytest.mark.parametrize(
    ("timeframe", "asset_class", "change"),
    [
        ("15min", "US_EQUITY", lambda opens: opens.sample(fraction=0.2, seed=1)),
        ("1h", "US_EQUITY", lambda opens: (opens - HOUR).sample(fraction=0.15, seed=1)),
        ("1h", "US_EQUITY", lambda opens: misread(opens, NEW_YORK, "UTC").head(19)),
        ("1h", "FX", lambda opens: opens.filter(opens.dt.month() != 4)),
        ("1day", "US_EQUITY", lambda opens: opens.sample(fraction=0.9, seed=1)),
        ("1day", "US_EQUITY", lambda opens: opens.filter(opens.dt.month() != 4)),
        ("1day", "FX", weekends),  # some vendors have quotes of weekends
        ("1h", "CRYPTO", lambda opens: opens.sample(fraction=0.5, seed=1)),
        ("1day", "CRYPTO", lambda opens: opens.sample(fraction=0.9, seed=1)),
        ("1week", "US_EQUITY", lambda opens: opens.sample(fraction=0.5, seed=1)),
    ],
)
def test_a_misfit_that_nothing_explains_stays_a_warning(
    timeframe: str, asset_class: str, change: Callable[[pl.Series], pl.Series]
) -> None:
    assert misfit_of(change(due(timeframe, asset_class)), timeframe, asset_class).count == 0


@pytest.mark.parametrize("timeframe", ["15min", "1h", "4h", "1day", "1week"])
@pytest.mark.parametrize("asset_class", ["US_EQUITY", "FX", "CRYPTO"])
def test_what_the_calendar_expects_fits(timeframe: str, asset_class: str) -> None:
    assert misfit_of(due(timeframe, asset_class), timeframe, asset_class).count == 0


def test_the_shipped_series_fit() -> None:
    counts = {
        (symbol, frame): finding_of(
            validated(real(symbol, frame), symbol, frame), "calendar_misfit"
        ).count
        for symbol in REAL
        for frame in timeframes(symbol)
    }
    assert set(counts.values()) == {0}


def test_a_person_may_accept_it_for_the_series_by_its_rule_alone() -> None:
    opens = due("1day") + DAY
    command = misfit_of(opens, "1day").remedy_for("AAA", "1day")
    assert (
        "`regime bars accept AAA 1day 2022-11-02 --rule calendar_misfit --reason TEXT`" in command
    )

    for rule, accepted in (("calendar_misfit", 1), (ANY_RULE, 0)):
        override = Override(
            id=1,
            kind=OverrideKind.ACCEPT,
            timeframe="1day",
            ts="2022-11-02T00:00:00Z",
            rule=rule,
            reason="as served",
            by="me",
            at="2024-01-01T00:00:00Z",
        )
        finding = misfit_of(opens, "1day", context=ValidationContext(overrides=(override,)))
        assert (finding.accepted, finding.count) == (accepted, 1 - accepted)


@pytest.mark.parametrize(
    ("text", "severity", "count"),
    [
        ("rules: {calendar_misfit: {default: warning}}", Severity.WARNING, 1),
        ("rules: {calendar_misfit: {US_EQUITY: off}}", Severity.OFF, 0),
        ("rules: {calendar_misfit: {default: off, ELM: warning}}", Severity.WARNING, 1),
        ("limits: {calendar_misfit: 0.5}", Severity.ERROR, 0),
    ],
)
def test_its_severity_and_its_limit_are_configured(
    text: str, severity: Severity, count: int
) -> None:
    context = ValidationContext(parse_policy(text, "gate.yaml"), symbol="ELM")

    finding = misfit_of(due("1day") + DAY, "1day", context=context)

    assert (finding.severity, finding.count) == (severity, count)


def test_years_with_few_bars_hide_no_wrong_zone_of_the_others() -> None:
    start = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
    opens = expected_opens(MARKETS["US_EQUITY"], "1h", start, END)
    thin = opens.dt.year() < 2023
    kept = opens.filter(thin).sample(fraction=0.2, seed=1).append(opens.filter(~thin)).sort()

    finding = misfit_of(misread(kept, NEW_YORK, "UTC"), "1h")

    assert "of 2023 open outside sessions; read as America/New_York" in finding.examples[0]


def test_finer_bars_of_a_whole_day_are_misread_where_session_bars_are_missing() -> None:
    market, timeframe, step = MARKETS["US_EQUITY"], "5min", "5m"
    times = pl.datetime_range(
        START.replace(tzinfo=None), END.replace(tzinfo=None), step, eager=True
    )
    in_new_york = times.dt.replace_time_zone(NEW_YORK, non_existent="null", ambiguous="earliest")
    dates = due("1day").dt.date().implode()
    hour = in_new_york.dt.hour()
    traded = in_new_york.filter(in_new_york.dt.date().is_in(dates) & (hour >= 4) & (hour < 20))
    true = traded.dt.convert_time_zone("UTC").drop_nulls().unique().sort()

    for opens, words in ((true, ""), (misread(true, NEW_YORK, "UTC"), f"read as {NEW_YORK}")):
        rule, rows = misfit(opens, calendar_fit(opens, timeframe, market), timeframe, market)
        assert rows.height == bool(words)
        assert words in "".join(rows["explanation"])
        assert (f"`zone: {NEW_YORK}`" in rule.remedy) == bool(words)
