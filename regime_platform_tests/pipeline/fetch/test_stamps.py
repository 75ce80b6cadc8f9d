"""Every page is stamped with its own arrival, by the clock that the workspace was opened with."""

import datetime as dt
from pathlib import Path

import pytest
from werkzeug import Request, Response

from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.pipeline.vendor_street import (
    catch_up,
    list_stock,
    stock_bars,
    vendor_settings,
)
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.vendor import LoopbackVendor

START = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 11, 18, 17, tzinfo=dt.UTC)  # a Wednesday, in the session
HALF_HOUR = dt.timedelta(minutes=30)


class SetClock:
    """A clock that moves when it is told to."""

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def __call__(self) -> float:
        return self.moment.timestamp()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


def slow_vendor(vendor: LoopbackVendor, clock: SetClock, takes: dt.timedelta) -> LoopbackVendor:
    """The vendor, whose answers show the bars of when they were requested and arrive later."""
    vendor.now = lambda: clock.moment
    answer = vendor.answer

    def answer_late(request: Request) -> Response:
        response = answer(request)
        clock.moment += takes
        return response

    vendor.server.clear()
    for path in ("/time_series", "/earliest_timestamp"):
        vendor.server.expect_request(path).respond_with_handler(answer_late)
    return vendor


def stamps(workspace: RunWorkspace, symbol: str, timeframe: str) -> list[dt.datetime]:
    return read_raw(workspace.root.symbol(symbol).raw(timeframe))["fetched_at"].unique().to_list()


def run_at(workspace: RunWorkspace, now: dt.datetime) -> SymbolOutcome:
    stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
    (outcome,) = run_symbols(workspace, workspace.universe.instruments, now, stages=stages)
    return outcome


def intraday(folder: Path, vendor: LoopbackVendor) -> Settings:
    list_stock(vendor, "AAA", "15min", stock_bars("15min", START, NOON + dt.timedelta(days=3)))
    for timeframe in ("1h", "4h", "1day", "1week"):
        list_stock(vendor, "AAA", timeframe, stock_bars(timeframe, START, NOON))
    return vendor_settings(folder, vendor, ["AAA"], tier="core")


def test_a_file_is_stamped_when_it_is_read(tmp_path: Path, clock: SetClock) -> None:
    settings = street(tmp_path, ["AAA", "BBB"])
    for symbol in ("AAA", "BBB"):
        serve(settings, symbol, "1day", make_bars(5))
    workspace = RunWorkspace.open(settings, clock=clock)
    given = NOON - dt.timedelta(days=2)
    outcomes = run_symbols(
        workspace, workspace.universe.instruments, given, stages=(Stage.RAW_BARS,)
    )

    next(outcomes)
    clock.moment += dt.timedelta(minutes=20)
    next(outcomes)

    assert stamps(workspace, "AAA", "1day") == [given]
    assert stamps(workspace, "BBB", "1day") == [given + dt.timedelta(minutes=20)]


def test_a_run_longer_than_a_bar_blocks_nothing(
    tmp_path: Path, vendor: LoopbackVendor, clock: SetClock
) -> None:
    settings = intraday(tmp_path, slow_vendor(vendor, clock, dt.timedelta(minutes=20)))

    outcome = run_at(RunWorkspace.open(settings, clock=clock), NOON)

    assert outcome.status is Status.DONE, outcome.reason
    arrived = stamps(RunWorkspace.open(settings), "AAA", "1day")
    assert arrived == [arrived[0]]
    assert arrived[0] - NOON > dt.timedelta(hours=1)  # after the pages of three timeframes


def test_a_bar_that_ends_while_its_answer_is_on_the_way_is_not_final(
    tmp_path: Path, vendor: LoopbackVendor, clock: SetClock
) -> None:
    settings = intraday(tmp_path, slow_vendor(vendor, clock, dt.timedelta(minutes=2)))
    clock.moment = NOON - dt.timedelta(minutes=5)  # the next bar ends before the second answer
    workspace = RunWorkspace.open(settings, clock=clock)

    fetched = catch_up(workspace, clock.moment, ["15min"])[0].series[0]

    assert fetched.provisional == 1
    raw = read_raw(workspace.root.symbol("AAA").raw("15min"))
    assert raw["ts"].to_list()[-1] == NOON - dt.timedelta(minutes=15)
    assert raw["fetched_at"].to_list()[-1] < NOON


def test_the_pages_of_a_batch_have_the_stamp_of_its_answer(
    tmp_path: Path, vendor: LoopbackVendor, clock: SetClock
) -> None:
    for seed, symbol in enumerate(("AAA", "BBB")):
        list_stock(vendor, symbol, "1day", stock_bars("1day", START, NOON, seed))
    settings = vendor_settings(tmp_path, vendor, ["AAA", "BBB"])
    before = NOON - dt.timedelta(days=2)
    vendor.now = lambda: before
    catch_up(settings, before, ["1day"])
    clock.moment = NOON
    slow_vendor(vendor, clock, HALF_HOUR)
    vendor.questions.clear()

    workspace = RunWorkspace.open(settings, clock=clock)
    catch_up(workspace, NOON, ["1day"])

    assert len(vendor.asked("/time_series")) == 1
    for symbol in ("AAA", "BBB"):
        assert max(stamps(workspace, symbol, "1day")) == NOON + HALF_HOUR


@pytest.mark.parametrize("slow", [dt.timedelta(seconds=10), dt.timedelta(minutes=14)])
def test_a_slow_clock_blocks_nothing(
    tmp_path: Path, vendor: LoopbackVendor, clock: SetClock, slow: dt.timedelta
) -> None:
    settings = intraday(tmp_path, vendor)
    vendor.now = lambda: NOON + dt.timedelta(seconds=5)
    clock.moment = NOON + dt.timedelta(seconds=5) - slow

    outcome = run_at(RunWorkspace.open(settings, clock=clock), clock.moment)

    assert outcome.status is Status.DONE, outcome.reason
