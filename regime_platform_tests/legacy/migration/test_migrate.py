"""Legacy stores are migrated completely, repeatably, and symbol by symbol."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from regime_platform.legacy.migration import migrate as migrate_module
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import PromoteOutcome, Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.legacy.migration.scenario import (
    DAILY,
    HOURLY,
    canonical,
    migrate,
    stored_files,
    traded,
    workspace_at,
)
from regime_platform_tests.legacy.stores import (
    legacy_rows,
    write_legacy_days,
    write_legacy_db,
)
from regime_platform_tests.scenario import fingerprint, street


def test_all_rows_of_a_live_db_become_canonical_unchanged(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, "core")
    rows = legacy_rows("AAA", "1day", DAILY, word="1d") + legacy_rows(
        "AAA", "1h", HOURLY, word="1hour"
    )
    old = write_legacy_db(tmp_path / "old" / "live.db", rows).parent
    before = fingerprint(old)

    (outcome,) = migrate(workspace, "live", old)

    accounts = {account.timeframe: account for account in outcome.accounts}
    assert outcome.status is Status.DONE
    assert (accounts["1day"].rows, accounts["1day"].equal) == (DAILY.height, DAILY.height)
    assert accounts["1h"].changed == {"zone": HOURLY.height}
    assert canonical(workspace).equals(DAILY)
    assert canonical(workspace, "1h").equals(HOURLY)
    assert fingerprint(old) == before


def test_a_second_run_writes_nothing_and_reports_the_same(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    old = write_legacy_db(tmp_path / "old" / "live.db", legacy_rows("AAA", "1day", DAILY)).parent
    (first,) = migrate(workspace, "live", old)
    before = fingerprint(workspace.root.path)

    (second,) = migrate(workspace, "live", old)

    assert fingerprint(workspace.root.path) == before
    assert (second.status, second.written) == (Status.UNCHANGED, 0)
    assert second.accounts == first.accounts


def test_untracked_and_unreadable_series_are_counted_and_stop_no_other(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, symbols=("AAA", "BBB"))
    folder = tmp_path / "old"
    for symbol in ("AAA", "BBB", "ZZZ"):
        write_legacy_days(folder / symbol / "bars/1day", "1day", DAILY)
    write_legacy_days(folder / "AAA/bars/1h", "1h", HOURLY[:70])
    torn = sorted((folder / "BBB").rglob("*.parquet"))[3]
    torn.write_bytes(torn.read_bytes()[:50])

    outcomes = {outcome.symbol: outcome for outcome in migrate(workspace, "bars-v1", folder)}

    assert [outcome.status for outcome in outcomes.values()] == [
        Status.DONE,
        Status.FAILED,
        Status.FAILED,
    ]
    assert outcomes["AAA"].accounts[0].left_out == {"not followed on this timeframe": 70}
    assert str(torn) in outcomes["BBB"].reason
    assert outcomes["ZZZ"].accounts[0].left_out == {"symbol not in the universe": DAILY.height}
    assert "universe add" in outcomes["ZZZ"].reason


def test_a_damaged_file_fails_its_symbol_alone(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, symbols=("AAA", "BBB"))
    for symbol in ("AAA", "BBB"):
        write_legacy_db(tmp_path / "old" / symbol / "live.db", legacy_rows(symbol, "1day", DAILY))
    torn = tmp_path / "old" / "BBB" / "live.db"
    torn.write_bytes(torn.read_bytes()[:5000])

    outcomes = {outcome.symbol: outcome for outcome in migrate(workspace, "live", tmp_path / "old")}

    assert [outcome.status for outcome in outcomes.values()] == [Status.DONE, Status.FAILED]
    assert str(torn) in outcomes["BBB"].reason


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["live", "bars-v1"])
@pytest.mark.usefixtures("prepared_workers")
def test_two_processes_give_the_outcomes_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(migrate_module, "WORTH_A_PROCESS", 1)
    symbols, old = ("AAA", "BBB", "CCC"), tmp_path / "old"
    for symbol in (*symbols, "ZZZ"):
        if kind == "live":
            write_legacy_db(old / "live.db", legacy_rows(symbol, "1day", DAILY))
        else:
            write_legacy_days(old / symbol / "bars/1day", "1day", DAILY)
    single, double = (
        RunWorkspace.open(street(tmp_path / name, symbols)) for name in ("single", "double")
    )

    outcomes = migrate(single, kind, old)

    assert [outcome.status for outcome in outcomes] == [*[Status.DONE] * 3, Status.FAILED]
    assert migrate(double, kind, old, workers=2) == outcomes
    assert stored_files(double) == stored_files(single)


def test_a_defect_on_one_symbol_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workspace_at(tmp_path, symbols=("AAA", "BBB"))
    for symbol in ("AAA", "BBB"):
        write_legacy_db(tmp_path / "old" / "live.db", legacy_rows(symbol, "1day", DAILY))

    def promote_others(workspace: RunWorkspace, instrument: Instrument) -> PromoteOutcome:
        if instrument.symbol == "AAA":
            raise ZeroDivisionError("of a defect")
        return promote(workspace, instrument)

    monkeypatch.setattr(migrate_module, "promote", promote_others)

    outcomes = migrate(workspace, "live", tmp_path / "old")

    assert [outcome.status for outcome in outcomes] == [Status.FAILED, Status.DONE]
    assert "ZeroDivisionError: of a defect" in outcomes[0].reason


_KILLED = """
import os, signal, sys
from pathlib import Path
from regime_platform import files
from regime_platform.cli.main import main

left, when, write = int(sys.argv[1]), sys.argv[2], files.write_atomically

def killing(target, fill):
    global left
    left -= 1
    if left == 0 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    write(target, fill)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

files.write_atomically = killing
main(["migrate", "live", "--all", "--from", sys.argv[3]])
"""


@pytest.mark.slow
def test_a_rerun_after_a_kill_ends_as_an_uninterrupted_run(tmp_path: Path) -> None:
    rows = legacy_rows("AAA", "1day", DAILY) + legacy_rows("AAA", "1week", traded(1000)[::5])
    old = write_legacy_db(tmp_path / "old" / "live.db", rows).parent
    whole = workspace_at(tmp_path / "whole")
    migrate(whole, "live", old)
    for kill, when in ((1, "after"), (4, "before")):
        workspace = workspace_at(tmp_path / f"{kill}{when}")
        environment = {**os.environ, "REGIME_DATA_ROOT": str(workspace.root.path)}

        completed = subprocess.run(
            [sys.executable, "-c", _KILLED, str(kill), when, str(old)],
            env=environment,
            check=False,
            timeout=240,
        )
        migrate(workspace, "live", old)

        assert completed.returncode == -signal.SIGKILL
        assert stored_files(workspace) == stored_files(whole)
