"""Which windows the Twelve Data source asks for, against a vendor on loopback."""

import datetime as dt
from itertools import pairwise

import polars as pl
import pytest

from regime_platform.errors import QuotaError, SourceError
from regime_platform.model.instruments import Instrument
from regime_platform.sources.protocol import Held, NotOfferedError, Page
from regime_platform.sources.twelvedata import TwelveDataSource
from regime_platform.sources.twelvedata_http import TwelveDataClient
from regime_platform_tests.builders import make_bars
from regime_platform_tests.vendor import (
    DAY_SPENT,
    KEY,
    LoopbackVendor,
    error_answer,
    json_answer,
    series_body,
)

EURUSD = Instrument("EURUSD", "Euro", "FX", "core", "twelvedata", {"provider_symbol": "EUR/USD"})
SPY = Instrument(
    "SPY",
    "S&P 500 ETF",
    "US_EQUITY_INDEX",
    "core",
    "twelvedata",
    {"provider_symbol": "SPY", "mic_code": "ARCX", "type": "ETF"},
)


def make_source(vendor: LoopbackVendor) -> TwelveDataSource:
    return TwelveDataSource(
        TwelveDataClient(vendor.url, KEY, clock=lambda: 0.0, sleep=lambda _: None)
    )


def after(bars: pl.DataFrame) -> dt.datetime:
    last: dt.datetime = bars["ts"][-1]
    return last + dt.timedelta(minutes=1)


def held_of(bars: pl.DataFrame) -> Held:
    return Held(bars["ts"][0], bars["ts"][-1], bars.height)


def joined(pages: list[Page]) -> pl.DataFrame:
    return pl.concat([page.bars for page in pages]).unique().sort("ts")


@pytest.mark.parametrize(
    ("timeframe", "rows"), [("15min", 12_000), ("1h", 9_000), ("4h", 900), ("1day", 5_600)]
)
def test_a_full_history_arrives_complete_and_in_pages_below_the_limit(
    vendor: LoopbackVendor, timeframe: str, rows: int
) -> None:
    bars = make_bars(rows, timeframe)
    vendor.list_series("EUR/USD", timeframe, bars)

    pages = list(make_source(vendor).pages(EURUSD, timeframe, None, after(bars)))

    assert joined(pages).equals(bars)
    assert max(page.bars.height for page in pages) < 5000


def test_weekly_bars_from_the_week_of_the_listing_on_arrive(vendor: LoopbackVendor) -> None:
    bars = make_bars(700, "1week")
    vendor.list_series("SPY", "1week", bars, type="ETF", mic_code="ARCX")
    listing_day = bars["ts"][0].date() + dt.timedelta(days=3)
    vendor.answer_next(json_answer({"datetime": str(listing_day)}))

    pages = list(make_source(vendor).pages(SPY, "1week", None, after(bars)))

    assert joined(pages).equals(bars)
    assert len(pages) == 1


def test_pages_walk_back_from_now_and_overlap(vendor: LoopbackVendor) -> None:
    bars = make_bars(12_000, "15min")
    vendor.list_series("EUR/USD", "15min", bars)

    pages = list(make_source(vendor).pages(EURUSD, "15min", None, after(bars)))

    for newer, older in pairwise(pages):
        assert older.bars["ts"][0] < newer.bars["ts"][0] <= older.bars["ts"][-1]


def test_every_question_names_the_instrument_and_both_ends(vendor: LoopbackVendor) -> None:
    bars = make_bars(300)
    vendor.list_series("SPY", "1day", bars, type="ETF", mic_code="ARCX")

    list(make_source(vendor).pages(SPY, "1day", None, after(bars)))

    (question,) = vendor.asked("/time_series")
    assert question.params["mic_code"] == "ARCX"
    assert question.params["type"] == "ETF"
    assert question.params["start_date"] == "2012-01-02"
    assert question.params["outputsize"] == "5000"
    assert "timezone" not in question.params
    assert "dp" not in question.params


def test_intraday_times_are_asked_for_in_utc(vendor: LoopbackVendor) -> None:
    bars = make_bars(300, "1h")
    vendor.list_series("EUR/USD", "1h", bars)

    list(make_source(vendor).pages(EURUSD, "1h", None, after(bars)))

    assert {question.params["timezone"] for question in vendor.questions} == {"UTC"}


def test_a_full_page_halves_the_window(vendor: LoopbackVendor) -> None:
    vendor.most_rows = 10_000_000
    began = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    dense = pl.datetime_range(began, began + dt.timedelta(days=365), "15m", eager=True)
    bars = make_bars(dense.len(), "1day").with_columns(ts=dense)  # a stock served day and night
    vendor.list_series("SPY", "15min", bars, type="ETF")

    pages = list(make_source(vendor).pages(SPY, "15min", None, after(bars)))

    starts = [question.params["start_date"] for question in vendor.asked("/time_series")]
    assert joined(pages).equals(bars)
    assert max(page.bars.height for page in pages) < 5000
    assert starts[0] < starts[1]


def test_the_rows_of_a_window_that_the_vendor_ignores_are_cut(vendor: LoopbackVendor) -> None:
    bars = make_bars(60)
    meta = {"symbol": "EUR/USD", "interval": "1day"}
    vendor.answer_next(json_answer(series_body(bars, meta)))
    held = held_of(bars.slice(50))

    page = next(make_source(vendor).pages(EURUSD, "1day", held, after(bars)))

    assert page.window is not None
    assert page.bars.equals(bars.filter(pl.col("ts") >= page.window[0]))
    assert page.bars.height < 60


