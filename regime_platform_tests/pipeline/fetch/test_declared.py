"""The splits that a source declares are recorded at a fetch, once, and applied to its bars."""

import datetime as dt
from pathlib import Path

import pytest
import yaml

from regime_platform.bar_store.actions_file import ACTIONS, read_actions
from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.model.actions import with_withdrawn
from regime_platform.pipeline.outcomes import STAGES, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def workspace(tmp_path: Path) -> RunWorkspace:
    """MSFT of the sample, which split within its bars."""
    entry = {"symbol": "MSFT", "name": "Microsoft", "asset_class": "US_EQUITY"}
    entries = [{**entry, "tier": "daily", "source": "sample"}]
    (tmp_path / "universe.yaml").write_text(yaml.safe_dump({"instruments": entries}))
    return RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path))


def _run(workspace: RunWorkspace, now: dt.datetime) -> SymbolOutcome:
    """A run up to the gate."""
    (instrument,) = workspace.universe.instruments
    return run_symbol(workspace, instrument, now, stages=STAGES[:2])


def _close(workspace: RunWorkspace, timeframe: str, row: int) -> float:
    stored = read_in_force(workspace.root.symbol("MSFT"), timeframe)
    assert stored is not None
    return float(stored[1]["close"][row])


def test_a_declared_split_is_recorded_named_in_the_outcome_and_applied(
    workspace: RunWorkspace, now: dt.datetime
) -> None:
    first = _run(workspace, now)

    assert (
        first.reason == "split 2:1 on 2003-02-18, declared by the source: earlier bars are adjusted"
    )
    (entry,) = read_actions(workspace.root.symbol("MSFT"))
    assert (entry.by, bool(entry.source)) == ("sample", True)
    assert _close(workspace, "1day", 0) == 90.81 / 2
    assert _close(workspace, "1week", 0) == 96.12 / 2
    assert _run(workspace, now + HOUR).status is Status.UNCHANGED


def test_bars_of_a_release_before_actions_are_adjusted_at_the_next_run(
    workspace: RunWorkspace, now: dt.datetime
) -> None:
    _run(workspace, now)
    paths = workspace.root.symbol("MSFT")
    before = _close(workspace, "1day", 0)
    verdict = read_verdict(paths)
    assert verdict is not None
    for path in (paths.actions, paths.verdict, paths.manifest, paths.chain):  # it wrote none
        path.unlink()

    outcome = _run(workspace, now + HOUR)

    assert outcome.status is Status.DONE
    assert "declared by the source" in outcome.reason
    assert _close(workspace, "1day", 0) == before
    assert read_verdict(paths) != verdict  # its entry is of this run


def test_what_an_operator_withdrew_does_not_come_back(
    workspace: RunWorkspace, now: dt.datetime
) -> None:
    _run(workspace, now)
    paths = workspace.root.symbol("MSFT")
    entries = read_actions(paths)
    ACTIONS.write(paths, with_withdrawn(entries, 1, reason="a test", by="ann", at=now))

    _run(workspace, now + HOUR)

    assert len(read_actions(paths)) == 2
    assert _close(workspace, "1day", 0) == 90.81
