"""Rows of version 1 become those of the current tables."""

from dataclasses import replace
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from regime_platform.compute.engine import compute_series, computed_bars
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute_db.store import build
from regime_platform.operations.export import ExportFormat, export
from regime_platform.pipeline.results import tables_of
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import history
from regime_platform.query.states import state
from regime_platform_tests.compute_db.result_frames import MADE, golden_state
from regime_platform_tests.conftest import NOW
from regime_platform_tests.legacy.older import Changed, older_history
from regime_platform_tests.legacy.stores import GOLDEN
from regime_platform_tests.scenario import street

#: Columns that version 1 lacks.
LACKING = (
    *("esc_shock_level", "esc_shock_rise", "esc_instability_rise", "esc_structure_fall"),
    *("esc_divergence_rise", "valid_metrics"),
)


def test_history_has_the_golden_rows_and_null_for_missing_columns(rows: pl.DataFrame) -> None:
    _, states = golden_state(GOLDEN, "msft_1day")
    assert_frame_equal(rows.select(states.columns).drop("valid_metrics"), states.drop(LACKING[-1]))
    golden = pl.read_parquet(GOLDEN / "msft_1day.escalation.parquet")[20:]
    for name in set(golden.columns) & set(rows.columns) - {"ts", "timeframe"}:
        values = rows[name].cast(golden[name].dtype)
        assert values.equals(golden[name]), name
    assert rows.select(LACKING).null_count().row(0) == (rows.height,) * len(LACKING)
    assert rows["is_mature"].to_list() == [True] * (rows.height - 20) + [False] * 20


def test_intraday_times_of_a_stock_are_new_york_time(tmp_path: Path) -> None:
    workspace = RunWorkspace.open(street(tmp_path, ["QQQ"], tier="core"))
    path = workspace.root.symbol("QQQ").compute_db
    bars = pl.read_parquet(GOLDEN / "synth_15min.bars.parquet").tail(320)
    zoned = pl.col("ts").dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
    used = computed_bars(bars.with_columns(zoned))
    result = compute_series(used, symbol="QQQ", timeframe="15min", eras=FIXED_ERAS)
    build(path, tables_of({"15min": result}), MADE)
    ours = history("QQQ", "15min", where=workspace.root.path)
    now = state("QQQ", where=workspace.root.path)["15min"]
    export(workspace, workspace.universe.instruments, ExportFormat.SQLITE, tmp_path / "v1", NOW)
    (tmp_path / "v1").replace(path)

    theirs = older_history(workspace, "QQQ", "15min")
    then = state("QQQ", "15min", where=workspace.root.path)["15min"]

    assert_frame_equal(theirs.drop(LACKING), ours.drop(LACKING))
    assert "America/New_York" in then.read_as
    assert replace(then, read_as="") == now


def test_keys_of_another_format_are_left_out_and_counted(
    changed: Changed,
) -> None:
    copied = "SELECT symbol, timeframe, '{}', state_json FROM state_history LIMIT 1"
    insert = f"INSERT INTO state_history {copied}"
    workspace = changed(*map(insert.format, ("2013-02-28 00:00:00", "nonsense")))

    now = state("MSFT", where=workspace.root.path)["1day"]

    assert "2 rows whose key names no instant" in now.read_as
    assert f"{now.as_of:%Y-%m-%d}" == "2013-03-01"
