"""Requests of the Twelve Data source for a window or a batch, to a vendor on loopback."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import CredentialsError, SourceError
from regime_platform.model.instruments import Instrument
from regime_platform.sources.credits import CreditBudget, Limits
from regime_platform.sources.protocol import (
    BarPage,
    Charge,
    CutError,
    NotServedError,
    WindowRequest,
)
from regime_platform.sources.twelvedata.http import TwelveDataClient
from regime_platform.sources.twelvedata.source import TwelveDataSource
from regime_platform_tests.builders import START, make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.conftest import FakeClock
from regime_platform_tests.vendor import (
    KEY,
    MINUTE_SPENT,
    LoopbackVendor,
    error_answer,
    json_answer,
    series_body,
)

EURUSD = Instrument(
    symbol="EURUSD",
    name="Euro",
    asset_class="FX",
    tier="core",
    source="twelvedata",
    provider_symbol="EUR/USD",
)
SPY = Instrument(
    symbol="SPY",
    name="S&P 500 ETF",
    asset_class="US_EQUITY_INDEX",
    tier="core",
    source="twelvedata",
    provider_symbol="SPY",
    mic_code="ARCX",
    type="ETF",
)
NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def stock(symbol: str, mic_code: str = "XNGS") -> Instrument:
    return Instrument(
        symbol=symbol,
        name=symbol,
        asset_class="US_EQUITY",
        tier="daily",
        source="twelvedata",
        provider_symbol=symbol,
        mic_code=mic_code,
    )


@pytest.fixture
def source(tmp_path: Path, vendor: LoopbackVendor) -> TwelveDataSource:
    clock = FakeClock()
    budget = CreditBudget(tmp_path / "credits.sqlite", Limits(1000), clock, clock.sleep)
    return TwelveDataSource(TwelveDataClient(vendor.url, KEY, budget))


def ask_for(
    bars: pl.DataFrame, instrument: Instrument = EURUSD, timeframe: str = "1day"
) -> WindowRequest:
    last: dt.datetime = bars["ts"][-1]
    midnight = last.replace(hour=0, minute=0) + dt.timedelta(days=1)
    return WindowRequest(instrument, timeframe, bars["ts"][0].replace(hour=0, minute=0), midnight)


@pytest.mark.parametrize("timeframe", ["15min", "1h", "4h", "1day", "1week"])
def test_a_window_arrives_as_it_was_served(
    vendor: LoopbackVendor, source: TwelveDataSource, timeframe: str
) -> None:
    bars = make_bars(300, timeframe)
    vendor.list_series("EUR/USD", timeframe, bars)

    page = source.page(ask_for(bars, timeframe=timeframe), NOW)

    assert page.bars.equals(bars)
    assert source.charge == Charge(1, 1)
    assert page.price_basis == (
        "unadjusted" if "h" in timeframe or "min" in timeframe else "split_adjusted"
    )


def test_every_request_names_the_instrument_and_both_ends(
    vendor: LoopbackVendor, source: TwelveDataSource
) -> None:
    bars = make_bars(300)
    vendor.list_series("SPY", "1day", bars, type="ETF", mic_code="ARCX")

    source.page(ask_for(bars, SPY), NOW)

    (question,) = vendor.asked("/time_series")
    assert question.params["mic_code"] == "ARCX"
    assert question.params["type"] == "ETF"
    assert question.params["start_date"] == "2012-01-02"
    assert question.params["outputsize"] == "5000"
    assert "timezone" not in question.params
    assert "dp" not in question.params


def test_intraday_times_are_asked_for_in_utc(
    vendor: LoopbackVendor, source: TwelveDataSource
) -> None:
    bars = make_bars(30, "1h")
    vendor.list_series("EUR/USD", "1h", bars)

    source.page(ask_for(bars, timeframe="1h"), NOW)

    assert {question.params["timezone"] for question in vendor.questions} == {"UTC"}


def test_both_ends_are_cut_whatever_the_vendor_includes(
    vendor: LoopbackVendor, source: TwelveDataSource
) -> None:
    bars = make_bars(60)
    vendor.answer_next(json_answer(series_body(bars, {"symbol": "EUR/USD", "interval": "1day"})))
    ask = WindowRequest(EURUSD, "1day", bars["ts"][10], bars["ts"][20])

    assert source.page(ask, NOW).bars.equals(bars.slice(10, 10))


def test_an_answer_of_the_maximum_length_counts_as_cut(
    vendor: LoopbackVendor, source: TwelveDataSource
) -> None:
    bars = make_bars(5000)
    vendor.list_series("EUR/USD", "1day", bars)

    with pytest.raises(CutError):
        source.page(ask_for(bars), NOW)


def test_a_window_without_bars_is_a_page_without_rows(
    vendor: LoopbackVendor, source: TwelveDataSource
) -> None:
    vendor.list_series("EUR/USD", "1day", make_bars(30))

    page = source.page(WindowRequest(EURUSD, "1day", NOW, NOW + dt.timedelta(days=1)), NOW)

    assert page.bars.is_empty()


@pytest.mark.parametrize(("timeframe", "days"), [("1day", 3), ("1week", 0), ("1h", 3)])
def test_the_earliest_bar_is_dated_and_a_week_by_its_monday(
    vendor: LoopbackVendor, source: TwelveDataSource, timeframe: str, days: int
) -> None:
    thursday = START + dt.timedelta(days=3)
    vendor.answer_next(json_answer({"datetime": str(thursday.date())}))

    first = source.earliest(EURUSD, timeframe, NOW)

    assert first == START.date() + dt.timedelta(days=days)


def test_another_instrument_under_the_same_symbol_is_refused(
    vendor: LoopbackVendor, source: TwelveDataSource
) -> None:
    bars = make_bars(30)
    vendor.list_series("SPY", "1day", bars, type="ETF", mic_code="XNMS")

    with raises(SourceError, "other-instrument-answered", match="mic_code 'XNMS'.*'ARCX'"):
        source.page(ask_for(bars, SPY), NOW)


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        (403, "not available with your plan", "not_entitled"),
        (404, "This symbol is available starting with the Grow plan", "not_entitled"),
        (404, "**symbol** not found", "unknown_symbol"),
    ],
)
def test_a_refused_series_has_its_status(
    vendor: LoopbackVendor, source: TwelveDataSource, code: int, message: str, status: str
) -> None:
    vendor.answer_next(error_answer(code, message))

    with pytest.raises(NotServedError) as caught:
        source.page(ask_for(make_bars(3)), NOW)
    assert caught.value.status == status


Batch = Callable[..., dict[str, object]]


@pytest.fixture
def batch_of(vendor: LoopbackVendor, source: TwelveDataSource) -> Batch:
    """Asks for three listed stocks at once, the parts of the answer changed as a test wants."""

    def ask(**parts: object) -> dict[str, object]:
        bars = make_bars(9)
        body: dict[str, object] = {
            name: series_body(bars, {"symbol": name, "interval": "1day", "mic_code": "XNGS"})
            for name in ("AAA", "BBB", "CCC")
        }
        body.update(parts)
        vendor.answer_next(json_answer({name: part for name, part in body.items() if part}))
        asks = [ask_for(bars, stock(name)) for name in ("AAA", "BBB", "CCC")]
        return dict(source.batch(asks, NOW))

    return ask


def test_a_batch_is_one_request_with_a_page_for_every_symbol(
    vendor: LoopbackVendor, source: TwelveDataSource, batch_of: Batch
) -> None:
    pages = batch_of()

    (question,) = vendor.questions
    assert question.params["symbol"] == "AAA,BBB,CCC"
    assert source.charge == Charge(1, 3)
    assert all(isinstance(page, BarPage) and page.bars.height == 9 for page in pages.values())


def test_in_a_batch_every_symbol_has_its_own_outcome(batch_of: Batch) -> None:
    outcomes = batch_of(
        AAA={"code": 404, "message": "not found", "status": "error"},
        BBB={"code": 400, "message": "No data is available on the specified dates."},
    )

    assert isinstance(outcomes["AAA"], NotServedError)
    assert isinstance(outcomes["BBB"], BarPage)
    assert outcomes["BBB"].bars.is_empty()
    assert isinstance(outcomes["CCC"], BarPage)


@pytest.mark.parametrize(
    "part",
    [
        None,  # fewer symbols than asked for
        "nonsense",
        {"code": 429, "message": MINUTE_SPENT, "status": "error"},
        {"code": 500, "message": "internal", "status": "error"},
        {"code": 400, "message": "another parameter", "status": "error"},
        {"meta": {"symbol": "XXX"}, "values": [], "status": "ok"},
    ],
)
def test_a_symbol_without_a_clear_answer_is_missing_from_the_batch(
    batch_of: Batch, part: object
) -> None:
    assert set(batch_of(BBB=part)) == {"AAA", "CCC"}


def test_a_key_refused_within_a_batch_ends_the_run(batch_of: Batch) -> None:
    with pytest.raises(CredentialsError):
        batch_of(BBB={"code": 401, "message": "key", "status": "error"})


def test_a_batch_that_is_too_long_is_halved(
    vendor: LoopbackVendor, source: TwelveDataSource
) -> None:
    names = [f"S{number}" for number in range(8)]
    bars = make_bars(5)
    for name in names:
        vendor.list_series(name, "1day", bars, mic_code="XNGS")
    vendor.answer_next(error_answer(414, "too long"))

    pages = source.batch([ask_for(bars, stock(name)) for name in names], NOW)

    assert list(pages) == names
    assert [len(question.params["symbol"].split(",")) for question in vendor.questions] == [8, 4, 4]


def test_only_requests_that_differ_by_symbol_alone_share_a_batch(
    source: TwelveDataSource,
) -> None:
    bars = make_bars(5)
    keys = [
        source.batch_key(ask_for(bars, instrument))
        for instrument in (stock("A"), stock("B"), stock("C", "XNYS"))
    ]

    assert keys[0] == keys[1] != keys[2]
