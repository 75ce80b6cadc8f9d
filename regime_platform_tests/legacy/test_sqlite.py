"""Legacy SQLite stores: every committed row is read, and no file of the store changes."""

import sqlite3
from pathlib import Path

import pytest

from regime_platform.errors import BarsError, UsageError
from regime_platform.legacy.sqlite import sqlite_store
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.legacy.live_rows import row, times
from regime_platform_tests.legacy.stores import legacy_rows, write_legacy_db


@pytest.mark.parametrize(
    "place", ["live.db", "AAA/live.db", "assets/AAA/live.db", "data/assets/AAA/live.db"]
)
def test_every_location_of_the_legacy_engine_is_searched(tmp_path: Path, place: str) -> None:
    write_legacy_db(tmp_path / place, [row("AAA", "1day", "2024-07-05")])

    assert times(sqlite_store("live", tmp_path)) == {("AAA", "1day"): ["2024-07-05"]}
    assert times(sqlite_store("live", tmp_path / place)) == {("AAA", "1day"): ["2024-07-05"]}


def test_a_folder_without_one_is_a_usage_error(tmp_path: Path) -> None:
    with raises(UsageError, "no-legacy-store", match=r"live\.db"):
        sqlite_store("live", tmp_path)


def test_spellings_of_a_timeframe_are_one_series_and_unknown_ones_unread(
    tmp_path: Path,
) -> None:
    rows = [row("AAA", "1d", "2024-07-05"), row("AAA", "1day", "2024-07-08")]
    write_legacy_db(tmp_path / "live.db", [*rows, row("AAA", "3h", "2024-07-05 09:30:00")])

    store = sqlite_store("live", tmp_path)

    assert sorted(times(store)["AAA", "1day"]) == ["2024-07-05", "2024-07-08"]
    assert [(series.timeframe, series.rows) for series in store.unread] == [("3h", 1)]


def test_values_come_bit_for_bit_and_a_missing_volume_stays_missing(tmp_path: Path) -> None:
    bars = make_bars(50).with_columns(volume=None)
    write_legacy_db(tmp_path / "live.db", legacy_rows("AAA", "1day", bars))

    (part,) = sqlite_store("live", tmp_path).parts

    assert part.read().values.equals(bars.drop("ts").cast({"volume": float}))


def test_a_value_that_is_not_a_number_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = [row("AAA", "1day", f"2024-07-0{day}") for day in range(1, 6)]
    rows[2] = (*rows[2][:6], "many", 7.0)  # type: ignore[assignment]
    write_legacy_db(tmp_path / "live.db", rows)

    (part,) = sqlite_store("live", tmp_path).parts
    read = part.read()

    assert read.unreadable is not None
    assert read.unreadable.to_list() == [False, False, True, False, False]
    assert read.values["close"].to_list() == [1.5, 1.5, None, 1.5, 1.5]


@pytest.mark.parametrize("damage", ["torn", "no database", "no table"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    path = write_legacy_db(tmp_path / "live.db", legacy_rows("AAA", "1day", make_bars(3000)))
    if damage == "torn":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "no database":
        path.write_text("no database at all, but long enough to be looked at " * 20)
    else:
        connection = sqlite3.connect(path)
        connection.execute("ALTER TABLE bars RENAME TO others")
        connection.close()

    with raises(BarsError, "legacy-file-damaged", match=r"live\.db"):
        times(sqlite_store("live", tmp_path))
