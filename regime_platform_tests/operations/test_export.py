"""Results leave in the tables that readers of old know, and as plain Parquet and CSV files."""

import datetime as dt
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from regime_platform.compute.engine import compute_series, computed_bars
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.maturity import BASIS_SCHEMA
from regime_platform.compute_db.reader import read_lineage, read_table
from regime_platform.compute_db.store import Table, build
from regime_platform.errors import UsageError
from regime_platform.model.result_schema import TABLES
from regime_platform.operations.export import ExportFormat, export
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.results import tables_of
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import history
from regime_platform_tests.compute_db.result_frames import MADE, empty_tables, golden_state
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import street

GOLDEN = Path(__file__).parent.parent / "golden"
NOW = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)
Rows = list[dict[str, Any]]


@pytest.fixture
def workspace(tmp_path: Path) -> RunWorkspace:
    return RunWorkspace.open(street(tmp_path, ["EMPTY", "MSFT", "QQQ"], tier="core"))


def _store(workspace: RunWorkspace, symbol: str, tables: Mapping[str, Table]) -> None:
    build(workspace.root.symbol(symbol).compute_db, tables, MADE)


def _computed(workspace: RunWorkspace, symbol: str, series: str, zone: str) -> None:
    """Stores what golden bars give, whose times are those of a zone."""
    timeframe = series.rpartition("_")[2]
    bars = pl.read_parquet(GOLDEN / f"{series}.bars.parquet")
    opens = pl.col("ts").dt.replace_time_zone(zone).dt.convert_time_zone("UTC")
    used = computed_bars(bars.with_columns(opens))
    result = compute_series(used, symbol=symbol, timeframe=timeframe, eras=FIXED_ERAS)
    _store(workspace, symbol, tables_of({timeframe: result}))


def _exported(workspace: RunWorkspace, output: Path, *symbols: str) -> dict[str, Rows]:
    export(workspace, workspace.universe.select(symbols), ExportFormat.SQLITE, output, NOW)
    with closing(sqlite3.connect(output)) as connection:
        connection.row_factory = sqlite3.Row
        listing = "SELECT name FROM sqlite_master WHERE type = 'table'"
        names = [name for (name,) in connection.execute(listing).fetchall()]
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for name in names
        }


def test_the_sample_state_comes_back_to_the_byte(workspace: RunWorkspace, tmp_path: Path) -> None:
    _, state = golden_state(GOLDEN, "msft_1day")
    latest = state.tail(1).select(pl.all())
    columns = [
        latest[name] if name in latest.columns else pl.Series(name, [None], dtype)
        for name, dtype in TABLES["latest_state"].items()
    ]
    made = {"state_history": state, "latest_state": pl.DataFrame(columns)}
    _store(workspace, "MSFT", {**empty_tables(), **made})

    tables = _exported(workspace, tmp_path / "v1.db", "MSFT")

    sample = (GOLDEN / "msft_1day.sample_state.json").read_text()
    assert tables["state_history"][-1]["state_json"] == sample
    assert tables["latest_state"][0]["state_json"] == sample
    assert [row["asof"] for row in tables["state_history"]] == [
        f"{day:%Y-%m-%d}" for day in state["ts"]
    ]


@pytest.mark.parametrize(
    ("symbol", "series", "zone"),
    [("MSFT", "msft_1day", "UTC"), ("QQQ", "synth_15min", "America/New_York")],
)
def test_keys_columns_and_numbers_are_those_of_old(
    workspace: RunWorkspace, tmp_path: Path, symbol: str, series: str, zone: str
) -> None:
    golden = pl.read_parquet(GOLDEN / f"{series}.escalation.parquet").drop("ts")
    states = pl.read_parquet(GOLDEN / f"{series}.state.parquet")
    _computed(workspace, symbol, series, zone)

    tables = _exported(workspace, tmp_path / "v1.db", symbol)

    rows = tables["escalation_history_v3"]
    assert list(rows[0]) == golden.columns
    for name in golden.columns:
        values = pl.Series([row[name] for row in rows])
        if golden[name].dtype.is_float():
            assert values.is_null().to_list() == golden[name].is_null().to_list()
            assert not ((values.cast(pl.Float64) - golden[name]).abs() > 1e-9).any()
        else:
            assert values.to_list() == golden[name].to_list()
    assert [row["asof"] for row in tables["state_history"]] == states["asof"].to_list()
    (latest,) = tables["latest_state"]
    (expected,) = json.loads((GOLDEN / f"{series}.latest.json").read_text())
    assert latest["asof"] == expected["asof"] == json.loads(latest["state_json"])["asof"]
    assert latest["hazard_score"] == pytest.approx(expected["hazard_score"], abs=1e-7)
    assert latest["updated_utc"] == "2026-11-21 09:30:00"
    assert tables["schema_version"] == [{"version": "v1", "updated_at": "2026-11-21 09:30:00"}]


