"""What a machine whose clock was ahead wrote is not used once the clock is right, and is made good.

The vendor serves what exists at its own time, whatever the machine takes for now. The vendor's
``Date`` header follows the machine here, so that the faulty state can be made at all.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import stamina
import time_machine
from pytest_httpserver import HTTPServer

from regime_platform.bars.canonical import read_in_force
from regime_platform.pipeline.outcomes import Stage, WalkOutcome
from regime_platform.pipeline.platform import open_platform
from regime_platform.pipeline.walk import walk
from regime_platform.settings import Settings
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.vendor import LoopbackVendor

UTC = dt.UTC
START = dt.datetime(2025, 6, 2, tzinfo=UTC)
WEDNESDAY = dt.datetime(2026, 11, 18, 17, tzinfo=UTC)  # trading, and in the middle of a week
AHEAD = dt.timedelta(days=10)
SATURDAY = dt.datetime(2026, 11, 21, 4, tzinfo=UTC)
FRAMES = ("1day", "1week")


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> None:
    stamina.set_testing(True, attempts=2)


@pytest.fixture
def vendor(httpserver: HTTPServer) -> Iterator[LoopbackVendor]:
    vendor = LoopbackVendor(httpserver, asset_class="US_EQUITY")
    for frame in FRAMES:
        list_stock(vendor, "AAA", frame, stock_bars(frame, START, SATURDAY))
    return vendor


def run_at(
    settings: Settings, vendor: LoopbackVendor, real: dt.datetime, ahead: dt.timedelta
) -> WalkOutcome:
    """Fetches and promotes at ``real`` by a machine whose clock is ``ahead``."""
    vendor.now = lambda: real
    with time_machine.travel(real + ahead, tick=False):
        platform = open_platform(settings)
        stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
        (outcome,) = walk(platform, platform.universe.instruments, real + ahead, stages=stages)
    return outcome


def canonical(settings: Settings, timeframe: str) -> pl.DataFrame:
    promoted = read_in_force(open_platform(settings).root.symbol("AAA"), timeframe)
    assert promoted is not None
    return promoted[1]


def expected(timeframe: str, real: dt.datetime) -> pl.DataFrame:
    """The bars of the vendor that are over at ``real``."""
    bars = stock_bars(timeframe, START, SATURDAY)
    bound = {"1day": real.date(), "1week": real.date() - dt.timedelta(days=real.weekday())}
    first = dt.datetime.combine(bound[timeframe], dt.time(), UTC)
    return bars.filter(pl.col("ts") < first) if real == WEDNESDAY else bars


def test_a_forming_bar_fetched_by_a_clock_ahead_is_canonical_no_longer_than_that_clock(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"])
    run_at(settings, vendor, WEDNESDAY, AHEAD)

    asked = len(vendor.questions)
    run_at(settings, vendor, WEDNESDAY, dt.timedelta())

    assert len(vendor.questions) > asked
    for frame in FRAMES:
        assert canonical(settings, frame).equals(expected(frame, WEDNESDAY)), frame


@pytest.mark.parametrize("later", [dt.timedelta(days=3), dt.timedelta(days=30)])
def test_a_clock_that_was_ahead_does_not_stop_later_fetches(
    tmp_path: Path, vendor: LoopbackVendor, later: dt.timedelta
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"])
    run_at(settings, vendor, WEDNESDAY, AHEAD)
    run_at(settings, vendor, WEDNESDAY, dt.timedelta())

    run_at(settings, vendor, WEDNESDAY + later, dt.timedelta())

    for frame in FRAMES:
        assert canonical(settings, frame).equals(expected(frame, SATURDAY)), frame