def test_an_update_asks_again_for_at_least_five_held_bars(vendor: LoopbackVendor) -> None:
    for timeframe in ("15min", "1h", "4h", "1day", "1week"):
        bars = make_bars(400, timeframe)
        vendor.list_series("EUR/USD", timeframe, bars)
        held = held_of(bars.head(390))

        pages = list(make_source(vendor).pages(EURUSD, timeframe, held, after(bars)))

        (page,) = pages
        assert page.bars.tail(15).equals(bars.tail(15))
        assert page.bars.filter(pl.col("ts") < held.last).height >= 5


def test_a_long_absence_is_made_up_for_oldest_first(vendor: LoopbackVendor) -> None:
    bars = make_bars(12_000, "15min")
    vendor.list_series("EUR/USD", "15min", bars)
    held = held_of(bars.head(100))

    pages = list(make_source(vendor).pages(EURUSD, "15min", held, after(bars)))

    assert [page.bars["ts"][0] for page in pages] == sorted(p.bars["ts"][0] for p in pages)
    assert joined([*pages]).equals(bars)


def test_an_interrupted_walk_back_goes_on_where_it_stopped(vendor: LoopbackVendor) -> None:
    bars = make_bars(12_000, "15min")
    vendor.list_series("EUR/USD", "15min", bars)
    first_two = []
    for page in make_source(vendor).pages(EURUSD, "15min", None, after(bars)):
        first_two.append(page)
        if len(first_two) == 2:
            break
    held = held_of(joined(first_two))
    asked_before = len(vendor.asked("/time_series"))

    rest = list(make_source(vendor).pages(EURUSD, "15min", held, after(bars)))

    assert joined([*first_two, *rest]).equals(bars)
    asked = vendor.asked("/time_series")[asked_before:]
    assert asked[0].params["end_date"] > asked[1].params["end_date"]
    assert all(page.bars["ts"][0] < held.first for page in rest[1:])


def test_a_complete_history_is_not_walked_again(vendor: LoopbackVendor) -> None:
    bars = make_bars(300)
    vendor.list_series("EUR/USD", "1day", bars)
    source = make_source(vendor)

    for _ in range(2):
        list(source.pages(EURUSD, "1day", held_of(bars), after(bars)))

    assert len(vendor.asked("/time_series")) == 2
    assert len(vendor.asked("/earliest_timestamp")) == 1


def test_an_empty_window_is_passed_over_and_the_walk_goes_on(vendor: LoopbackVendor) -> None:
    old = make_bars(50, "15min", dt.datetime(2020, 1, 6, tzinfo=dt.UTC))
    new = make_bars(50, "15min", dt.datetime(2021, 1, 4, tzinfo=dt.UTC))
    vendor.list_series("EUR/USD", "15min", pl.concat([old, new]))

    pages = list(make_source(vendor).pages(EURUSD, "15min", None, after(new)))

    assert [page.bars.height for page in pages] == [50, 50]


def test_the_forming_bar_is_passed_on_as_served(vendor: LoopbackVendor) -> None:
    bars = make_bars(40)
    vendor.list_series("EUR/USD", "1day", bars)
    noon = bars["ts"][-1] + dt.timedelta(hours=12)

    (page,) = make_source(vendor).pages(EURUSD, "1day", None, noon)

    assert page.bars["ts"][-1] == bars["ts"][-1]


def test_an_instrument_without_any_bar_is_not_offered(vendor: LoopbackVendor) -> None:
    vendor.list_series("EUR/USD", "15min", make_bars(1, "15min").clear())

    with pytest.raises(NotOfferedError, match="no 15min bar"):
        list(make_source(vendor).pages(EURUSD, "15min", None, after(make_bars(1))))


def test_more_bars_than_a_day_can_hold_are_an_error(vendor: LoopbackVendor) -> None:
    flood = make_bars(6000).with_columns(ts=pl.lit(dt.datetime(2024, 1, 3, tzinfo=dt.UTC)))
    vendor.list_series("EUR/USD", "1h", flood)

    with pytest.raises(SourceError, match="for the one day"):
        list(make_source(vendor).pages(EURUSD, "1h", None, dt.datetime(2024, 1, 3, tzinfo=dt.UTC)))


def test_price_basis_tells_split_adjusted_dates_from_unadjusted_times(
    vendor: LoopbackVendor,
) -> None:
    basis = {}
    for timeframe in ("1h", "1day"):
        bars = make_bars(30, timeframe)
        vendor.list_series("EUR/USD", timeframe, bars)
        (page,) = make_source(vendor).pages(EURUSD, timeframe, None, after(bars))
        basis[timeframe] = page.price_basis

    assert basis == {"1h": "unadjusted", "1day": "split_adjusted"}


def test_another_instrument_under_the_same_symbol_is_refused(vendor: LoopbackVendor) -> None:
    bars = make_bars(30)
    vendor.list_series("SPY", "1day", bars, type="ETF", mic_code="XNMS")

    with pytest.raises(SourceError, match=r"mic_code 'XNMS', registered is 'ARCX'"):
        list(make_source(vendor).pages(SPY, "1day", None, after(bars)))


def test_a_day_that_is_spent_midway_leaves_the_pages_before_it(vendor: LoopbackVendor) -> None:
    bars = make_bars(12_000, "15min")
    vendor.list_series("EUR/USD", "15min", bars)
    pages = make_source(vendor).pages(EURUSD, "15min", None, after(bars))

    newest = next(pages)
    vendor.answer_next(error_answer(429, DAY_SPENT))

    assert newest.bars["ts"][-1] == bars["ts"][-1]
    with pytest.raises(QuotaError):
        next(pages)