def test_columns_have_the_types_and_keys_of_old(workspace: RunWorkspace, tmp_path: Path) -> None:
    _store(workspace, "MSFT", empty_tables())
    _exported(workspace, tmp_path / "v1.db", "MSFT")

    with closing(sqlite3.connect(tmp_path / "v1.db")) as connection:
        shapes = {
            table: connection.execute(f"PRAGMA table_info({table})").fetchall()
            for table in ("escalation_history_v3", "state_history", "latest_state")
        }

    kinds = {name: kind for _, name, kind, *_ in shapes["escalation_history_v3"]}
    assert list(kinds)[-2:] == ["esc_pctl_era_confidence", "esc_pctl_era_adj"]
    assert (kinds["esc_raw"], kinds["event_flag"], kinds["esc_bucket"]) == (
        "REAL",
        "INTEGER",
        "TEXT",
    )
    keys = {table: [row[1] for row in shape if row[5]] for table, shape in shapes.items()}
    assert keys["state_history"] == ["symbol", "timeframe", "asof"]
    assert keys["latest_state"] == ["symbol", "timeframe"]


def test_a_symbol_without_results_is_reported_and_stops_no_other(
    workspace: RunWorkspace, tmp_path: Path
) -> None:
    _computed(workspace, "MSFT", "msft_1day", "UTC")
    wanted = workspace.universe.select(["EMPTY", "MSFT"])

    outcomes = [export(workspace, wanted, how, tmp_path / how, NOW) for how in ExportFormat]

    for of_format in outcomes:
        statuses = {outcome.symbol: outcome.status for outcome in of_format}
        assert statuses == {"EMPTY": Status.FAILED, "MSFT": Status.DONE}
    alone = workspace.universe.select(["EMPTY"])
    export(workspace, alone, ExportFormat.SQLITE, tmp_path / "nothing.db", NOW)
    assert not (tmp_path / "nothing.db").exists()


def test_nothing_is_overwritten_unasked(workspace: RunWorkspace, tmp_path: Path) -> None:
    _store(workspace, "MSFT", empty_tables())
    theirs = tmp_path / "live.db"
    theirs.write_text("somebody's")
    wanted = workspace.universe.select(["MSFT"])

    with raises(UsageError, "output-exists", match="--replace"):
        export(workspace, wanted, ExportFormat.SQLITE, theirs, NOW)

    assert theirs.read_text() == "somebody's"
    export(workspace, wanted, ExportFormat.SQLITE, theirs, NOW, replace=True)
    assert theirs.read_bytes().startswith(b"SQLite format 3")


def test_parquet_and_csv_hold_every_row_and_say_what_they_are(
    workspace: RunWorkspace, tmp_path: Path
) -> None:
    _computed(workspace, "MSFT", "msft_1day", "UTC")
    path = workspace.root.symbol("MSFT").compute_db
    for how in (ExportFormat.PARQUET, ExportFormat.CSV):
        export(workspace, workspace.universe.select(["MSFT"]), how, tmp_path / how, NOW)

    for name in TABLES:
        stored = read_table(path, name).with_columns(pl.selectors.enum().cast(pl.String))
        parquet = tmp_path / "parquet/MSFT" / f"{name}.parquet"
        assert pl.read_parquet(parquet).equals(stored)
        facts = pl.read_parquet_metadata(parquet)
        assert facts["table_digest"] == read_lineage(path).tables[name]
        csv = pl.read_csv(tmp_path / "csv/MSFT" / f"{name}.csv", infer_schema=False)
        assert csv.columns == stored.columns
        assert csv["ts"].str.to_datetime(time_unit="us", time_zone="UTC").equals(stored["ts"])


def test_a_table_of_its_own_holds_what_ranks_stand_on(
    processed: RunWorkspace, tmp_path: Path
) -> None:
    weekly = history("AAPL", "1week", where=processed.root.path)
    expected = weekly.select("ts", *BASIS_SCHEMA).drop_nulls("rank_bars")
    for how in (ExportFormat.PARQUET, ExportFormat.CSV):
        export(processed, processed.universe.select(["AAPL"]), how, tmp_path / how, NOW)

    tables = _exported(processed, tmp_path / "v1.db", "AAPL")

    legacy = [row for row in tables["rank_basis"] if row["timeframe"] == "1week"]
    assert [row["asof"] for row in legacy] == [f"{ts:%Y-%m-%d}" for ts in expected["ts"]]
    assert [row["rank_bars"] for row in legacy] == expected["rank_bars"].to_list()
    assert (legacy[-1]["rank_eras"], legacy[-1]["is_rank_immature"]) == (2, 1)
    parquet = pl.read_parquet(tmp_path / "parquet/AAPL/rank_basis.parquet")
    assert parquet.filter(timeframe="1week").select(expected.columns).equals(expected)
    csv = pl.read_csv(tmp_path / "csv/AAPL/rank_basis.csv")
    assert csv.columns == parquet.columns
    assert csv.height == parquet.height
