"""What a killed repair, promotion or rename leaves is carried on by the remedy that is named."""

import shutil
from pathlib import Path

import pytest

from regime_platform.audit.verify.verification import FindingKind
from regime_platform.bar_store import canonical
from regime_platform.operations.renames import rename, unfinished
from regime_platform.pipeline.gate import promote
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.audit.rich_symbol import (
    BARS,
    LAST,
    LATER,
    SYMBOL,
    paths_of_rich,
    proof_of_rich,
    repair_rich,
    run_rich,
)
from regime_platform_tests.audit.test_damages import is_bad_bar_back
from regime_platform_tests.kills import Killed, killed_before
from regime_platform_tests.scenario import serve


@pytest.mark.slow
def test_a_repair_killed_at_any_moment_leaves_results_and_is_carried_on(
    rich: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = paths_of_rich(rich)
    before = proof_of_rich(rich).digests
    paths.verdict.write_text("[]")
    paths.compute_manifest.write_text("[]")
    paths.decisions.unlink()
    paths.compute_db.write_bytes(paths.compute_db.read_bytes()[:9999])
    kept = tmp_path / "kept"
    shutil.copytree(rich.data_root, kept)

    for commit in range(1, 40, 3):
        shutil.rmtree(rich.data_root)
        shutil.copytree(kept, rich.data_root)
        try:
            with killed_before(commit, monkeypatch):
                outcome = repair_rich(rich)
        except Killed:
            assert paths.compute_db.exists()
            outcome = repair_rich(rich)
        else:
            assert commit > 8
            break
        assert (outcome.after.result, outcome.reason) == ("proven", ""), commit
        assert outcome.after.digests == before
        assert not is_bad_bar_back(rich)


@pytest.mark.parametrize("step", ["write_verdict", "sweep"])
def test_what_a_killed_promotion_left_is_unfinished_and_a_run_finishes_it(
    rich: Settings, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    serve(rich, SYMBOL, "1day", BARS)
    module = promote if step == "write_verdict" else canonical
    with monkeypatch.context() as patched:
        patched.setattr(module, step, killed)
        with pytest.raises(Killed):
            run_rich(rich)
    left = proof_of_rich(rich)

    assert run_rich(rich, LAST).status is Status.DONE
    kinds = {finding.kind for finding in left.findings}
    assert {FindingKind.UNFINISHED} <= kinds <= {FindingKind.UNFINISHED, FindingKind.PENDING}
    assert left.remedy == f"regime run {SYMBOL}"
    assert any("left by a promotion" in finding.reason for finding in left.findings)
    assert proof_of_rich(rich).reason == ""


def test_parts_left_after_all_else_was_done_are_swept_by_a_run(rich: Settings) -> None:
    paths = paths_of_rich(rich)
    (part,) = paths.bars("1day").glob("*.parquet")
    bars = BARS.head(3)
    left = canonical.write_parts(paths.bars("1day"), "1day", bars, SYMBOL).files[0].name
    (part.parent / ".tmp-left.parquet").write_bytes(b"")

    proof = proof_of_rich(rich)
    outcome = run_rich(rich)

    assert (proof.result, proof.findings[0].what) == ("unfinished", f"bars/1day/{left}")
    assert proof.remedy == f"regime run {SYMBOL}"
    assert outcome.status is Status.UNCHANGED
    assert list(part.parent.iterdir()) == [part]


def test_an_unfinished_rename_is_unfinished_and_the_same_command_finishes_it(
    rich: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(rich, "METB", "1day", BARS.head(430))
    kept = tmp_path / "kept"
    shutil.copytree(rich.data_root, kept)

    for commit in (1, 4, 8):
        shutil.rmtree(rich.data_root)
        shutil.copytree(kept, rich.data_root)
        with killed_before(commit, monkeypatch), pytest.raises(Killed):
            rename(rich, SYMBOL, {"symbol": "METB"}, LATER)
        symbol = next(iter(RunWorkspace.open(rich).universe.symbols))
        proof = proof_of_rich(rich, symbol)
        assert unfinished(rich), commit
        assert (proof.result, len(proof.findings)) == ("unfinished", 1), commit
        assert proof.remedy == "regime universe rename META METB"

        rename(rich, SYMBOL, {"symbol": "METB"}, LAST)

        assert proof_of_rich(rich, "METB").reason == "", commit
