"""What the checks report is what lies on disk: every rule, and manifests that tell the truth."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from regime_platform.bars.layout import DataRoot, SymbolPaths
from regime_platform.orchestration.evidence import complete_evidence, gate_evidence
from regime_platform.pipeline.outcomes import Stage, Status, WalkOutcome
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.promote import read_verdict

OUTCOME = WalkOutcome("AAPL", Status.UNCHANGED, Stage.MANIFESTS)


@pytest.fixture
def copied(walked: Platform, tmp_path: Path) -> Platform:
    """The walked samples' AAPL, to be tampered with."""
    target = DataRoot(tmp_path)
    shutil.copytree(walked.root.symbol("AAPL").folder, target.symbol("AAPL").folder)
    return replace(walked, root=target)


def _paths(platform: Platform) -> SymbolPaths:
    return platform.root.symbol("AAPL")


def test_the_gate_tells_every_rule_once_and_what_was_found_first(walked: Platform) -> None:
    verdict = read_verdict(walked, "AAPL")
    evidence = gate_evidence(walked, OUTCOME)
    assert verdict is not None
    assert evidence is not None

    rows = [record.data for record in evidence.metadata["rules"].records]

    assert {row["rule"] for row in rows} == {
        one.rule for series in verdict.series for one in series.findings
    }
    assert len(rows) == len({row["rule"] for row in rows})
    assert (rows[0]["rule"], rows[0]["count"]) == ("price_jump", 4)
    assert rows[0]["where"] == "1day 3, 1week 1"
    assert rows[0]["worst example"].startswith("1day 2000-06-21 close")
    assert rows[0]["remedy"]
    assert evidence.passed


def test_manifests_that_tell_the_truth_pass(copied: Platform) -> None:
    evidence = complete_evidence(copied, OUTCOME)

    assert evidence is not None
    assert (evidence.passed, evidence.reason) == (True, "")


def test_a_manifest_that_was_edited_is_told(copied: Platform) -> None:
    manifest = _paths(copied).manifest
    facts = json.loads(manifest.read_text())
    facts["manifest"]["timeframes"]["1day"]["count"] += 1
    manifest.write_text(json.dumps(facts))

    evidence = complete_evidence(copied, OUTCOME)

    assert evidence is not None
    assert not evidence.passed
    assert "manifest.json was changed after it was written" in evidence.reason


def test_bars_that_are_gone_are_told(copied: Platform) -> None:
    (part,) = _paths(copied).bars("1day").iterdir()
    part.unlink()

    evidence = complete_evidence(copied, OUTCOME)

    assert evidence is not None
    assert not evidence.passed
    assert f"1day/{part.name} is not as the bar manifest says" in evidence.reason
