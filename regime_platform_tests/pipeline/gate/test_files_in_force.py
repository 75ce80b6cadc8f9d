"""A file of a symbol that is gone is made again, or reported with a remedy that works."""

import datetime as dt
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from regime_platform.audit.repair import repair
from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.snapshots import take_snapshot
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.operations.overrides import Span, Statement, exclude
from regime_platform.pipeline.outcomes import STAGES, Stage, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import contents, serve, street

LATER = NOW + dt.timedelta(days=1)
REPAIR = "regime repair AAA"
COMPUTE = (Stage.COMPUTE_DB, Stage.MANIFESTS)
RECONCILE = STAGES[1:]


class Row(NamedTuple):
    """What commands report of a symbol without a file: a remedy, or ``done`` or ``unchanged``."""

    snapshot: str
    promote: str
    compute: str
    reconcile: str


#: Pattern below the symbol's folder -> what happens without these files.
TABLE = {
    "bars": Row(REPAIR, "done", REPAIR, "done"),
    "bars/1day": Row(REPAIR, "done", REPAIR, "done"),
    "bars/1day/*": Row(REPAIR, "done", REPAIR, "done"),
    "rejected": Row(REPAIR, "done", REPAIR, "done"),
    "raw": Row(f"{REPAIR} --accept-loss", *[f"{REPAIR} --accept-loss"] * 3),
    "raw/1day/*": Row(f"{REPAIR} --accept-loss", *[f"{REPAIR} --accept-loss"] * 3),
    "decisions.yaml": Row(REPAIR, REPAIR, REPAIR, REPAIR),
    "verdict.json": Row(REPAIR, "done", "regime run AAA", "done"),
    "manifest.json": Row("a rerun writes it", "done", "done", "unchanged"),
    "compute_manifest.json": Row("a rerun writes it", "unchanged", "done", "unchanged"),
    "compute.db": Row("regime run AAA", "unchanged", "done", "unchanged"),
    "chain.jsonl": Row(REPAIR, REPAIR, REPAIR, REPAIR),
}


@pytest.fixture(scope="session")
def _processed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one-excluded")
    settings, bars = street(folder, ["AAA"]), make_bars(420)
    serve(settings, "AAA", "1day", bars)
    workspace = RunWorkspace.open(settings, clock=NOW.timestamp)
    (instrument,) = workspace.universe.instruments
    list(run_symbols(workspace, [instrument], NOW))
    span, statement = Span("1day", bars["ts"][300]), Statement("a test", "tester", NOW)
    exclude(workspace.root, instrument, span, statement)
    (outcome,) = run_symbols(workspace, [instrument], NOW)
    assert verify(workspace, instrument).result == "proven"
    assert outcome.status == "done"
    return folder


@pytest.fixture
def workspace(_processed_once: Path, tmp_path: Path) -> RunWorkspace:
    """A symbol of which everything is proven, with one excluded bar."""
    return _copied(_processed_once, tmp_path / "copy")


def _copied(origin: Path, folder: Path) -> RunWorkspace:
    shutil.copytree(origin, folder)
    return RunWorkspace.open(street(folder, ["AAA"]), clock=LATER.timestamp)


def _paths(workspace: RunWorkspace) -> SymbolPaths:
    return workspace.root.symbol("AAA")


def _remove(workspace: RunWorkspace, pattern: str) -> None:
    for path in list(_paths(workspace).folder.glob(pattern)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _run(workspace: RunWorkspace, *stages: Stage) -> SymbolOutcome:
    (outcome,) = run_symbols(workspace, workspace.universe.instruments, LATER, stages=stages)
    return outcome


def _reported(outcome: SymbolOutcome) -> str:
    return outcome.status.value if outcome.status.is_good else outcome.reason


@pytest.mark.parametrize("pattern", TABLE)
def test_no_command_is_green_over_a_missing_file(
    workspace: RunWorkspace, tmp_path: Path, pattern: str
) -> None:
    row, other = TABLE[pattern], _copied(tmp_path / "copy", tmp_path / "other")
    (instrument,) = workspace.universe.instruments
    before = _bars(workspace)
    _remove(workspace, pattern)
    _remove(other, pattern)

    taken = take_snapshot(workspace, LATER.date(), LATER).facts.symbols["AAA"]
    promoted = _reported(_run(workspace, Stage.VALIDATED_BARS))
    computed = _reported(_run(other, *COMPUTE))
    reconciled = _reported(_run(other, *RECONCILE))

    assert taken.status == "unfinished"
    assert row.snapshot in taken.reason
    assert row.promote in promoted
    assert row.compute in computed
    assert row.reconcile in reconciled
    if REPAIR in row.reconcile:
        plan = plan_repair(other, instrument, accept_loss="--accept-loss" in row.reconcile)
        repair(other, instrument, plan, LATER)
        assert not verify(other, instrument).is_damaged
    else:
        assert verify(other, instrument).result == "proven"
        assert _bars(other) == before


def _bars(workspace: RunWorkspace) -> dict[str, str]:
    files = contents(_paths(workspace).folder)
    return {name: text for name, text in files.items() if name.startswith(("bars", "rejected"))}
