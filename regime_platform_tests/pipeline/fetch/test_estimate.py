"""The estimate of a fetch is what the fetch then needs, and asks nothing of the vendor."""

import datetime as dt
from pathlib import Path

from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.estimate import Estimate, estimate
from regime_platform.pipeline.fetch.ingest import Batches
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.pipeline.vendor_street import (
    catch_up,
    list_stock,
    one_stock,
    stock_bars,
)
from regime_platform_tests.scenario import fingerprint
from regime_platform_tests.vendor import LoopbackVendor

START = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
FRIDAY = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)
MONDAY = dt.datetime(2026, 11, 23, 23, tzinfo=dt.UTC)


def estimated(settings: Settings, now: dt.datetime) -> Estimate:
    workspace = RunWorkspace.open(settings)
    instruments = workspace.universe.instruments
    return estimate(workspace, instruments, Batches(workspace, instruments, FetchRequest(now)))


def test_an_update_needs_the_estimated_requests(tmp_path: Path, vendor: LoopbackVendor) -> None:
    for frame in ("1day", "1week"):
        list_stock(vendor, "AAA", frame, stock_bars(frame, START, MONDAY))
    settings = one_stock(tmp_path, vendor)
    vendor.now = lambda: FRIDAY
    catch_up(settings, FRIDAY)
    asked, before = len(vendor.questions), fingerprint(settings.data_root)

    cost = estimated(settings, MONDAY)

    assert (len(vendor.questions), fingerprint(settings.data_root)) == (asked, before)
    vendor.now = lambda: MONDAY
    catch_up(settings, MONDAY)
    assert cost.requests == len(vendor.questions) - asked > 0
    assert cost.assumed == 0


def test_a_series_without_a_known_first_bar_is_assumed_to_be_long(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    cost = estimated(one_stock(tmp_path, vendor), FRIDAY)

    assert (cost.series, cost.assumed) == (2, 2)
    assert cost.requests > 2
    assert vendor.questions == []
    assert Estimate(1, 9, 9, credits_per_minute=4, assumed=0).minutes == 3
