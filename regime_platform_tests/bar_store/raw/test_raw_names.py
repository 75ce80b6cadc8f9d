"""The listing of a raw log: a value that appends keep current."""

import datetime as dt
import os
from pathlib import Path

import pytest

from regime_platform.bar_store.raw.compaction import compact, set_aside
from regime_platform.bar_store.raw.raw_log import append, compare, extent, read_origins, read_raw
from regime_platform.bar_store.raw.raw_names import RawListing, list_raw, parsed
from regime_platform_tests.builders import LONG_AFTER, fetch_origin, make_bars

BARS = make_bars(40)


def _append(log: Path | RawListing, day: int) -> RawListing:
    facts = fetch_origin(LONG_AFTER + dt.timedelta(days=day))
    return append(log, BARS[day : day + 2], facts).listed


def test_the_listing_after_an_append_is_that_of_the_folder(tmp_path: Path) -> None:
    listed = list_raw(tmp_path / "1day")

    for day in range(30):  # far enough for the log to merge its files by itself
        listed = _append(listed, day)
        assert listed == list_raw(tmp_path / "1day")

    assert len(listed.files) < 30
    assert list_raw(listed) is listed


def test_readers_take_a_listing_in_place_of_the_folder(tmp_path: Path) -> None:
    for day in range(5):
        _append(tmp_path, day)
    listed, facts = list_raw(tmp_path), fetch_origin(LONG_AFTER)

    assert read_raw(listed).equals(read_raw(tmp_path))
    assert read_origins(listed).equals(read_origins(tmp_path))
    assert extent(listed) == extent(tmp_path)
    diff, expected = (compare(log, BARS, facts).diff for log in (listed, tmp_path))
    assert diff.rows.equals(expected.rows)


def test_a_reader_lists_the_folder_again_after_a_compaction(tmp_path: Path) -> None:
    for day in range(5):
        _append(tmp_path, day)
    before, rows = list_raw(tmp_path), read_raw(tmp_path)

    compact(tmp_path)

    assert read_raw(before).equals(rows)
    assert before.digest == list_raw(tmp_path).digest


def test_one_look_lists_the_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _append(tmp_path, 0)
    listings: list[Path] = []
    listdir = os.listdir

    def list_and_record(path: Path) -> list[str]:
        listings.append(path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", list_and_record)

    listed = list_raw(tmp_path)
    read_raw(listed)
    compare(listed, BARS, fetch_origin(LONG_AFTER))

    assert listings == [tmp_path]


def test_files_set_aside_are_listed_apart(tmp_path: Path) -> None:
    _append(tmp_path, 0)
    ahead = _append(tmp_path, 9).files[-1]

    set_aside(tmp_path, LONG_AFTER)

    listed = list_raw(tmp_path)
    assert len(listed.files) == len(listed.aside) == 1
    assert listed.aside[0].first == ahead.first


@pytest.mark.parametrize(
    "name",
    [
        "bars.parquet",
        "000001-20261122T031500Z-0123456.parquet",
        "000001-000002-0123456789abcdef-01234567.legacy.parquet",
        "000001-20261122T031500Z-01234567.parquet.tmp",
    ],
)
def test_other_names_are_none_of_a_raw_log(name: str) -> None:
    assert parsed(name) is None
