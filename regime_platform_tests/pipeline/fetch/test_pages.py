"""What a machine whose clock was ahead wrote is not used once the clock is right, and is made good.

The vendor serves what exists at its own time, whatever the machine takes for now. The vendor's
``Date`` header follows the machine here, so that the faulty state can be made at all.
"""

import datetime as dt
import re
from pathlib import Path

import polars as pl
import pytest
import time_machine
from pytest_httpserver import HTTPServer

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.errors import ClockError
from regime_platform.model.instants import iso
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.estimate import estimate
from regime_platform.pipeline.fetch.ingest import Batches
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.error_codes import raises
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.scenario import fingerprint, serve, street
from regime_platform_tests.vendor import LoopbackVendor, error_answer

UTC = dt.UTC
START = dt.datetime(2025, 6, 2, tzinfo=UTC)
WEDNESDAY = dt.datetime(2026, 11, 18, 17, tzinfo=UTC)  # trading, and in the middle of a week
AHEAD = dt.timedelta(days=10)
SATURDAY = dt.datetime(2026, 11, 21, 4, tzinfo=UTC)
FRAMES = ("1day", "1week")


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    vendor = LoopbackVendor(httpserver, asset_class="US_EQUITY")
    for frame in FRAMES:
        list_stock(vendor, "AAA", frame, stock_bars(frame, START, SATURDAY))
    return vendor


def run_at(
    settings: Settings, vendor: LoopbackVendor, real: dt.datetime, ahead: dt.timedelta
) -> SymbolOutcome:
    """Fetches and promotes at ``real`` by a machine whose clock is ``ahead``."""
    vendor.now = lambda: real
    with time_machine.travel(real + ahead, tick=False):
        workspace = RunWorkspace.open(settings)
        stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
        (outcome,) = run_symbols(
            workspace, workspace.universe.instruments, real + ahead, stages=stages
        )
    return outcome


def moments(settings: Settings) -> list[str]:
    """Every time that acquisition.json of AAA has."""
    text = RunWorkspace.open(settings).root.symbol("AAA").acquisition.read_text()
    return re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)


def set_aside(settings: Settings) -> list[str]:
    return [path.name for path in settings.data_root.rglob("*.ahead.parquet")]


def canonical(settings: Settings, timeframe: str) -> pl.DataFrame:
    promoted = read_in_force(RunWorkspace.open(settings).root.symbol("AAA"), timeframe)
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


def test_the_acquisition_record_is_corrected_and_nothing_is_requested_twice(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"])
    run_at(settings, vendor, WEDNESDAY, AHEAD)
    assert max(moments(settings)) > iso(WEDNESDAY)

    run_at(settings, vendor, WEDNESDAY, dt.timedelta())
    asked = len(vendor.questions)
    run_at(settings, vendor, WEDNESDAY + dt.timedelta(minutes=5), dt.timedelta())

    assert max(moments(settings)) <= iso(WEDNESDAY)
    assert len(vendor.questions) == asked
    assert len(set_aside(settings)) == len(FRAMES)


@pytest.mark.parametrize(
    "real", [WEDNESDAY, dt.datetime(2026, 11, 18, 22, 30, tzinfo=UTC), SATURDAY]
)
def test_dates_that_end_before_their_midnight_are_recorded(
    tmp_path: Path, vendor: LoopbackVendor, real: dt.datetime
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"])
    run_at(settings, vendor, real, dt.timedelta())
    asked = len(vendor.questions)

    run_at(settings, vendor, real + dt.timedelta(seconds=1), dt.timedelta())

    assert len(vendor.questions) == asked


def test_only_what_the_clock_ahead_fetched_is_fetched_again(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"])
    tuesday = WEDNESDAY - dt.timedelta(days=1)
    run_at(settings, vendor, tuesday, dt.timedelta())
    before = sorted(path.name for path in settings.data_root.rglob("raw/*/*.parquet"))
    run_at(settings, vendor, WEDNESDAY, AHEAD)

    run_at(settings, vendor, WEDNESDAY, dt.timedelta())

    kept = {path.name for path in settings.data_root.rglob("raw/*/*.parquet")}
    assert set(before) <= kept
    for frame in FRAMES:
        assert canonical(settings, frame).equals(expected(frame, WEDNESDAY)), frame


def test_the_cost_of_a_repeated_fetch_is_estimated_and_nothing_is_written(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"])
    run_at(settings, vendor, WEDNESDAY, AHEAD)
    before = fingerprint(settings.data_root)

    with time_machine.travel(WEDNESDAY, tick=False):
        workspace = RunWorkspace.open(settings)
        instruments = workspace.universe.instruments
        batches = Batches(workspace, instruments, FetchRequest(WEDNESDAY))
        cost = estimate(workspace, instruments, batches)

    assert cost.requests >= len(FRAMES)
    assert fingerprint(settings.data_root) == before


def test_a_refusal_recorded_by_a_clock_ahead_holds_no_longer_than_others(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"])
    vendor.answer_next(*(error_answer(404, "**symbol** not found") for _ in FRAMES))
    run_at(settings, vendor, WEDNESDAY, AHEAD)

    outcome = run_at(settings, vendor, WEDNESDAY, dt.timedelta())

    assert outcome.status is Status.DONE, outcome.reason
    assert canonical(settings, "1day").equals(expected("1day", WEDNESDAY))


def test_a_clock_behind_sets_nothing_aside_and_removes_no_bar(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"])
    vendor.is_dated = True
    run_at(settings, vendor, SATURDAY, dt.timedelta())

    run_at(settings, vendor, SATURDAY, -AHEAD)

    assert set_aside(settings) == []
    for frame in FRAMES:
        assert canonical(settings, frame).equals(expected(frame, SATURDAY)), frame


def test_a_vendor_whose_answers_are_dated_keeps_a_clock_ahead_from_storing_anything(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = vendor_settings(tmp_path, vendor, ["AAA"])
    vendor.is_dated = True
    before = fingerprint(settings.data_root)

    with raises(ClockError, "clock", match="ahead of Twelve Data"):
        run_at(settings, vendor, WEDNESDAY, AHEAD)

    after = fingerprint(settings.data_root)
    assert {name: after[name] for name in after if not name.endswith("/.fetch.lock")} == before


def test_a_file_read_by_a_clock_ahead_is_read_again_by_the_right_one(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = street(tmp_path, ["AAA"])
    bars = stock_bars("1day", START, SATURDAY)
    today = bars.filter(pl.col("ts") <= WEDNESDAY)
    serve(settings, "AAA", "1day", today)
    run_at(settings, vendor, WEDNESDAY, AHEAD)
    assert canonical(settings, "1day").equals(today)

    run_at(settings, vendor, WEDNESDAY, dt.timedelta())
    assert canonical(settings, "1day").equals(expected("1day", WEDNESDAY))

    serve(settings, "AAA", "1day", bars)
    run_at(settings, vendor, SATURDAY, dt.timedelta())
    assert canonical(settings, "1day").equals(bars)
