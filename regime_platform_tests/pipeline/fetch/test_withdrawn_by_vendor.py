"""Bars that answers of a vendor lack: withdrawn once two answers an hour apart agree."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.raw.acquisition import read_coverage
from regime_platform.bar_store.raw.gate_input import gate_input
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.coverage import Coverage
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.estimate import estimate
from regime_platform.pipeline.fetch.ingest import Batches
from regime_platform.pipeline.outcomes import SeriesIngest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.pipeline.vendor_street import (
    catch_up,
    list_stock,
    one_stock,
    stock_bars,
)
from regime_platform_tests.vendor import LoopbackVendor

UTC = dt.UTC
START = dt.datetime(2026, 9, 1, tzinfo=UTC)
#: Monday evening in New York: after the second look.
MONDAY = dt.datetime(2026, 11, 24, 2, tzinfo=UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path, vendor: LoopbackVendor) -> Settings:
    return one_stock(tmp_path, vendor, "core", REGIME_REREAD_SHARE=0)


def _serve(vendor: LoopbackVendor, bars: pl.DataFrame, timeframe: str = "1day") -> None:
    list_stock(vendor, "AAA", timeframe, bars)


def _days(until: dt.datetime) -> pl.DataFrame:
    return stock_bars("1day", START, until)


def _fetch(settings: Settings, now: dt.datetime, timeframe: str = "1day") -> SeriesIngest:
    return catch_up(settings, now, [timeframe])[0].series[0]


def _bars(
    settings: Settings, timeframe: str = "1day", as_of: dt.datetime | None = None
) -> pl.DataFrame:
    workspace = RunWorkspace.open(settings)
    instrument, paths = workspace.universe.instrument("AAA"), workspace.root.symbol("AAA")
    then = None if as_of is None else as_of + HOUR / 4  # pages are stamped when they arrive
    return gate_input(paths, timeframe, instrument.market, then).rows.select(BAR_COLUMNS)


def _coverage(settings: Settings, timeframe: str = "1day") -> Coverage:
    return read_coverage(RunWorkspace.open(settings).root.symbol("AAA"), timeframe)


def test_a_bar_that_two_answers_lack_is_withdrawn(
    settings: Settings, vendor: LoopbackVendor
) -> None:
    tuesday = _days(MONDAY + DAY)
    _serve(vendor, _days(MONDAY))
    _fetch(settings, MONDAY)
    _serve(vendor, lacking := tuesday.filter(pl.col("ts") != tuesday["ts"][-3]))

    first = _fetch(settings, MONDAY + DAY)
    early = _fetch(settings, MONDAY + DAY + HOUR / 2)
    second = _fetch(settings, MONDAY + DAY + HOUR)
    later = [_fetch(settings, MONDAY + DAY + HOUR * hours) for hours in (2, 3)]

    assert [(each.withdrawn, each.requests) for each in (first, early, second, *later)] == [
        (0, 1),
        (0, 0),
        (1, 1),
        (0, 0),
        (0, 0),
    ]
    assert _bars(settings).equals(lacking)
    assert _bars(settings, as_of=MONDAY + DAY).equals(tuesday)
    assert not _coverage(settings).absent


def test_a_bar_that_comes_back_is_forgotten(settings: Settings, vendor: LoopbackVendor) -> None:
    _serve(vendor, _days(MONDAY))
    _fetch(settings, MONDAY)
    tuesday = _days(MONDAY + DAY)
    _serve(vendor, tuesday.filter(pl.col("ts") != tuesday["ts"][-3]))
    _fetch(settings, MONDAY + DAY)
    _serve(vendor, tuesday)

    assert _fetch(settings, MONDAY + DAY + HOUR).changed == 0
    assert _bars(settings).equals(tuesday)
    assert not _coverage(settings).absent


def test_bars_before_an_answer_and_after_it_are_never_withdrawn(
    settings: Settings, vendor: LoopbackVendor
) -> None:
    days = _days(MONDAY)
    _serve(vendor, days)
    _fetch(settings, MONDAY)
    _serve(vendor, pl.concat([days[-4:-2], _days(MONDAY + DAY)[-1:]]).head(2))

    for hours in (24, 26, 28, 48):
        _fetch(settings, MONDAY + HOUR * hours)

    assert _bars(settings).equals(days)


def test_a_window_that_is_served_again_without_bars_withdraws_nothing(
    settings: Settings, vendor: LoopbackVendor
) -> None:
    days = _days(MONDAY)
    _serve(vendor, days)
    _fetch(settings, MONDAY)
    _serve(vendor, pl.concat([days[:-3], _days(MONDAY + DAY)[-2:]]))
    _fetch(settings, MONDAY + DAY)
    _serve(vendor, days.clear())

    assert _fetch(settings, MONDAY + DAY + HOUR).withdrawn == 0
    assert _fetch(settings, MONDAY + DAY + 2 * HOUR).requests == 0
    assert _bars(settings).height == days.height + 1


def test_a_bar_that_was_stored_after_the_first_answer_is_not_withdrawn_by_the_second(
    settings: Settings, vendor: LoopbackVendor
) -> None:
    tuesday = _days(MONDAY + DAY)
    _serve(vendor, _days(MONDAY))
    _fetch(settings, MONDAY)
    _serve(vendor, tuesday.filter(pl.col("ts") != tuesday["ts"][-3]))
    _fetch(settings, MONDAY + DAY)
    revised = tuesday.with_columns(
        volume=pl.when(pl.col("ts") == tuesday["ts"][-3]).then(7.0).otherwise("volume")
    )
    _serve(vendor, revised)
    assert _fetch(settings, MONDAY + DAY + HOUR).revised == 1
    assert _bars(settings).equals(revised)


def test_bars_of_another_anchor_replace_those_before(
    settings: Settings, vendor: LoopbackVendor
) -> None:
    hours = stock_bars("1h", START, MONDAY)
    _serve(vendor, hours, "1h")
    _fetch(settings, MONDAY, "1h")
    anchored = stock_bars("1h", START, MONDAY + DAY, seed=2).with_columns(
        pl.col("ts").dt.offset_by("30m")
    )
    _serve(vendor, anchored, "1h")

    counts = [_fetch(settings, MONDAY + DAY + HOUR * hour, "1h") for hour in range(4)]

    assert [each.requests for each in counts] == [1, 1, 1, 0]
    assert sum(each.withdrawn for each in counts) == hours.height
    served = anchored.filter(pl.col("ts") <= MONDAY + DAY - HOUR)
    assert _bars(settings, "1h").equals(served)


def test_the_memory_of_an_absence_may_be_lost(settings: Settings, vendor: LoopbackVendor) -> None:
    tuesday = _days(MONDAY + DAY)
    _serve(vendor, _days(MONDAY))
    _fetch(settings, MONDAY)
    _serve(vendor, tuesday.filter(pl.col("ts") != tuesday["ts"][-3]))
    _fetch(settings, MONDAY + DAY)
    RunWorkspace.open(settings).root.symbol("AAA").acquisition.unlink()

    withdrawn = [_fetch(settings, MONDAY + DAY + HOUR * hours).withdrawn for hours in (1, 25, 50)]

    assert _bars(settings, as_of=MONDAY + DAY + HOUR).equals(tuesday)
    assert sum(withdrawn) == 1


def test_a_window_that_lacked_bars_is_estimated_once_it_is_due(
    settings: Settings, vendor: LoopbackVendor
) -> None:
    tuesday = _days(MONDAY + DAY)
    _serve(vendor, _days(MONDAY))
    _fetch(settings, MONDAY)
    _serve(vendor, tuesday.filter(pl.col("ts") != tuesday["ts"][-3]))
    _fetch(settings, MONDAY + DAY)
    workspace = RunWorkspace.open(settings)
    instruments = workspace.universe.instruments

    requests = [
        estimate(
            workspace,
            instruments,
            Batches(workspace, instruments, FetchRequest(MONDAY + DAY + HOUR * hours), ["1day"]),
        ).requests
        for hours in (0.5, 1)
    ]

    assert requests == [0, 1]
