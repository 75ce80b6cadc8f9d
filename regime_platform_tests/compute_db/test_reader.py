"""Reading narrows as asked, and refuses by name what it cannot trust."""

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import pytest

from regime_platform.compute_db.plain import plain_rows
from regime_platform.compute_db.reader import read_lineage, read_table, reading
from regime_platform.compute_db.store import build
from regime_platform.errors import NewerResultsError, ResultsError, UsageError
from regime_platform.model.digests import blocks_of, plain_frame
from regime_platform.model.result_schema import TABLES
from regime_platform_tests.compute_db.result_frames import LINEAGE, START, result_tables

HOUR = dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    return result_tables(40)


@pytest.fixture(scope="module")
def path(tables: dict[str, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("results") / "compute.db"
    build(path, tables, LINEAGE)
    return path


def test_rows_come_by_timeframe_and_ts(path: Path, tables: dict[str, pl.DataFrame]) -> None:
    held = read_table(path, "escalation_history_v3")

    assert held["timeframe"].unique(maintain_order=True).to_list() == ["1h", "1day"]
    assert held.equals(tables["escalation_history_v3"].sort("timeframe", "ts"))


@pytest.mark.parametrize("table", list(TABLES))
def test_plain_rows_are_what_a_digest_is_made_of(
    path: Path, tables: dict[str, pl.DataFrame], table: str
) -> None:
    with reading(path) as reader:
        held = plain_rows(reader.connection, table, "timeframe = ?", ["1h"])

    given = tables[table].filter(pl.col("timeframe") == "1h")
    assert held.equals(plain_frame(given))
    assert blocks_of(held) == blocks_of(given)


def test_a_range_includes_its_start_and_not_its_end(
    path: Path, tables: dict[str, pl.DataFrame]
) -> None:
    in_tokyo = (START + 5 * HOUR).astimezone(dt.timezone(9 * HOUR))

    held = read_table(path, "state_history", timeframe="1day", start=in_tokyo, end=START + 9 * HOUR)

    given = tables["state_history"].filter(pl.col("timeframe") == "1day")
    assert held.equals(given.slice(5, 4))


def test_the_last_rows_come_in_order_and_with_the_columns_asked_for(
    path: Path, tables: dict[str, pl.DataFrame]
) -> None:
    wanted = ["price", "ts", "regime_label"]

    held = read_table(path, "state_history", timeframe="1h", last=3, columns=wanted)

    given = tables["state_history"].filter(pl.col("timeframe") == "1h")
    assert held.equals(given.tail(3).select(wanted))


def test_the_last_rows_are_asked_of_one_timeframe(path: Path) -> None:
    with pytest.raises(UsageError, match="which timeframe"):
        read_table(path, "state_history", last=3)


def test_an_unknown_table_or_column_is_a_mistake_of_the_caller(path: Path) -> None:
    with pytest.raises(UsageError, match="no table 'state'"):
        read_table(path, "state")
    with pytest.raises(UsageError, match="has no column pryce"):
        read_table(path, "state_history", columns=["ts", "pryce"])


def test_a_session_in_another_time_zone_sees_the_same_text(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        first = connection.execute("SELECT min(ts)::VARCHAR FROM state_history").fetchall()

    assert first == [("2015-03-02 14:30:00",)]


def test_nothing_is_held_open_after_reading(path: Path) -> None:
    read_table(path, "latest_state")

    with duckdb.connect(str(path)) as writer:
        assert writer.execute("SELECT count(*) FROM latest_state").fetchall() == [(80,)]


def test_a_missing_file_is_told_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "MSFT" / "compute.db"

    with pytest.raises(ResultsError, match=r"compute\.db does not exist; `regime run MSFT` makes"):
        read_table(path, "state_history")


def test_the_sqlite_file_of_the_incumbent_is_known_as_version_1(tmp_path: Path) -> None:
    old = tmp_path / "compute.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE schema_version (version TEXT)")
        connection.commit()

    with pytest.raises(ResultsError, match="version 1, expected version 2"):
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

    with pytest.raises(NewerResultsError, match="written by a later release; use that one"):
        read_lineage(newer)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"no database at all" * 500,
        lambda data: data[: len(data) // 3],
        lambda data: data[:4096] + b"\xff" * 8192 + data[12288:],
    ],
    ids=["emptied", "replaced", "cut short", "overwritten"],
)
def test_a_damaged_file_is_told_by_name(path: Path, damage: Callable[[bytes], bytes]) -> None:
    other = path.with_name("damaged.db")
    other.write_bytes(damage(path.read_bytes()))

    with pytest.raises(ResultsError, match=r"damaged\.db"):
        read_table(other, "state_history")


def test_a_file_without_a_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "compute.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE state_history (ts TIMESTAMP)")

    with pytest.raises(ResultsError, match=r"compute\.db"):
        read_table(path, "state_history")
