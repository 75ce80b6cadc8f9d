"""The views agree with the answers of the Python functions, and nothing else can be read."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from regime_platform.errors import UsageError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import bars, history
from regime_platform.query.states import state
from regime_platform.settings import Settings
from regime_platform.sql_views.relations import VIEWS
from regime_platform.sql_views.run import run
from regime_platform.sql_views.views import open_views
from regime_platform.temporary_files import spill_folder


def test_views_have_the_rows_that_the_queries_answer(processed: RunWorkspace) -> None:
    with open_views(processed) as views:
        for name, schema in VIEWS.items():
            assert views.table(name).columns == schema.names()
        (states,) = views.sql(
            "SELECT list(price ORDER BY ts) FROM state_history "
            "WHERE symbol = 'AAPL' AND timeframe = '1day'"
        ).fetchall()
        (closes,) = views.sql(
            "SELECT list(close ORDER BY ts) FROM bars WHERE symbol = 'SYNTH' AND timeframe = '1h'"
        ).fetchall()
        (ranks,) = views.sql(
            "SELECT list(esc_pctl ORDER BY ts) FROM escalation_history_v3 "
            "WHERE symbol = 'SYNTH' AND timeframe = '15min' AND esc_pctl IS NOT NULL"
        ).fetchall()
        latest = views.sql(
            "SELECT symbol, regime_label, regime_bars FROM latest_state WHERE timeframe = '1week'"
        ).fetchall()
        tracked = views.sql("SELECT symbol FROM universe ORDER BY position").fetchall()
    where = processed.root.path
    assert states[0] == history("AAPL", "1day", where=where)["price"].to_list()
    assert closes[0] == bars("SYNTH", "1h", where=where).collect()["close"].to_list()
    assert ranks[0] == history("SYNTH", "15min", where=where)["esc_pctl"].drop_nulls().to_list()
    now = state("AAPL", "1week", where=where)["1week"]
    assert ("AAPL", now.regime, now.bars) in latest
    assert tuple(symbol for (symbol,) in tracked) == processed.universe.symbols


def test_board_and_findings_are_those_of_the_verdicts(processed: RunWorkspace) -> None:
    with open_views(processed) as views:
        counts = views.sql(
            "SELECT symbol, timeframe, sum(count) FROM findings WHERE severity = 'warning' "
            "GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        shown = views.sql(
            "SELECT symbol, timeframe, warnings FROM board WHERE warnings > 0 ORDER BY ALL"
        ).fetchall()
        remedies = views.sql("SELECT remedy FROM findings WHERE examples = ''").fetchall()

    assert counts == shown
    assert counts
    assert remedies == []


_BREAKING = (
    "FROM secret",  # a variable of the caller
    "FROM read_csv('{file}')",
    "FROM '{file}'",
    "FROM read_text('{file}')",
    "FROM glob('{folder}/*')",
    "FROM read_parquet('https://127.0.0.1:9/x.parquet')",
    "ATTACH '{folder}/new.db'",
    "COPY (SELECT 1) TO '{folder}/new.csv'",
    "WITH it AS (COPY (SELECT 1) TO '{folder}/new.csv') FROM it",
    "WITH it AS (DELETE FROM board RETURNING *) FROM it",
    "INSERT INTO universe VALUES (1)",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET allowed_paths = ['{file}']",
    "RESET lock_configuration",
    "EXPORT DATABASE '{folder}/new'",
)


@pytest.mark.parametrize("query", _BREAKING)
def test_nothing_else_can_be_read_or_written(
    query: str, closed: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    secret = pl.DataFrame({"value": [1]})
    file = tmp_path / "file.csv"
    secret.write_csv(file)

    text = query.format(file=file, folder=tmp_path)
    for execute in (closed.execute, closed.sql):
        with pytest.raises(duckdb.Error):
            execute(text).fetchall()

    assert [path.name for path in tmp_path.glob("*") if path != tmp_path / "credits"] == [file.name]


_WRITES = (
    "WITH it AS (COPY (SELECT 1) TO '{file}' (FORMAT parquet, USE_TMP_FILE false)) FROM it",
    "WITH it AS (COPY (SELECT 1) TO '{spill}/new.csv') FROM it",
    "WITH it AS (COPY (SELECT 1 AS n) TO '{spill}/new.csv') PIVOT it ON count",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{spill}/new.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}' (FORMAT parquet, USE_TMP_FILE false)",
    "EXPLAIN ANALYZE WITH it AS (COPY (SELECT 1) TO '{spill}/new.csv') FROM it",
    "EXPLAIN /* ( */ ANALYZE COPY (SELECT 1) TO '{spill}/new.csv'",
    "/* x */ EXPLAIN ANALYZE COPY (SELECT 1) TO '{spill}/new.csv'",
    "EXPLAIN (ANALYZE, FORMAT json) COPY (SELECT 1) TO '{spill}/new.csv'",
    "FROM query('WITH it AS (COPY (SELECT 1) TO ''{spill}/new.csv'') FROM it')",
    "EXPLAIN ANALYZE DROP VIEW board",
    "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1",
    "WITH it AS (CREATE TABLE x AS SELECT 1) FROM it",
)


@pytest.mark.parametrize("query", _WRITES)
def test_no_query_writes_where_it_may_read(query: str, processed: RunWorkspace) -> None:
    run("SELECT 1 AS n", where=processed.root.path)  # makes the files
    folder = processed.root.path / "sql"
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    spill = Path(spill_folder())
    spill.mkdir(exist_ok=True)
    present = {*spill.iterdir()}
    text = query.format(file=next(path for path in before if "universe" in path.name), spill=spill)

    with pytest.raises(UsageError):
        run(text, where=processed.root.path)

    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert "new.csv" not in {path.name for path in {*spill.iterdir()} - present}


@pytest.mark.parametrize(
    "query",
    [
        "EXPLAIN SELECT 1",
        "explain analyze FROM board",
        "EXPLAIN (FORMAT json) FROM board",
        "PIVOT board ON timeframe USING count(*)",
        "SUMMARIZE universe",
        "PIVOT (SELECT 1 AS copy) ON copy IN (1)",
        "SELECT symbol AS copy, 'DELETE' AS update FROM universe",
    ],
)
def test_queries_that_only_read_are_answered(query: str, processed: RunWorkspace) -> None:
    assert run(query, where=processed.root.path).height > 0


@pytest.fixture(scope="module")
def closed(processed: RunWorkspace) -> duckdb.DuckDBPyConnection:
    return open_views(processed)


def test_a_data_root_without_bars_is_named(settings: Settings) -> None:
    with pytest.warns(UserWarning, match=r"nothing is stored in .*; `regime run --all` fills"):
        assert run("SELECT count(*) AS bars FROM bars", where=settings)["bars"].to_list() == [0]


def test_a_question_about_a_mistyped_root_makes_no_folder(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path / "mistyped")

    with pytest.warns(UserWarning, match="nothing is stored in .*mistyped"):
        counted = run(
            "SELECT (SELECT count(*) FROM bars) AS n, symbol FROM universe", where=settings
        )

    assert set(counted["n"]) == {0}
    assert "AAPL" in counted["symbol"]
    assert not (tmp_path / "mistyped").exists()
