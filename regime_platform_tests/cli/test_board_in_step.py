"""The board equals the databases, even after the process that wrote them was killed."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from regime_platform.bar_store.parquet import decode, encode
from regime_platform.compute_db.board import BOARD_SCHEMA, read_board
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.pipeline.board import differing, refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import series_board
from regime_platform.query.states import state
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.conftest import NOW
from regime_platform_tests.orchestration.graph import run_listed
from regime_platform_tests.prepared_process import ended_script
from regime_platform_tests.scenario import later, serve, street

SYMBOLS = ("AAA", "BBB", "CCC")
#: The command line, ended by SIGKILL right before the board gets its new content.
KILLED = """
import os, signal, sys
from regime_platform.compute_db import board
from regime_platform.cli.main import main
board.write_bytes = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""


def _serve(settings: Settings, bars: int) -> None:
    for seed, symbol in enumerate(SYMBOLS):
        serve(settings, symbol, "1day", make_bars(bars, seed=seed))


def _ended(settings: Settings, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "REGIME_DATA_ROOT": str(settings.data_root),
        "REGIME_FILES_ROOT": str(settings.files_root),
        "COLUMNS": "400",
    }
    return ended_script(script, *arguments, environment=environment)


@pytest.fixture(scope="session")
def _killed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    settings = street(folder, SYMBOLS)
    _serve(settings, 425)
    workspace = RunWorkspace.open(settings)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, NOW)))
    _serve(settings, 470)
    done = _ended(settings, KILLED, "run", "--all", "--now", later(NOW).isoformat())
    assert done.returncode == -9, done.stderr
    return folder


@pytest.fixture
def killed(_killed_once: Path, tmp_path: Path) -> Settings:
    """Three symbols whose new results were published by a run that was killed before the board."""
    shutil.copytree(_killed_once, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, SYMBOLS)


def shown_otherwise(settings: Settings) -> list[str]:
    """Symbols for which board and ``state`` differ."""
    rows = series_board(where=settings)

    def shown_on_board(symbol: str) -> Mapping[str, object]:
        return {
            row["timeframe"]: (
                row["last_ts"],
                row["regime_label"],
                row["regime_since"],
                row["esc_pctl"],
            )
            for row in rows.filter(pl.col("symbol") == symbol).iter_rows(named=True)
            if row["regime_label"] is not None
        }

    def known(symbol: str) -> Mapping[str, object]:
        return {
            name: (latest.as_of, latest.regime, latest.since, latest.escalation_percentile)
            for name, latest in state(symbol, where=settings).items()
        }

    return [symbol for symbol in SYMBOLS if shown_on_board(symbol) != known(symbol)]


def test_run_with_nothing_new_updates_the_board_of_a_killed_run(
    killed: Settings, regime: Regime
) -> None:
    before = shown_otherwise(killed)

    ended = regime("run", "--all", "--now", later(NOW, 2).isoformat(), "--json", settings=killed)

    assert before == list(SYMBOLS)
    assert json.loads(ended.out)["counts"] == {"unchanged": 3}
    assert shown_otherwise(killed) == []
    assert ended.code == 0


@pytest.mark.parametrize("command", ["run", "promote", "compute"])
def test_run_of_one_symbol_updates_the_rows_of_the_others(
    killed: Settings, regime: Regime, command: str
) -> None:
    assert regime(command, "BBB", settings=killed).code == 0

    assert shown_otherwise(killed) == []


def test_dagster_run_with_nothing_new_updates_the_board(killed: Settings) -> None:
    with open_instance(killed) as instance:
        assert isinstance(instance, dg.DagsterInstance)
        assert run_listed(killed, instance, ["AAA"], "reconcile").success

    assert shown_otherwise(killed) == []


