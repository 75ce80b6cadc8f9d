"""After a split, the history on the old price basis is fetched again."""

import datetime as dt
from pathlib import Path

import polars as pl

from regime_platform.bar_store.split_files import SPLITS, pending_split
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.pipeline.vendor_street import (
    catch_up,
    list_stock,
    one_stock,
    stock_bars,
    stored_bars,
)
from regime_platform_tests.vendor import LoopbackVendor

UTC = dt.UTC
START = dt.datetime(2024, 1, 2, tzinfo=UTC)
#: Friday evening in New York: after the close, after the second look.
FRIDAY = dt.datetime(2026, 11, 21, 2, tzinfo=UTC)
MONDAY = dt.datetime(2026, 11, 23, 23, tzinfo=UTC)


def test_after_a_split_daily_and_weekly_history_is_fetched_again(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    frames = {frame: stock_bars(frame, START, MONDAY) for frame in ("1day", "1week")}
    for frame, bars in frames.items():
        list_stock(vendor, "AAA", frame, bars)
    settings = one_stock(tmp_path, vendor)
    vendor.now = lambda: FRIDAY
    catch_up(settings, FRIDAY)
    split = {
        frame: bars.with_columns(pl.col("open", "high", "low", "close") / 4)
        for frame, bars in frames.items()
    }
    for frame, bars in split.items():
        list_stock(vendor, "AAA", frame, bars)
    vendor.now = lambda: MONDAY

    (outcome,) = catch_up(settings, MONDAY)

    assert outcome.status is Status.DONE, outcome.reason
    paths = RunWorkspace.open(settings).root.symbol("AAA")
    assert [entry.ratio for entry in SPLITS.read(paths)] == [4, 4]
    for frame, bars in split.items():
        assert pending_split(paths, frame) is None
        closed = stored_bars(settings, "AAA", frame, MONDAY)
        assert closed.equals(bars.head(closed.height))
        assert closed.height >= bars.height - 1
