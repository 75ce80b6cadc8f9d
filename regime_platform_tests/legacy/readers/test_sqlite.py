"""Old SQLite stores: every committed row is read, whatever lies beside the file; nothing moves."""

import datetime as dt
import os
import pickle
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from regime_platform.errors import BarsError, UsageError
from regime_platform.legacy.readers.source import OldStore
from regime_platform.legacy.readers.sqlite import sqlite_store
from regime_platform_tests.builders import make_bars
from regime_platform_tests.legacy_stores import WRITTEN, OldRow, old_rows, write_old_db
from regime_platform_tests.scenario import fingerprint


def row(symbol: str, timeframe: str, ts: str, close: float = 1.5) -> OldRow:
    return (symbol, timeframe, ts, 1.0, 2.0, 0.5, close, 7.0)


def times(store: OldStore) -> dict[tuple[str, str], list[str]]:
    return {(part.symbol, part.timeframe): part.read().said.to_list() for part in store.parts}


def _left_with_a_log(folder: Path) -> Path:
    """A store as a killed engine leaves it: one row of it stands in the write-ahead log alone."""
    path = write_old_db(folder / "busy" / "live.db", [row("AAA", "1day", "2024-07-05")])
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("INSERT INTO bars VALUES ('AAA', '1day', '2024-07-08', 1, 2, 1, 2, 3, '')")
    writer.commit()
    left = folder / "left"
    shutil.copytree(path.parent, left, ignore=shutil.ignore_patterns("*-shm"))
    writer.close()
    return left


@pytest.mark.parametrize(
    "place", ["live.db", "AAA/live.db", "assets/AAA/live.db", "data/assets/AAA/live.db"]
)
def test_it_is_found_where_the_old_engine_kept_it(tmp_path: Path, place: str) -> None:
    write_old_db(tmp_path / place, [row("AAA", "1day", "2024-07-05")])

    assert times(sqlite_store("live", tmp_path)) == {("AAA", "1day"): ["2024-07-05"]}
    assert times(sqlite_store("live", tmp_path / place)) == {("AAA", "1day"): ["2024-07-05"]}


def test_a_folder_without_one_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"live\.db"):
        sqlite_store("live", tmp_path)


def test_words_for_a_timeframe_are_one_series_and_an_unknown_word_is_told(tmp_path: Path) -> None:
    rows = [row("AAA", "1d", "2024-07-05"), row("AAA", "1day", "2024-07-08")]
    write_old_db(tmp_path / "live.db", [*rows, row("AAA", "3h", "2024-07-05 09:30:00")])

    store = sqlite_store("live", tmp_path)

    assert sorted(times(store)["AAA", "1day"]) == ["2024-07-05", "2024-07-08"]
    assert [(one.timeframe, one.rows) for one in store.unread] == [("3h", 1)]


def test_values_come_bit_for_bit_and_a_missing_volume_stays_missing(tmp_path: Path) -> None:
    bars = make_bars(50).with_columns(volume=None)
    write_old_db(tmp_path / "live.db", old_rows("AAA", "1day", bars))

    (part,) = sqlite_store("live", tmp_path).parts

    assert part.read().values.equals(bars.drop("ts").cast({"volume": float}))


def test_rows_of_a_write_ahead_log_are_read_and_nothing_in_the_folder_changes(
    tmp_path: Path,
) -> None:
    left = _left_with_a_log(tmp_path)
    before = fingerprint(left)

    found = times(sqlite_store("live", left))

    assert found == {("AAA", "1day"): ["2024-07-05", "2024-07-08"]}
    assert fingerprint(left) == before


def test_another_process_reads_the_copy_that_was_made_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = _left_with_a_log(tmp_path)
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    store = sqlite_store("live", left)

    arrived = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own

    assert times(arrived) == times(store)
    assert len(list(copies.iterdir())) == 1
    del arrived
    assert len(times(store)) == 1
    del store
    assert list(copies.iterdir()) == []


def test_a_file_in_a_folder_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    path = write_old_db(tmp_path / "old" / "live.db", [row("AAA", "1day", "2024-07-05")])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")  # asks for a file beside it, whoever opens it
    connection.close()
    before = fingerprint(path.parent)

    assert times(sqlite_store("live", path.parent)) == {("AAA", "1day"): ["2024-07-05"]}
    assert fingerprint(path.parent) == before


def test_a_file_that_is_written_to_meanwhile_is_refused(tmp_path: Path) -> None:
    path = write_old_db(tmp_path / "live.db", [row("AAA", "1day", "2024-07-05")])
    (part,) = sqlite_store("live", tmp_path).parts
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO bars VALUES ('AAA', '1day', '2024-07-08', 1, 2, 1, 2, 3, '')")
    connection.commit()
    connection.close()

    with pytest.raises(BarsError, match="stop the engine"):
        part.read()


def test_a_value_that_is_no_number_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = [row("AAA", "1day", f"2024-07-0{day}") for day in range(1, 6)]
    rows[2] = (*rows[2][:6], "many", 7.0)  # type: ignore[assignment]
    write_old_db(tmp_path / "live.db", rows)

    (part,) = sqlite_store("live", tmp_path).parts
    read = part.read()

    assert read.unreadable is not None
    assert read.unreadable.to_list() == [False, False, True, False, False]
    assert read.values["close"].to_list() == [1.5, 1.5, None, 1.5, 1.5]


@pytest.mark.parametrize("damage", ["torn", "no database", "no table"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    path = write_old_db(tmp_path / "live.db", old_rows("AAA", "1day", make_bars(3000)))
    if damage == "torn":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "no database":
        path.write_text("no database at all, but long enough to be looked at " * 20)
    else:
        connection = sqlite3.connect(path)
        connection.execute("ALTER TABLE bars RENAME TO others")
        connection.close()

    with pytest.raises(BarsError, match=r"live\.db"):
        times(sqlite_store("live", tmp_path))


def test_a_frozen_file_was_written_at_the_latest_when_its_date_was_over(tmp_path: Path) -> None:
    older, younger = tmp_path / "frozen_2025-01-02.db", tmp_path / "frozen_2025-03-04.db"
    noon = dt.datetime(2025, 3, 4, 12, tzinfo=dt.UTC)
    write_old_db(younger, [row("AAA", "1day", "2025-03-03")], noon)
    write_old_db(older, [row("AAA", "1day", "2025-01-02")], WRITTEN)  # copied without its time

    parts = sqlite_store("frozen", tmp_path).parts

    assert [Path(part.extent().files[0]).name for part in parts] == [older.name, younger.name]
    assert [part.extent().written_at for part in parts] == [
        dt.datetime(2025, 1, 3, tzinfo=dt.UTC),
        noon,
    ]


def test_a_live_file_was_written_when_its_log_was(tmp_path: Path) -> None:
    path = write_old_db(tmp_path / "live.db", [row("AAA", "1day", "2024-07-05")])
    log = Path(f"{path}-wal")
    log.touch()
    later = WRITTEN + dt.timedelta(hours=3)
    os.utime(log, (later.timestamp(), later.timestamp()))

    assert [part.extent().written_at for part in sqlite_store("live", tmp_path).parts] == [later]
