"""Batches with a fetch time in the future are set aside, and no others."""

import datetime as dt
import os
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.raw.compaction import compact, files_ahead, locate_all, set_aside
from regime_platform.bar_store.raw.page_update import FetchOrigin
from regime_platform.bar_store.raw.raw_log import append, read_raw
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.model.markets import MARKETS
from regime_platform_tests.builders import make_bars

NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
BARS = make_bars(60)


def facts(fetched_at: dt.datetime, source: str = "files") -> FetchOrigin:
    return FetchOrigin(fetched_at, source, "1day", MARKETS["FX"], "as_served", "digest")


def fetch(folder: Path, number: int, fetched_at: dt.datetime) -> str:
    """Appends ten bars; the name of their file."""
    page = BARS.slice(10 * number, 10)
    update = append(folder, page, facts(fetched_at))
    assert update.file is not None
    return update.file


def opens(folder: Path) -> list[dt.datetime]:
    return read_raw(folder)["ts"].to_list()


def rows(*numbers: int) -> list[dt.datetime]:
    return pl.concat([BARS.slice(10 * number, 10) for number in numbers])["ts"].to_list()


def test_a_batch_fetched_later_than_now_is_set_aside(tmp_path: Path) -> None:
    fetch(tmp_path, 0, NOW - HOUR)
    before = list_raw(tmp_path).digest
    bad = fetch(tmp_path, 1, NOW + HOUR)
    data = (tmp_path / bad).read_bytes()

    set_aside(tmp_path, NOW)

    assert opens(tmp_path) == rows(0)
    assert list_raw(tmp_path).digest == before
    aside = locate_all(tmp_path, [bad])[bad]
    assert aside is not None
    assert (tmp_path / aside).read_bytes() == data
    # its moment has come, and it is no part of the log for all that
    fetch(tmp_path, 2, NOW + 3 * HOUR)
    set_aside(tmp_path, NOW + 3 * HOUR)
    assert opens(tmp_path) == rows(0, 2)


def test_a_lead_of_minutes_is_no_clock_ahead(tmp_path: Path) -> None:
    fetch(tmp_path, 0, NOW + dt.timedelta(minutes=14))

    assert files_ahead(tmp_path, NOW) == []


@pytest.mark.parametrize("ahead", [(1,), (1, 2), (3, 4, 5), (0, 1, 2, 3, 4, 5), (0, 5)])
def test_a_compacted_file_loses_only_batches_fetched_later_than_now(
    tmp_path: Path, ahead: tuple[int, ...]
) -> None:
    arrived = [
        fetch(tmp_path, number, NOW + HOUR if number in ahead else NOW - HOUR)
        for number in range(6)
    ]
    (merged,) = (new for _, new in compact(tmp_path).replaced[:1])
    later = (NOW + 2 * HOUR).timestamp()
    os.utime(tmp_path / merged, (later, later))  # written by that same clock

    set_aside(tmp_path, NOW)

    good = [number for number in range(6) if number not in ahead]
    assert opens(tmp_path) == (rows(*good) if good else [])
    assert None not in locate_all(tmp_path, arrived).values()
    again = list_raw(tmp_path).names
    set_aside(tmp_path, NOW)
    assert list_raw(tmp_path).names == again


def test_a_compacted_file_is_opened_only_where_it_was_written_later_than_now(
    tmp_path: Path,
) -> None:
    for number in range(3):
        fetch(tmp_path, number, NOW - HOUR)
    compact(tmp_path)

    assert files_ahead(tmp_path, dt.datetime.now(dt.UTC)) == []
