"""A week of an operator: at every step terminal, Dagster and files say the same.

Monday is 2026-11-16; New York is five hours behind UTC. The daemon wakes up after the close and in
the night, and evaluates what it missed.
"""

import datetime as dt
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.end_to_end.daemon import Launched
from regime_platform_tests.end_to_end.market import CORE, UNKNOWN, served
from regime_platform_tests.end_to_end.platform_in_week import Platform
from regime_platform_tests.end_to_end.truth import (
    BLOCKED,
    DAMAGED,
    FAILED,
    LATE,
    NO_BARS,
    PENDING,
    WAITING,
)
from regime_platform_tests.pipeline.vendor_street import list_stock
from regime_platform_tests.scenario import with_value
from regime_platform_tests.vendor import error_answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_MOST_QUESTIONS = 60  # to a dead vendor, by two updates


def test_terminal_dagster_and_files_say_the_same_all_week(
    platform: Platform, tmp_path: Path
) -> None:
    _first_backfill(platform)
    _daily_pass(platform)
    _bad_bar_and_its_correction(platform)
    _dead_vendor(platform)
    _deleted_run(platform)
    _damage_and_repair(platform)
    _weekend(platform)

    assert _results(platform.settings.data_root) == _in_one_batch(platform, tmp_path / "batch")


def _first_backfill(platform: Platform) -> None:
    daemon = platform.daemon
    assert not daemon.backfill(CORE, UNKNOWN)  # which the vendor does not know
    assert platform.command("run", "ELM")[0] == 0
    daemon.sense()

    assert platform.differences(DIM=NO_BARS) == []
    assert _jobs(daemon.runs) == ["process_all"]

    daemon.until(_at(16, 22, 45))
    assert platform.differences(DIM=NO_BARS) == []


def _daily_pass(platform: Platform) -> None:
    daemon = platform.daemon
    night = daemon.until(_at(17, 12, 30))
    assert _computed(night) == set()
    assert platform.differences(DIM=NO_BARS) == []

    assert _computed(daemon.until(_at(17, 21, 35))) == {"HUB"}  # after the last intraday bar
    assert platform.command("update", "COD")[0] == 0
    waiting = f"{PENDING}, {WAITING}"
    assert platform.differences(["Dagster"], DIM=NO_BARS, COD=waiting) == []
    daemon.sense()
    assert _computed(daemon.runs[-1:]) == {"COD"}
    assert platform.differences(DIM=NO_BARS) == []

    runs = daemon.until(_at(17, 22, 45))
    assert _computed(runs) == {"HUB", "ACE", "BAY", "ELM"}
    assert platform.differences(DIM=NO_BARS) == []


def _bad_bar_and_its_correction(platform: Platform) -> None:
    good = served("BAY")["1day"]
    row = good["ts"].to_list().index(_at(18))
    list_stock(platform.vendor, "BAY", "1day", with_value(good, row, high=1.0))

    runs = platform.daemon.until(_at(18, 22, 45))

    assert platform.differences(DIM=NO_BARS, BAY=BLOCKED) == []
    reason = platform.reason(Stage.VALIDATED_BARS, "gate", "BAY")
    assert "high_low_order rejected 1 bar (2026-11-18" in reason
    (failed,) = (run for run in runs if run.job == "recompute" and not run.is_success)
    assert reason in platform.graphql.failure(failed.run_id)
    assert any(reason in line for line in platform.alert_lines())

    assert platform.command("update", "BAY", "--raw-only")[0] == 0  # which brings nothing else
    assert platform.differences(DIM=NO_BARS, BAY=BLOCKED) == []

    list_stock(platform.vendor, "BAY", "1day", good)
    platform.daemon.until(_at(19, 12, 30))
    assert platform.differences(DIM=NO_BARS) == []


def _dead_vendor(platform: Platform) -> None:
    before, asked = _results(platform.settings.data_root), len(platform.vendor.questions)
    platform.vendor.answer_next(*(error_answer(503, "down", 503) for _ in range(1000)))

    platform.daemon.until(_at(19, 22, 45))

    assert len(platform.vendor.questions) - asked < _MOST_QUESTIONS
    # the update ended before it reached COD and ELM, which are as they were
    known = {"DIM": NO_BARS, "ACE": FAILED, "BAY": FAILED, "HUB": f"{FAILED}, {LATE}"}
    assert platform.differences(**known) == []
    assert _results(platform.settings.data_root) == before

    platform.vendor.forget_script()
    runs = platform.daemon.until(_at(20, 12, 30))
    assert _computed(runs) == {"HUB", "ACE", "BAY", "COD", "ELM"}
    assert platform.differences(DIM=NO_BARS) == []


def _deleted_run(platform: Platform) -> None:
    last = next(run for run in reversed(platform.daemon.runs) if "raw_bars" in run.materialized)
    platform.instance.delete_run(last.run_id)

    runs = platform.daemon.until(_at(20, 22, 45))

    assert _computed(runs) == {"HUB", "ACE", "BAY", "COD", "ELM"}
    assert platform.differences(DIM=NO_BARS) == []


def _damage_and_repair(platform: Platform) -> None:
    assets = platform.settings.data_root / "assets"
    (assets / "ACE/verdict.json").write_bytes(b"{")
    (assets / "BAY/compute.db").write_bytes(b"no database")
    shutil.rmtree(assets / "COD/bars")

    platform.daemon.until(_at(21, 12, 30))
    assert platform.differences(DIM=NO_BARS, ACE=f"{FAILED}, {DAMAGED}") == []

    assert platform.command("repair", "ACE", "--yes")[0] == 0
    platform.daemon.sense()
    assert platform.differences(DIM=NO_BARS) == []


def _weekend(platform: Platform) -> None:
    assert _computed(platform.daemon.until(_at(22, 2))) == set()  # a second look at Friday

    runs = platform.daemon.until(_at(22, 22))

    assert not {run.job for run in runs} & {"update_core", "update_daily", "recompute"}
    assert platform.differences(DIM=NO_BARS) == []
    assert not any("crashed" in line for line in platform.alert_lines())


def _at(day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=dt.UTC)


def _jobs(runs: Sequence[Launched]) -> list[str]:
    return [run.job for run in runs]


def _computed(runs: Sequence[Launched]) -> set[str]:
    return {symbol for run in runs for symbol in run.materialized.get("compute_db", ())}


def _results(root: Path) -> Mapping[str, Mapping[str, str]]:
    """Symbol -> table of compute.db -> digest of its content."""
    return {
        path.parent.name: json.loads(path.read_bytes())["manifest"]["tables"]
        for path in sorted(root.glob("assets/*/compute_manifest.json"))
    }


def _in_one_batch(platform: Platform, root: Path) -> Mapping[str, Mapping[str, str]]:
    """The results of the final bars, fetched and computed at once."""
    root.mkdir()
    shutil.copy(platform.settings.data_root / "universe.yaml", root)
    workspace = RunWorkspace.open(platform.settings.model_copy(update={"data_root": root}))
    list(run_symbols(workspace, workspace.universe.instruments, workspace.present()))
    return _results(root)
