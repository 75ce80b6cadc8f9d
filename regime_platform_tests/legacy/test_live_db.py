"""Bars of a legacy live.db: read as they are, the file untouched."""

import datetime as dt
import re
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from regime_platform.errors import BarsError
from regime_platform.legacy.sqlite import live_bars, live_series
from regime_platform.model.markets import MARKETS
from regime_platform_tests.error_codes import raises

Row = tuple[str, str, str, float, float, float, float, float | None, str]


def live_db(path: Path, rows: Sequence[Row]) -> Path:
    """A live.db as the legacy engine writes it."""
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE bars (symbol TEXT, timeframe TEXT, ts TEXT, open REAL, high REAL, low REAL, "
        "close REAL, volume REAL, source TEXT, PRIMARY KEY (symbol, timeframe, ts))"
    )
    connection.executemany("INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path


def row(symbol: str, timeframe: str, ts: str, volume: float | None = 7.0) -> Row:
    return (symbol, timeframe, ts, 1.0, 2.0, 0.5, 1.5, volume, "vendor")


@pytest.mark.parametrize(
    ("timeframe", "ts", "asset_class", "opens"),
    [
        ("1day", "2024-07-05", "US_EQUITY", dt.datetime(2024, 7, 5, tzinfo=dt.UTC)),
        ("1day", "2024-07-05 00:00:00", "US_EQUITY", dt.datetime(2024, 7, 5, tzinfo=dt.UTC)),
        ("1h", "2024-07-05 09:30:00", "US_EQUITY", dt.datetime(2024, 7, 5, 13, 30, tzinfo=dt.UTC)),
        ("1h", "2024-01-05 09:30:00", "US_EQUITY", dt.datetime(2024, 1, 5, 14, 30, tzinfo=dt.UTC)),
        ("1h", "2024-07-05 09:00:00", "FX", dt.datetime(2024, 7, 5, 9, tzinfo=dt.UTC)),
    ],
)
def test_its_times_become_instants(
    tmp_path: Path, timeframe: str, ts: str, asset_class: str, opens: dt.datetime
) -> None:
    path = live_db(tmp_path / "live.db", [row("AAA", timeframe, ts)])

    bars = live_bars(live_series(path)["AAA"][timeframe], MARKETS[asset_class])

    assert bars.row(0) == (opens, 1.0, 2.0, 0.5, 1.5, 7.0)


def test_its_series_are_listed_by_our_names_and_the_file_is_not_touched(tmp_path: Path) -> None:
    rows = [row("AAA", "1hour", "2024-07-05 10:00:00", None), row("BBB", "1week", "2024-07-01")]
    path = live_db(tmp_path / "live.db", rows)
    before = sha256(path.read_bytes()).hexdigest()

    series = live_series(path)

    assert {symbol: list(parts) for symbol, parts in series.items()} == {
        "AAA": ["1h"],
        "BBB": ["1week"],
    }
    assert live_bars(series["AAA"]["1h"], MARKETS["FX"])["volume"].to_list() == [None]
    assert sha256(path.read_bytes()).hexdigest() == before
    assert [file.name for file in tmp_path.iterdir()] == ["live.db"]


def test_rows_still_in_the_write_ahead_log_are_read(tmp_path: Path) -> None:
    path = live_db(tmp_path / "live.db", [row("AAA", "1day", "2024-07-05")])
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute(
        "INSERT INTO bars SELECT symbol, timeframe, '2024-07-08', open, high, low, "
        "close, volume, source FROM bars"
    )
    writer.commit()

    assert live_bars(live_series(path)["AAA"]["1day"], MARKETS["FX"]).height == 2
    writer.close()


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row("AAA", "1day", "05/07/2024")], "unreadable-time"),
        ([row("AAA", "1day", "2024-07-05"), row("AAA", "1day", "soon")], "unreadable-time"),
        ([row("AAA", "1day", "2024-07-05", "many")], "not-numbers"),  # type: ignore[arg-type]
        ([row("AAA", "1day", "2024-07-05"), row("AAA", "3h", "2024-07-05")], "unknown-timeframe"),
    ],
)
def test_an_unreadable_value_names_the_file(tmp_path: Path, rows: list[Row], code: str) -> None:
    path = live_db(tmp_path / "live.db", rows)

    with raises(BarsError, code, match=re.escape(str(path))):
        live_bars(live_series(path)["AAA"]["1day"], MARKETS["US_EQUITY"])


@pytest.mark.parametrize("damage", ["missing", "not a database"])
def test_a_file_of_another_kind_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "live.db"
    if damage != "missing":
        path.write_text("not a database at all, but long enough to look at" * 20)

    with pytest.raises(BarsError, match=r"live\.db"):
        live_series(path)
