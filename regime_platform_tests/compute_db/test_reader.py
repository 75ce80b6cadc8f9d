"""Reading narrows as asked, and refuses by name what it cannot trust."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from regime_platform.compute_db.reader import read_table
from regime_platform.errors import ResultsError, UsageError
from regime_platform_tests.compute_db.result_frames import START
from regime_platform_tests.error_codes import raises

HOUR = dt.timedelta(hours=1)


def test_rows_come_by_timeframe_and_ts(path: Path, tables: dict[str, pl.DataFrame]) -> None:
    rows = read_table(path, "escalation_history_v3")

    assert rows["timeframe"].unique(maintain_order=True).to_list() == ["1h", "1day"]
    assert rows.equals(tables["escalation_history_v3"].sort("timeframe", "ts"))


def test_a_range_includes_its_start_and_not_its_end(
    path: Path, tables: dict[str, pl.DataFrame]
) -> None:
    in_tokyo = (START + 5 * HOUR).astimezone(dt.timezone(9 * HOUR))

    rows = read_table(path, "state_history", timeframe="1day", start=in_tokyo, end=START + 9 * HOUR)

    given = tables["state_history"].filter(pl.col("timeframe") == "1day")
    assert rows.equals(given.slice(5, 4))


def test_the_last_rows_come_in_order_and_with_the_columns_asked_for(
    path: Path, tables: dict[str, pl.DataFrame]
) -> None:
    wanted = ["price", "ts", "regime_label"]

    rows = read_table(path, "state_history", timeframe="1h", last=3, columns=wanted)

    given = tables["state_history"].filter(pl.col("timeframe") == "1h")
    assert rows.equals(given.tail(3).select(wanted))


def test_the_last_rows_are_asked_of_one_timeframe(path: Path) -> None:
    with raises(UsageError, "missing-timeframe", match="state_history"):
        read_table(path, "state_history", last=3)


def test_an_unknown_table_or_column_is_a_mistake_of_the_caller(path: Path) -> None:
    with raises(UsageError, "no-such-table", match="'state'"):
        read_table(path, "state")
    with raises(UsageError, "no-such-column", match="pryce"):
        read_table(path, "state_history", columns=["ts", "pryce"])


def test_a_session_in_another_time_zone_sees_the_same_text(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        first = connection.execute("SELECT min(ts)::VARCHAR FROM state_history").fetchall()

    assert first == [("2015-03-02 14:30:00",)]


def test_no_file_stays_open_after_reading(path: Path) -> None:
    read_table(path, "latest_state")

    with duckdb.connect(str(path)) as writer:
        assert writer.execute("SELECT count(*) FROM latest_state").fetchall() == [(80,)]


def test_a_missing_file_is_reported_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "MSFT" / "compute.db"

    with raises(ResultsError, "no-results", match="`regime run MSFT`"):
        read_table(path, "state_history")


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
def test_a_damaged_file_is_reported_by_name(path: Path, damage: Callable[[bytes], bytes]) -> None:
    other = path.with_name("damaged.db")
    other.write_bytes(damage(path.read_bytes()))

    with raises(ResultsError, "results-damaged", match=r"damaged\.db"):
        read_table(other, "state_history")
