"""`regime sql`: what is printed, written and refused."""

import io
import json
from pathlib import Path

import polars as pl
import pytest

from regime_platform.cli.query import sql
from regime_platform_tests.cli.conftest import Regime

_LATEST = "SELECT symbol, ts, price FROM latest_state WHERE timeframe = '1day' ORDER BY symbol"


def test_a_query_is_answered_as_a_table_json_csv_and_files(
    on_sample: Regime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = json.loads(on_sample("sql", _LATEST, "--json").out)
    assert [row["symbol"] for row in rows] == ["AAPL", "EURUSD", "GOOG", "IBM", "MSFT", "SYNTH"]
    assert rows[0]["ts"] == "2013-03-01T00:00:00Z"

    table = on_sample("sql", _LATEST)
    assert (table.code, "6 rows" in table.err, "2013-03-01" in table.out) == (0, True, True)
    monkeypatch.setattr(sql, "_MOST_ROWS", 2)
    cut = on_sample("sql", _LATEST)
    assert "AAPL" in cut.out
    assert "MSFT" not in cut.out
    assert "and 4 more" in cut.err
    assert "MSFT" in on_sample("sql", _LATEST, "--all-rows").out

    (tmp_path / "latest.sql").write_text(f"{_LATEST};  -- one a symbol")
    text = on_sample("sql", "--file", "latest.sql", "--csv").out
    assert pl.read_csv(io.StringIO(text))["price"].to_list() == [row["price"] for row in rows]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(_LATEST.encode())))
    assert json.loads(on_sample("sql", "-", "--output", "latest.parquet", "--json").out) == {
        "path": "latest.parquet",
        "rows": 6,
    }
    assert pl.read_parquet("latest.parquet")["ts"].dtype == pl.Datetime("us", "UTC")


def test_without_a_query_the_views_and_their_columns_are_listed(on_sample: Regime) -> None:
    listed = json.loads(on_sample("sql", "--json").out)

    assert listed["bars"]["close"] == "Float64"
    assert "state_history" in on_sample("sql").out


@pytest.mark.parametrize(
    ("query", "code", "named"),
    [
        ("SELECT regim_label FROM board", "bad-query", "regime_label"),
        ("SELECT 1 FROM state_histry", "bad-query", "state_history"),
        ("SELEC 1", "bad-query", "syntax error"),
        ("SELECT CAST(symbol AS INT) FROM board", "bad-query", "Could not convert"),
        ("DROP VIEW board", "no-query", "DROP"),
        ("SELECT 1; SELECT 2", "no-query", "SELECT and SELECT"),
        ("", "no-query", "nothing"),
        ("SELECT 1 AS a, 2 AS a", "same-columns", "column AS name"),
        ("SELECT INTERVAL 1 DAY", "no-frame-type", "VARCHAR"),
        ("FROM '/etc/hostname'", "bad-query", "the views are bars"),
    ],
)
def test_what_is_no_query_over_the_views_is_refused(
    on_sample: Regime, query: str, code: str, named: str
) -> None:
    refused = on_sample("sql", query, "--json")

    assert (refused.code, refused.out) == (2, "")
    assert code in refused.err
    assert named in refused.err


def test_files_that_cannot_be_read_or_written_are_refused(on_sample: Regime) -> None:
    for code, words in {
        "no-query-file": ("--file", "absent.sql"),
        "two-queries": ("SELECT 1", "--file", "absent.sql"),
        "unknown-format": ("SELECT 1", "--output", "rows.xlsx"),
        "nested-column": ("SELECT [1] AS list", "--csv"),
    }.items():
        refused = on_sample("sql", *words)
        assert (refused.code, code in refused.err) == (2, True), refused.err


def test_numbers_and_times_come_as_plain_values(on_sample: Regime) -> None:
    query = "SELECT sum(bars) AS bars, 1.5 AS half, '2024-01-02'::DATE AS day, max(ts) AS ts, 1/0 n"

    (row,) = json.loads(on_sample("sql", f"{query} FROM board, latest_state", "--json").out)

    assert (type(row["bars"]), row["half"], row["day"]) == (int, 1.5, "2024-01-02")
    assert (row["ts"][-1], row["n"]) == ("Z", None)
