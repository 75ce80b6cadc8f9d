"""Files of another version are refused by name; a file that is replaced is read all the same."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import duckdb
import pytest

from regime_platform.compute_db.connection import is_sqlite, opened
from regime_platform.compute_db.reader import read_lineage, read_table
from regime_platform.compute_db.store import build
from regime_platform.errors import NewerResultsError, ResultsError
from regime_platform_tests.compute_db.result_frames import MADE, result_tables
from regime_platform_tests.error_codes import raises


def test_the_sqlite_file_of_the_legacy_engine_is_version_1(tmp_path: Path) -> None:
    old = tmp_path / "compute.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE schema_version (version TEXT)")
        connection.commit()

    with raises(ResultsError, "older-results", match="version 1, expected version 2"):
        read_table(old, "state_history")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE schema_version SET version = 3",
        "UPDATE schema_version SET definition = 'of another table'",
        "DELETE FROM schema_version",
    ],
)
def test_another_version_is_refused_whatever_is_asked(path: Path, change: str) -> None:
    other = path.with_name("other.db")
    other.write_bytes(path.read_bytes())
    with duckdb.connect(str(other)) as connection:
        connection.execute(change)

    for ask in (read_lineage, lambda file: read_table(file, "latest_state")):
        with pytest.raises(ResultsError, match=r"other\.db has .*expected version 2"):
            ask(other)


def test_a_newer_version_names_the_release_that_can_read_it(path: Path) -> None:
    newer = path.with_name("newer.db")
    newer.write_bytes(path.read_bytes())
    with duckdb.connect(str(newer)) as connection:
        connection.execute("UPDATE schema_version SET version = 3")

    with raises(
        NewerResultsError, "newer-results", match="written by a later release; use that one"
    ):
        read_lineage(newer)


def test_a_file_without_a_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "compute.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE state_history (ts TIMESTAMP)")

    with raises(ResultsError, "results-damaged", match=r"compute\.db"):
        read_table(path, "state_history")


def test_a_file_that_is_replaced_by_a_shorter_one_is_never_called_truncated(
    path: Path, tmp_path: Path
) -> None:
    longer, target = tmp_path / "longer.db", tmp_path / "compute.db"
    build(longer, result_tables(4000), MADE)
    contents = [longer.read_bytes(), path.read_bytes()]
    assert len(contents[0]) > len(contents[1])
    target.write_bytes(contents[0])
    stop = Event()

    def replace_it() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            (tmp_path / "next.db").write_bytes(contents[turn % 2])
            (tmp_path / "next.db").replace(target)

    with ThreadPoolExecutor(1) as pool:
        replacing = pool.submit(replace_it)
        try:
            for _ in range(100):
                with opened(target, read_only=True) as connection:
                    assert connection.execute("FROM latest_state").fetchall()
        finally:
            stop.set()
        replacing.result()


@pytest.mark.parametrize("look", [read_lineage, is_sqlite])
def test_a_look_from_another_thread_leaves_the_lock_of_an_open_file(
    path: Path, look: Callable[[Path], object]
) -> None:
    write = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('DELETE FROM latest_state')"
    with ThreadPoolExecutor(1) as pool:
        with opened(path, read_only=True):
            looking = pool.submit(look, path)
            other = subprocess.run(
                [sys.executable, "-c", write, str(path)],
                capture_output=True,
                text=True,
                check=False,
            )
        looking.result()

    assert "Could not set lock" in other.stderr
