"""What is asked of a vendor, and what is not asked again: over a real socket, on real disk."""

import datetime as dt
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.pipeline.vendor_street import (
    catch_up,
    list_stock,
    one_stock,
    stock_bars,
    stored_bars,
)
from regime_platform_tests.scenario import fingerprint
from regime_platform_tests.vendor import LoopbackVendor, error_answer, json_answer, series_body

UTC = dt.UTC
START = dt.datetime(2024, 1, 2, tzinfo=UTC)
#: Friday evening in New York: after the close, after the second look.
FRIDAY = dt.datetime(2026, 11, 21, 2, tzinfo=UTC)
MONDAY = dt.datetime(2026, 11, 23, 23, tzinfo=UTC)


def asked_since(vendor: LoopbackVendor, before: int) -> list[dict[str, str]]:
    return [dict(question.params) for question in vendor.questions[before:]]


@pytest.mark.parametrize(
    ("timeframe", "start"),
    [
        ("15min", dt.datetime(2025, 3, 3, tzinfo=UTC)),
        ("1h", dt.datetime(2020, 3, 2, tzinfo=UTC)),
        ("1day", dt.datetime(1998, 1, 5, tzinfo=UTC)),
        ("1week", dt.datetime(1990, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_full_history_arrives_complete_newest_first_and_in_pages_that_overlap(
    tmp_path: Path, vendor: LoopbackVendor, timeframe: str, start: dt.datetime
) -> None:
    bars = stock_bars(timeframe, start, FRIDAY)
    list_stock(vendor, "AAA", timeframe, bars)
    settings = one_stock(tmp_path, vendor, "core")

    (outcome,) = catch_up(settings, FRIDAY, [timeframe])

    assert stored_bars(settings, "AAA", timeframe, FRIDAY).equals(
        bars.head(-1)
        if timeframe == "1week" and bars["ts"][-1].isocalendar() == FRIDAY.isocalendar()
        else bars
    )
    windows = [
        (call.params["start_date"], call.params["end_date"])
        for call in vendor.asked("/time_series")
    ]
    for newer, older in pairwise(windows):
        assert older[0] < newer[0] < older[1]
    assert len(windows) == -(-bars.height // 4500) or len(windows) == -(-bars.height // 4500) + 1
    assert outcome.series[0].requests == len(vendor.questions)


def test_a_new_process_does_not_request_stored_bars(tmp_path: Path, vendor: LoopbackVendor) -> None:
    for frame in ("1day", "1week"):
        list_stock(vendor, "AAA", frame, stock_bars(frame, START, FRIDAY))
    settings = one_stock(tmp_path, vendor)
    catch_up(settings, FRIDAY)
    asked, before = len(vendor.questions), fingerprint(tmp_path)

    for hours in (0, 5, 36, 60):  # the weekend, up to Monday 14:00 UTC
        (outcome,) = catch_up(settings, FRIDAY + dt.timedelta(hours=hours))
        assert outcome.status is Status.UNCHANGED

    assert len(vendor.questions) == asked
    assert fingerprint(tmp_path) == before


def test_an_update_makes_one_request_per_series_and_counts_only_new_bars(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    days = stock_bars("1day", START, MONDAY)
    list_stock(vendor, "AAA", "1day", days.head(-1))
    settings = one_stock(tmp_path, vendor)
    catch_up(settings, FRIDAY, ["1day"])
    list_stock(vendor, "AAA", "1day", days)
    before = len(vendor.questions)

    (outcome,) = catch_up(settings, MONDAY, ["1day"])

    series = outcome.series[0]
    assert (series.requests, series.new, series.revised, series.provisional) == (1, 1, 0, 0)
    assert series.same >= 5
    (question,) = asked_since(vendor, before)
    assert question["start_date"] <= "2026-11-16"


def test_the_forming_bar_is_provisional_and_replaced_when_it_is_over(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    noon = dt.datetime(2026, 11, 19, 17, tzinfo=UTC)
    days = stock_bars("1day", START, FRIDAY)
    list_stock(vendor, "AAA", "1day", days)
    settings = one_stock(tmp_path, vendor)
    vendor.now = lambda: noon
    (during,) = catch_up(settings, noon, ["1day"])
    vendor.now = lambda: FRIDAY

    (after,) = catch_up(settings, FRIDAY, ["1day"])

    assert during.series[0].provisional == 1
    assert stored_bars(settings, "AAA", "1day", noon).equals(days.head(-2))
    assert (after.series[0].new, after.series[0].revised) == (2, 0)
    assert stored_bars(settings, "AAA", "1day", FRIDAY).equals(days)


def test_a_second_look_after_the_close_finds_corrections_and_there_is_no_third(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    closed = dt.datetime(2026, 11, 20, 21, 1, tzinfo=UTC)  # 16:01 New York
    days = stock_bars("1day", START, FRIDAY)
    list_stock(vendor, "AAA", "1day", days)
    settings = one_stock(tmp_path, vendor)
    catch_up(settings, closed, ["1day"])
    corrected = days.with_columns(
        volume=pl.when(pl.int_range(pl.len()) == pl.len() - 1).then(7.0).otherwise("volume")
    )
    list_stock(vendor, "AAA", "1day", corrected)
    asked = len(vendor.questions)

    early = catch_up(settings, closed + dt.timedelta(hours=3), ["1day"])
    late = catch_up(settings, closed + dt.timedelta(hours=4), ["1day"])
    again = catch_up(settings, closed + dt.timedelta(hours=5), ["1day"])

    assert [outcomes[0].series[0].requests for outcomes in (early, late, again)] == [0, 1, 0]
    assert late[0].series[0].revised == 1
    assert len(vendor.questions) == asked + 1


def test_a_missing_bar_is_requested_until_its_second_look(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    days = stock_bars("1day", START, FRIDAY)
    list_stock(vendor, "AAA", "1day", days.head(-1))
    settings = one_stock(tmp_path, vendor)
    closed = dt.datetime(2026, 11, 20, 21, 1, tzinfo=UTC)

    requests = [
        catch_up(settings, closed + dt.timedelta(hours=hours), ["1day"])[0].series[0].requests
        for hours in (0, 1, 2, 5, 6, 30)
    ]

    assert requests == [2, 1, 1, 1, 0, 0]  # the first asks for the earliest bar as well


def test_intraday_bars_cost_one_request_per_quarter_hour_and_one_after_the_close(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    bars = stock_bars("15min", dt.datetime(2026, 10, 1, tzinfo=UTC), FRIDAY)
    list_stock(vendor, "AAA", "15min", bars)
    settings = one_stock(tmp_path, vendor, "core")
    moment = dt.datetime(2026, 11, 20, 19, 46, tzinfo=UTC)
    workspace = RunWorkspace.open(settings)
    requests = []
    while moment < FRIDAY:
        vendor.now = lambda at=moment: at
        requests.append(catch_up(workspace, moment, ["15min"])[0].series[0].requests)
        moment += dt.timedelta(minutes=15)

    # 15:00 to 16:00 New York one each, 20:00 the second look, and nothing between and after
    assert requests == [2, 1, 1, 1, 1, 1, *[0] * 15, 1, *[0] * 3]
    assert stored_bars(settings, "AAA", "15min", FRIDAY).equals(bars)


def test_a_killed_backfill_continues_with_its_page(tmp_path: Path, vendor: LoopbackVendor) -> None:
    bars = stock_bars("15min", dt.datetime(2024, 6, 3, tzinfo=UTC), FRIDAY)
    list_stock(vendor, "AAA", "15min", bars)
    settings = one_stock(tmp_path, vendor, "core")

    class Killed(BaseException):
        pass

    def kill(_cost: int) -> None:
        if len(vendor.asked("/time_series")) == 2:
            raise Killed

    with pytest.raises(Killed):  # after the answer, before anything of it is stored
        catch_up(settings, FRIDAY, ["15min"], on_credits=kill)
    catch_up(settings, FRIDAY, ["15min"])

    windows = [call.params["start_date"] for call in vendor.asked("/time_series")]
    assert stored_bars(settings, "AAA", "15min", FRIDAY).equals(bars)
    assert windows[1] == windows[2]
    assert len(set(windows)) == len(windows) - 1
    assert len(vendor.asked("/earliest_timestamp")) == 1


def test_a_file_that_was_lost_from_the_raw_log_is_fetched_again(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    bars = stock_bars("15min", dt.datetime(2025, 3, 3, tzinfo=UTC), FRIDAY)
    list_stock(vendor, "AAA", "15min", bars)
    settings = one_stock(tmp_path, vendor, "core")
    catch_up(settings, FRIDAY, ["15min"])
    asked = len(vendor.questions)
    folder = RunWorkspace.open(settings).root.symbol("AAA").raw("15min")
    sorted(folder.glob("*.parquet"))[1].unlink()

    catch_up(settings, FRIDAY, ["15min"])

    assert stored_bars(settings, "AAA", "15min", FRIDAY).equals(bars)
    assert len(vendor.questions) - asked == 1


def test_a_dense_series_halves_its_windows(tmp_path: Path, vendor: LoopbackVendor) -> None:
    vendor.most_rows = 10_000_000
    began = dt.datetime(2026, 7, 6, tzinfo=UTC)
    dense = pl.datetime_range(began, FRIDAY, "15m", eager=True, time_zone="UTC", time_unit="us")
    bars = stock_bars("15min", dt.datetime(1990, 1, 1, tzinfo=UTC), FRIDAY).head(dense.len())
    bars = bars.with_columns(ts=dense)  # a stock that is served day and night
    list_stock(vendor, "AAA", "15min", bars)
    settings = one_stock(tmp_path, vendor, "core")

    (outcome,) = catch_up(settings, FRIDAY, ["15min"])

    assert outcome.status is Status.DONE, outcome.reason
    assert stored_bars(settings, "AAA", "15min", FRIDAY).equals(
        bars.filter(pl.col("ts") < FRIDAY - dt.timedelta(minutes=14))
    )


@pytest.mark.parametrize("code", [403, 404])
def test_a_refusal_holds_for_a_day_and_a_backfill_requests_again(
    tmp_path: Path, vendor: LoopbackVendor, code: int
) -> None:
    settings = one_stock(tmp_path, vendor)
    vendor.answer_next(error_answer(code, "not in your plan"))

    (first,) = catch_up(settings, FRIDAY, ["1day"])
    (second,) = catch_up(settings, FRIDAY, ["1day"])
    list_stock(vendor, "AAA", "1day", stock_bars("1day", START, FRIDAY))
    (insisted,) = catch_up(settings, FRIDAY, ["1day"], is_backfill=True)

    assert first.status is second.status is Status.FAILED
    assert first.series[0].status == second.series[0].status == "not_entitled"
    assert "asked again from 2026-11-22" in second.reason
    assert second.series[0].requests == 0
    assert insisted.status is Status.DONE


def test_a_timeframe_that_the_vendor_lacks_is_skipped_for_a_week(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    list_stock(vendor, "AAA", "1day", stock_bars("1day", START, FRIDAY))
    list_stock(vendor, "AAA", "1week", stock_bars("1week", START, FRIDAY).clear())
    settings = one_stock(tmp_path, vendor)

    (first,) = catch_up(settings, FRIDAY)
    asked = len(vendor.questions)
    (second,) = catch_up(settings, FRIDAY + dt.timedelta(days=1))

    assert [series.status for series in first.series] == ["ok", "not_offered"]
    assert first.status is Status.DONE
    assert second.status is Status.UNCHANGED
    assert len(vendor.questions) == asked


def test_since_goes_back_so_far_and_a_later_backfill_further(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    bars = stock_bars("1day", START, FRIDAY)
    list_stock(vendor, "AAA", "1day", bars)
    settings = one_stock(tmp_path, vendor)
    since = dt.date(2026, 1, 2)

    catch_up(settings, FRIDAY, ["1day"], is_backfill=True, since=since)
    few = stored_bars(settings, "AAA", "1day", FRIDAY)
    catch_up(settings, FRIDAY, ["1day"])
    still = stored_bars(settings, "AAA", "1day", FRIDAY)
    catch_up(settings, FRIDAY, ["1day"], is_backfill=True)

    assert few["ts"][0].date() == since
    assert still.equals(few)
    assert stored_bars(settings, "AAA", "1day", FRIDAY).equals(bars)


def test_a_late_revision_is_found_by_the_rolling_reread(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    bars = stock_bars("1day", START, FRIDAY)
    list_stock(vendor, "AAA", "1day", bars)
    settings = one_stock(tmp_path, vendor, REGIME_REREAD_SHARE=0.5)
    catch_up(settings, FRIDAY, ["1day"])
    revised = bars.with_columns(
        volume=pl.when(pl.int_range(pl.len()) == 100).then(7.0).otherwise("volume")
    )
    list_stock(vendor, "AAA", "1day", revised)

    outcomes = [
        catch_up(settings, FRIDAY + dt.timedelta(hours=24 * day), ["1day"])[0] for day in (1, 2)
    ]

    assert sorted(outcome.series[0].revised for outcome in outcomes) == [0, 1]
    assert stored_bars(settings, "AAA", "1day", FRIDAY).equals(revised)
    assert sum(outcome.series[0].requests for outcome in outcomes) == 1


def test_the_only_window_is_fetched_at_once_when_its_second_reading_was_cut(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    bars = stock_bars("1day", START, FRIDAY)
    list_stock(vendor, "AAA", "1day", bars)
    settings = one_stock(tmp_path, vendor, REGIME_REREAD_SHARE=1)
    catch_up(settings, FRIDAY, ["1day"])
    later = FRIDAY + dt.timedelta(hours=24)  # no bar is due by then
    meta = {"symbol": "AAA", "interval": "1day"}
    vendor.answer_next(json_answer(series_body(pl.concat([bars] * 20).head(5000), meta)))

    (cut,), (after,) = (catch_up(settings, later, ["1day"]) for _ in range(2))

    assert (cut.series[0].requests, cut.series[0].same) == (2, bars.height)
    assert after.series[0].requests == 0
    assert stored_bars(settings, "AAA", "1day", FRIDAY).equals(bars)
