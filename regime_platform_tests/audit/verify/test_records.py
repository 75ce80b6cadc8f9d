"""Decisions and identities against what verdict and manifest state, and what a repair set aside."""

import datetime as dt
import shutil
from dataclasses import replace

from regime_platform.audit.verify.verify import verify
from regime_platform.files import read_json, write_json
from regime_platform.operations.overrides import Span, exclude, undo
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import bars
from regime_platform.settings import Settings
from regime_platform_tests.audit.rich_symbol import (
    SAID,
    SYMBOL,
    paths_of_rich,
    proof_of_rich,
    repair_rich,
    run_rich,
)


def test_what_is_filled_in_or_added_to_an_instrument_is_no_change(rich: Settings) -> None:
    path = paths_of_rich(rich).identity
    (record,) = read_json(path)["identities"]
    record["identity"]["exchange"] = "NASDAQ"
    write_json(path, {"identities": [record, {**record, "because": "renamed"}]})

    assert proof_of_rich(rich).result == "proven"
    assert run_rich(rich).status is Status.DONE  # which seals it
    record["identity"]["mic_code"] = "XNYS"
    write_json(path, {"identities": [record]})
    assert proof_of_rich(rich).result == "changed"


def test_a_decision_that_waits_for_a_run_is_reported_and_survives_a_repair(rich: Settings) -> None:
    workspace = RunWorkspace.open(rich)
    undo(workspace.root, workspace.universe.instrument(SYMBOL), 1, SAID)
    waiting = proof_of_rich(rich)
    text = paths_of_rich(rich).decisions.read_text()
    paths_of_rich(rich).decisions.write_text(text.replace("by: ann", "by: bob", 1))

    outcome = repair_rich(rich)

    assert (waiting.result, waiting.status.is_good) == ("proven", True)
    assert waiting.remedy == f"regime run {SYMBOL}"
    assert "no verdict applies override 4 yet" in waiting.reason
    assert (outcome.after.result, outcome.after.reason) == ("proven", waiting.reason)
    assert paths_of_rich(rich).decisions.read_text() == text
    assert run_rich(rich).status is Status.BLOCKED  # the withdrawal is obeyed


def test_bars_from_before_a_decision_that_waits_are_proven_when_made_again(rich: Settings) -> None:
    workspace = RunWorkspace.open(rich)
    instrument = workspace.universe.instrument(SYMBOL)
    last = bars(SYMBOL, "1day", where=rich).collect()["ts"][-1]
    later = replace(SAID, at=SAID.at + dt.timedelta(hours=1))
    exclude(workspace.root, instrument, Span("1day", last), later)

    proof = verify(workspace, instrument, recompute=True)

    assert (proof.result, proof.is_recomputed) == ("proven", True)
    assert proof.remedy == f"regime run {SYMBOL}"


def test_evidence_that_was_altered_is_found_and_what_was_removed_of_it_is_not(
    rich: Settings,
) -> None:
    paths = paths_of_rich(rich)
    paths.compute_db.write_bytes(b"nonsense")
    repair_rich(rich)
    (evidence,) = paths.set_aside.rglob("compute.db")

    evidence.write_bytes(b"other nonsense")
    proof = proof_of_rich(rich)
    outcome = repair_rich(rich)

    assert (proof.result, proof.findings[0].what.split("/")[0]) == ("changed", "set_aside")
    assert outcome.after.result == "proven"
    shutil.rmtree(paths.set_aside)
    assert proof_of_rich(rich).result == "proven"
