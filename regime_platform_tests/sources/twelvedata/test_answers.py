"""Bodies of the vendor, parsed as bars."""

import datetime as dt
from typing import Any

import pytest

from regime_platform.errors import SourceError
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.instruments import Instrument
from regime_platform.sources.twelvedata.answers import answered_bars, answered_earliest
from regime_platform_tests.error_codes import raises

SPY = Instrument(
    symbol="SPY",
    name="S&P 500 ETF",
    asset_class="US_EQUITY_INDEX",
    tier="core",
    source="twelvedata",
    provider_symbol="SPY",
    mic_code="ARCX",
    exchange="NYSE",
    type="ETF",
)
META = {"symbol": "SPY", "interval": "1day", "mic_code": "ARCX", "exchange": "NYSE", "type": "ETF"}
ROW = {
    "datetime": "2024-01-03",
    "open": "472.16",
    "high": "473.67",
    "low": "470.49",
    "close": "470.10000000001",
    "volume": "81964900",
}


def body(*rows: Any, **meta: str | None) -> dict[str, Any]:
    return {"meta": {**META, **meta}, "values": list(rows), "status": "ok"}


def test_numbers_are_read_to_the_last_digit() -> None:
    bars = answered_bars(body(ROW), SPY, "1day").bars

    assert bars.schema == BAR_SCHEMA
    opened = dt.datetime(2024, 1, 3, tzinfo=dt.UTC)
    assert bars.row(0) == (opened, 472.16, 473.67, 470.49, 470.10000000001, 81964900.0)


def test_newest_first_becomes_oldest_first_and_equal_opens_stay() -> None:
    older = {**ROW, "datetime": "2024-01-02"}

    bars = answered_bars(body(ROW, older, {**older, "close": "1"}), SPY, "1day").bars

    assert [day.day for day in bars["ts"]] == [2, 2, 3]


def test_intraday_times_are_utc() -> None:
    row = {**ROW, "datetime": "2024-01-03 14:30:00"}

    bars = answered_bars(body(row, interval="1h"), SPY, "1h").bars

    assert bars["ts"][0] == dt.datetime(2024, 1, 3, 14, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize("volume", [{}, {"volume": None}, {"volume": ""}, {"volume": "N/A"}])
def test_a_volume_that_is_not_reported_is_null(volume: dict[str, Any]) -> None:
    row = {name: value for name, value in ROW.items() if name != "volume"}

    assert answered_bars(body({**row, **volume}), SPY, "1day").bars["volume"].to_list() == [None]


@pytest.mark.parametrize("close", ["N/A", None, "", True, "1,5"])
def test_a_price_that_is_no_number_is_null_for_the_gate_to_reject(close: object) -> None:
    assert answered_bars(body({**ROW, "close": close}), SPY, "1day").bars["close"][0] is None


@pytest.mark.parametrize(("text", "value"), [("-1", -1.0), ("0", 0.0), (12.5, 12.5)])
def test_a_wrong_price_passes_as_served(text: object, value: float) -> None:
    assert answered_bars(body({**ROW, "close": text}), SPY, "1day").bars["close"][0] == value


def test_no_rows_are_no_bars() -> None:
    assert answered_bars(body(), SPY, "1day").bars.is_empty()


@pytest.mark.parametrize(
    "meta",
    [
        {"symbol": "SPYX"},
        {"interval": "1week"},
        {"mic_code": "XNAS"},
        {"exchange": "NASDAQ"},
        {"type": "Common Stock"},
        {"symbol": None},
    ],
)
def test_another_instrument_is_refused(meta: dict[str, str | None]) -> None:
    with raises(
        SourceError, "other-instrument-answered", match=r"SPY: .*registered is .*universe.yaml"
    ):
        answered_bars(body(ROW, **meta), SPY, "1day")


@pytest.mark.parametrize("name", ["mic_code", "exchange", "type"])
def test_a_field_missing_from_the_answer_is_not_compared(name: str) -> None:
    assert answered_bars(body(ROW, **{name: None}), SPY, "1day").bars.height == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"meta": META},
        {"meta": META, "values": None},
        {"meta": META, "values": {"0": ROW}},
        {"meta": META, "values": ["x"]},
    ],
)
def test_an_answer_of_another_form_is_refused(answer: dict[str, Any]) -> None:
    with raises(SourceError, "answer-form", match="SPY 1day: .*without a list of values"):
        answered_bars(answer, SPY, "1day")


@pytest.mark.parametrize("answer", [{"meta": "x", "values": []}, {"values": [ROW]}])
def test_an_answer_that_names_no_instrument_is_refused(answer: dict[str, Any]) -> None:
    with raises(SourceError, "other-instrument-answered", match="SPY"):
        answered_bars(answer, SPY, "1day")


@pytest.mark.parametrize("text", [None, "", "03.01.2024", "2024-02-30", "2024-01-03 25:00:00"])
def test_a_bar_that_cannot_be_placed_in_time_is_an_error(text: str | None) -> None:
    with raises(SourceError, "answer-form", match="SPY 1day: Twelve Data dated a bar"):
        answered_bars(body({**ROW, "datetime": text}), SPY, "1day")


@pytest.mark.parametrize(
    ("timeframe", "labels", "dates", "note"),
    [
        ("1day", ["2024-01-02 00:00:00"], ["2024-01-02"], ""),
        ("1day", ["2024-07-02 09:30:00"], ["2024-07-02"], "times read as their dates"),
        ("1day", ["2024-07-02 16:00:00"], ["2024-07-02"], "times read as their dates"),
        ("1week", ["2024-01-14"], ["2024-01-15"], "weeks labelled Sunday"),
        ("1week", ["2024-01-16"], ["2024-01-15"], "weeks labelled Tuesday"),
        ("1week", ["2024-01-16 09:30:00"], ["2024-01-15"], "weeks labelled Tuesday"),
    ],
)
def test_other_labels_of_days_and_weeks_are_read_as_their_open(
    timeframe: str, labels: list[str], dates: list[str], note: str
) -> None:
    rows = ({**ROW, "datetime": label} for label in labels)

    answered = answered_bars(body(*rows, interval=timeframe), SPY, timeframe)

    assert [f"{ts:%Y-%m-%d %H:%M}" for ts in answered.bars["ts"]] == [f"{d} 00:00" for d in dates]
    assert note in answered.note
    assert bool(note) == bool(answered.note)


@pytest.mark.parametrize(
    ("answer", "timeframe", "expected"),
    [
        ({"datetime": "1980-12-12", "unix_time": 345427200}, "1day", dt.date(1980, 12, 12)),
        ({"datetime": "1980-12-12 00:00:00"}, "1day", dt.date(1980, 12, 12)),
        # told in exchange time, where it was still the day before
        ({"datetime": "2020-02-09 20:00:00", "unix_time": 1581296400}, "1h", dt.date(2020, 2, 10)),
        ({"datetime": "2020-02-10 04:15:00"}, "1h", dt.date(2020, 2, 10)),
    ],
)
def test_the_earliest_timestamp_is_read_as_a_date(
    answer: dict[str, Any], timeframe: str, expected: dt.date
) -> None:
    assert answered_earliest(answer, timeframe, "SPY") == expected


def test_an_earliest_timestamp_without_a_date_is_an_error() -> None:
    with raises(SourceError, "answer-form", match="SPY 1day: .*expected a date"):
        answered_earliest({"datetime": None}, "1day", "SPY 1day")