def test_verify_and_doctor_report_it_and_their_remedy_works(
    killed: Settings, regime: Regime
) -> None:
    verified = regime("verify", "--all", "--json", settings=killed)
    looked = regime("doctor", "--json", settings=killed)
    checks = {check["name"]: check for check in json.loads(looked.out)["checks"]}
    remedies = [symbol["remedy"] for symbol in json.loads(verified.out)["symbols"]]

    assert (verified.code, looked.code) == (1, 0)
    assert remedies == [f"regime promote {symbol}" for symbol in SYMBOLS]
    assert checks["board"]["status"] == "note"
    assert "AAA, BBB, CCC" in checks["board"]["detail"]
    assert "`regime promote AAA`" in checks["board"]["remedy"]

    assert regime(*remedies[0].split()[1:], settings=killed).code == 0

    assert regime("verify", "--all", settings=killed).code == 0
    assert "out of date" not in regime("doctor", settings=killed).out


def test_full_disk_at_the_board_is_reported_after_the_run(
    killed: Settings, regime: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("regime_platform.compute_db.board.write_bytes", full)
    ended = regime("run", "--all", "--now", later(NOW, 2).isoformat(), settings=killed)

    assert ended.code == 3
    assert "3 unchanged" in ended.err
    assert "the board was not refreshed (OSError: [Errno 28] No space left on device)" in ended.err


@pytest.mark.slow
def test_unchanged_symbols_are_compared_without_opening_their_databases(killed: Settings) -> None:
    workspace = RunWorkspace.open(killed)
    refresh_board(workspace, [])
    path = workspace.root.symbol("BBB").compute_db
    before = path.stat()
    path.write_bytes(b"\0" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    written = workspace.root.board.stat().st_mtime_ns

    assert not refresh_board(workspace, [])
    assert workspace.root.board.stat().st_mtime_ns == written
    assert (
        differing(workspace.root, workspace.universe.instruments, read_board(workspace.root)) == []
    )


def test_restored_symbols_with_other_file_times_are_accepted(
    killed: Settings, regime: Regime
) -> None:
    workspace = RunWorkspace.open(killed)
    refresh_board(workspace, [])
    for symbol in SYMBOLS:
        os.utime(workspace.root.symbol(symbol).compute_db)

    assert regime("verify", "--all", settings=killed).code == 0
    assert (
        differing(workspace.root, workspace.universe.instruments, read_board(workspace.root)) == []
    )


@pytest.mark.slow
def test_changed_value_on_the_board_is_found_and_rebuilt(killed: Settings, regime: Regime) -> None:
    root = RunWorkspace.open(killed).root
    refresh_board(RunWorkspace.open(killed), [])
    rows, facts = decode(root.board.read_bytes(), "board")
    root.board.write_bytes(encode(rows.with_columns(pl.col("price") + 1), facts))

    findings = json.loads(regime("verify", "--all", "--json", settings=killed).out)["symbols"]
    shown = regime("board", settings=killed)
    ran = regime("promote", "BBB", settings=killed)

    assert {finding["proof"] for finding in findings} == {"unfinished"}
    assert shown.code == 1
    assert "error[board-damaged]" in shown.err
    assert ran.code == 0
    assert regime("verify", "--all", settings=killed).code == 0
    assert shown_otherwise(killed) == []


@pytest.mark.slow
def test_board_of_an_earlier_release_is_read_and_rebuilt(killed: Settings, regime: Regime) -> None:
    root = RunWorkspace.open(killed).root
    older = read_board(root).drop(
        "results_digest", "made_from", "is_pending", "warning_rules", "made_by"
    )
    root.board.write_bytes(encode(older.with_columns(pl.col("timeframe").cast(pl.String)), {}))

    codes = {name: regime(name, settings=killed).code for name in ("board", "status", "doctor")}
    ended = regime("run", "AAA", settings=killed)

    assert codes["board"] == 0
    assert "error" not in regime("status", settings=killed).err
    assert ended.code == 0
    assert read_board(root).schema == BOARD_SCHEMA
    assert read_board(root)["made_from"].null_count() == 0
    assert shown_otherwise(killed) == []
