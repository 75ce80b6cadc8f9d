"""Batches that a clock ahead stamped leave the log, and nothing else does."""

import datetime as dt
import os
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.raw.ahead import files_ahead, set_aside
from regime_platform.bar_store.raw.compaction import compact, locate_all
from regime_platform.bar_store.raw.raw_log import FetchFacts, append, log_digest, names, read_raw
from regime_platform_tests.builders import make_bars

NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
BARS = make_bars(60)


def facts(fetched_at: dt.datetime, source: str = "files") -> FetchFacts:
    return FetchFacts(fetched_at, source, "1day", "FX", "as_served", "digest")


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


def test_what_was_fetched_later_than_now_is_set_aside_and_kept_as_a_file(tmp_path: Path) -> None:
    fetch(tmp_path, 0, NOW - HOUR)
    before = log_digest(tmp_path)
    bad = fetch(tmp_path, 1, NOW + HOUR)
    data = (tmp_path / bad).read_bytes()

    set_aside(tmp_path, NOW)

    assert opens(tmp_path) == rows(0)
    assert log_digest(tmp_path) == before
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
def test_a_compacted_file_gives_up_only_what_a_clock_ahead_stamped(
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
    again = names(tmp_path)
    set_aside(tmp_path, NOW)
    assert names(tmp_path) == again


def test_a_compacted_file_is_opened_only_where_it_was_written_later_than_now(
    tmp_path: Path,
) -> None:
    for number in range(3):
        fetch(tmp_path, number, NOW - HOUR)
    compact(tmp_path)

    assert files_ahead(tmp_path, dt.datetime.now(dt.UTC)) == []
