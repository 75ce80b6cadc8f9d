"""Files of another version, or of none, are refused by name."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from regime_platform.compute_db.reader import read_lineage, read_table
from regime_platform.errors import NewerResultsError, ResultsError
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
