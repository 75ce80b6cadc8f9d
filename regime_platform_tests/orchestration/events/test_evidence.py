"""What the checks report is what lies on disk: every rule, and manifests that tell the truth."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.orchestration.events.evidence import complete_evidence, gate_evidence
from regime_platform.pipeline.gate.promote import read_verdict
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.platform import RunWorkspace

OUTCOME = SymbolOutcome("AAPL", Status.UNCHANGED, Stage.MANIFESTS)


@pytest.fixture
def copied(walked: RunWorkspace, tmp_path: Path) -> RunWorkspace:
    """The walked samples' AAPL, to be tampered with."""
    target = DataRoot(tmp_path)
    shutil.copytree(walked.root.symbol("AAPL").folder, target.symbol("AAPL").folder)
    return replace(walked, root=target)


def _paths(workspace: RunWorkspace) -> SymbolPaths:
    return workspace.root.symbol("AAPL")


def test_the_gate_tells_every_rule_once_and_what_was_found_first(walked: RunWorkspace) -> None:
    verdict = read_verdict(walked, "AAPL")
    evidence = gate_evidence(walked, OUTCOME)
    assert verdict is not None
    assert evidence is not None

    rows = [record.data for record in evidence.metadata["rules"].records]

    assert {row["rule"] for row in rows} == {
        finding.rule for series in verdict.series for finding in series.findings
    }
    assert len(rows) == len({row["rule"] for row in rows})
    assert (rows[0]["rule"], rows[0]["count"]) == ("price_jump", 4)
    assert rows[0]["where"] == "1day 3, 1week 1"
    assert rows[0]["worst example"].startswith("1day 2000-06-21 close")
    assert rows[0]["remedy"]
    assert evidence.passed


def test_manifests_that_tell_the_truth_pass(copied: RunWorkspace) -> None:
    evidence = complete_evidence(copied, OUTCOME)

    assert evidence is not None
    assert (evidence.passed, evidence.reason) == (True, "")


def test_a_manifest_that_was_edited_is_told(copied: RunWorkspace) -> None:
    manifest = _paths(copied).manifest
    facts = json.loads(manifest.read_text())
    facts["manifest"]["timeframes"]["1day"]["count"] += 1
    manifest.write_text(json.dumps(facts))

    evidence = complete_evidence(copied, OUTCOME)

    assert evidence is not None
    assert not evidence.passed
    assert "manifest.json was changed after it was written" in evidence.reason


def test_bars_that_are_gone_are_told(copied: RunWorkspace) -> None:
    (part,) = _paths(copied).bars("1day").iterdir()
    part.unlink()

    evidence = complete_evidence(copied, OUTCOME)

    assert evidence is not None
    assert not evidence.passed
    assert f"1day/{part.name} is not as the bar manifest says" in evidence.reason
