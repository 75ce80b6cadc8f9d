"""The checks of a symbol against its stored files."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.orchestration.events.checks import gate_result, manifests_result
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace

OUTCOME = SymbolOutcome("AAPL", Status.UNCHANGED, Stage.MANIFESTS)


@pytest.fixture
def copied(processed: RunWorkspace, tmp_path: Path) -> RunWorkspace:
    """AAPL of the processed sample, to be tampered with."""
    target = DataRoot(tmp_path)
    shutil.copytree(processed.root.symbol("AAPL").folder, target.symbol("AAPL").folder)
    return replace(processed, root=target)


def _paths(workspace: RunWorkspace) -> SymbolPaths:
    return workspace.root.symbol("AAPL")


def test_the_gate_lists_every_rule_once_with_findings_first(processed: RunWorkspace) -> None:
    verdict = read_verdict(processed.root.symbol("AAPL"))
    evidence = gate_result(processed, OUTCOME)
    assert verdict is not None
    assert evidence is not None

    rows = [record.data for record in evidence.metadata["rules"].records]

    assert {row["rule"] for row in rows} == {
        finding.rule for series in verdict.series for finding in series.findings
    }
    assert len(rows) == len({row["rule"] for row in rows})
    assert (rows[0]["rule"], rows[0]["count"]) == ("price_jump", 1)
    assert rows[0]["where"] == "1day 1"
    assert rows[0]["worst example"].startswith("1day 2000-09-29 close")
    assert rows[0]["remedy"]
    assert evidence.passed


def test_manifests_that_tell_the_truth_pass(copied: RunWorkspace) -> None:
    evidence = manifests_result(copied, OUTCOME)

    assert evidence is not None
    assert (evidence.passed, evidence.reason) == (True, "")


def test_an_edited_manifest_is_reported(copied: RunWorkspace) -> None:
    manifest = _paths(copied).manifest
    facts = json.loads(manifest.read_text())
    facts["manifest"]["timeframes"]["1day"]["count"] += 1
    manifest.write_text(json.dumps(facts))

    evidence = manifests_result(copied, OUTCOME)

    assert evidence is not None
    assert not evidence.passed
    assert "manifest.json was changed after it was written" in evidence.reason


def test_missing_bars_are_reported(copied: RunWorkspace) -> None:
    part = next(_paths(copied).bars("1day").iterdir())
    part.unlink()

    evidence = manifests_result(copied, OUTCOME)

    assert evidence is not None
    assert not evidence.passed
    assert f"1day/{part.name} the file is gone" in evidence.reason
