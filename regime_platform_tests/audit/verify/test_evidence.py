"""Evidence that a repair set aside."""

import shutil

from regime_platform.settings import Settings
from regime_platform_tests.audit.rich_symbol import paths_of_rich, proof_of_rich, repair_rich


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
