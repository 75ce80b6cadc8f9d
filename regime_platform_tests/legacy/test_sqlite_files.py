"""SQLite files of other programs are read as they are, without a file beside them."""

import pickle
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from regime_platform.errors import BarsError
from regime_platform.legacy.sqlite import sqlite_store
from regime_platform_tests.error_codes import raises
from regime_platform_tests.legacy.live_rows import row, times
from regime_platform_tests.legacy.stores import write_legacy_db
from regime_platform_tests.scenario import fingerprint


def _left_with_a_log(folder: Path) -> Path:
    """A store as a killed engine leaves it: one of its rows is only in the write-ahead log."""
    path = write_legacy_db(folder / "busy" / "live.db", [row("AAA", "1day", "2024-07-05")])
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("INSERT INTO bars VALUES ('AAA', '1day', '2024-07-08', 1, 2, 1, 2, 3, '')")
    writer.commit()
    left = folder / "left"
    shutil.copytree(path.parent, left, ignore=shutil.ignore_patterns("*-shm"))
    writer.close()
    return left


def test_rows_of_a_write_ahead_log_are_read_and_nothing_in_the_folder_changes(
    tmp_path: Path,
) -> None:
    left = _left_with_a_log(tmp_path)
    before = fingerprint(left)

    series = times(sqlite_store("live", left))

    assert series == {("AAA", "1day"): ["2024-07-05", "2024-07-08"]}
    assert fingerprint(left) == before


def test_another_process_reads_the_existing_copy(
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
    path = write_legacy_db(tmp_path / "old" / "live.db", [row("AAA", "1day", "2024-07-05")])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")  # every connection creates a file beside it
    connection.close()
    before = fingerprint(path.parent)

    assert times(sqlite_store("live", path.parent)) == {("AAA", "1day"): ["2024-07-05"]}
    assert fingerprint(path.parent) == before


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = write_legacy_db(tmp_path / "live.db", [row("AAA", "1day", "2024-07-05")])
    (part,) = sqlite_store("live", tmp_path).parts
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO bars VALUES ('AAA', '1day', '2024-07-08', 1, 2, 1, 2, 3, '')")
    connection.commit()
    connection.close()

    with raises(BarsError, "changed-while-read", match="stop the engine"):
        part.read()
