"""Whatever is changed of what is stored is found and named; what is unfinished is told from it."""

import datetime as dt
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from regime_platform.audit.verify import verify as verifying
from regime_platform.audit.verify.verification import FindingKind, Subject
from regime_platform.audit.verify.verify import _verified, due_for_verification, verify_many
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute_db.board import BOARD_SCHEMA
from regime_platform.model.universe.universe import parse_universe
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import TRACKED_UNIVERSE, Settings
from regime_platform_tests.audit.verify.stored_symbols import (
    LATER,
    SYMBOLS,
    flip_raw,
    kinds,
    paths_of,
    proof_of,
)
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import fingerprint, serve, street
from regime_platform_tests.tampering import tamper


def test_unchanged_files_are_proven_and_verifying_writes_nothing(stored: Settings) -> None:
    before = fingerprint(stored.data_root)

    proof = proof_of(stored, recompute=True)

    assert (proof.result, proof.reason, proof.is_recomputed) == ("proven", "", True)
    assert (proof.bars, proof.rows, proof.files, proof.links) == (430, 430 + 430 + 410, 3, 4)
    assert set(proof.digests) == {"bars_content", "results_content", "recipe"}
    assert fingerprint(stored.data_root) == before


@pytest.mark.slow
def test_everything_that_is_tampered_with_is_found(stored: Settings) -> None:
    chance, paths = random.Random(20), paths_of(stored)
    missed = []

    for _ in range(50):
        done = tamper(paths, chance)
        if proof_of(stored).status.is_good:
            missed.append(done)
        done.undo()

    assert missed == []
    assert proof_of(stored).result == "proven"


def _gone(paths: SymbolPaths) -> None:
    next(paths.bars("1day").glob("*.parquet")).unlink()


def _beside(paths: SymbolPaths) -> None:
    (part,) = paths.bars("1day").glob("*.parquet")
    shutil.copy(part, part.with_name("all-000000000000.parquet"))


def _raw_gone(paths: SymbolPaths) -> None:
    min(paths.raw("1day").iterdir()).unlink()


def _link_gone(paths: SymbolPaths) -> None:
    lines = paths.chain.read_text().splitlines(keepends=True)
    paths.chain.write_text("".join(lines[1:]))


def _of_another_symbol(paths: SymbolPaths) -> None:
    shutil.copy(paths.folder.parent / "BBB" / "manifest.json", paths.manifest)


def _block_renumbered(paths: SymbolPaths) -> None:
    with duckdb.connect(paths.compute_db) as database:
        database.execute("UPDATE content_blocks SET block = 1 WHERE \"of\" = 'state_history'")


def _view_of_other_making(paths: SymbolPaths) -> None:
    with duckdb.connect(paths.compute_db) as database:
        database.execute("CREATE OR REPLACE VIEW state_json AS SELECT 1 AS state_json")


def _bars_unreported(paths: SymbolPaths) -> None:
    for path in (paths.manifest, paths.verdict):
        path.unlink()


def _column_dropped(paths: SymbolPaths) -> None:
    with duckdb.connect(paths.compute_db) as database:
        database.execute("ALTER TABLE forward_labels DROP COLUMN is_mature")


def _verdict_edited(paths: SymbolPaths) -> None:
    facts = json.loads(paths.verdict.read_text())
    facts["series"][0]["rows_in"] += 1
    paths.verdict.write_text(json.dumps(facts, indent=2) + "\n")


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        (_gone, FindingKind.MISSING, "the file is gone"),
        (_beside, FindingKind.EXTRA, "the verdict does not name it"),
        (_raw_gone, FindingKind.MISSING, "no file of the log has it any more"),
        (flip_raw, FindingKind.CHANGED, "its bytes do not match the digest in its name"),
        (lambda paths: paths.compute_db.unlink(), FindingKind.MISSING, "compute.db: "),
        (lambda paths: paths.chain.unlink(), FindingKind.MISSING, "the chain of manifests is gone"),
        (_link_gone, FindingKind.CHANGED, "the links of bars before 2 are missing"),
        (_of_another_symbol, FindingKind.CHANGED, "it is about BBB"),
        (_block_renumbered, FindingKind.CHANGED, "the file states blocks out of order"),
        (_view_of_other_making, FindingKind.CHANGED, "state_json is not as this platform makes it"),
        (_bars_unreported, FindingKind.MISSING, "there is no verdict of the gate"),
        (_column_dropped, FindingKind.CHANGED, "forward_labels is not as this platform makes it"),
        (_verdict_edited, FindingKind.CHANGED, "it was changed after the gate wrote it"),
    ],
)
def test_what_is_wrong_is_named(
    stored: Settings, change: Callable[[SymbolPaths], None], kind: FindingKind, reason: str
) -> None:
    change(paths_of(stored))

    proof = proof_of(stored)

    assert not proof.status.is_good
    assert kind in kinds(proof)
    assert reason in proof.reason


@pytest.mark.parametrize(
    ("last", "result", "kind"),
    [
        (Stage.RAW_BARS, "unfinished", FindingKind.UNFINISHED),
        (Stage.VALIDATED_BARS, "results pending", FindingKind.PENDING),
        (Stage.COMPUTE_DB, "unfinished", FindingKind.UNFINISHED),
    ],
)
def test_an_unfinished_append_is_reported_and_finished_by_a_rerun(
    stored: Settings, last: Stage, result: str, kind: FindingKind
) -> None:
    serve(stored, "AAA", "1day", make_bars(433, seed=0))
    workspace = RunWorkspace.open(stored)
    instrument = workspace.universe.instrument("AAA")
    stages = [stage for stage in Stage if list(Stage).index(stage) <= list(Stage).index(last)]
    run_symbol(workspace, instrument, LATER, stages=stages)

    unfinished = proof_of(stored)
    run_symbol(workspace, instrument, LATER)

    assert unfinished.result == result
    assert kinds(unfinished) == {kind}
    assert proof_of(stored).result == "proven"


def test_a_symbol_without_stored_files_has_no_bars(tmp_path: Path) -> None:
    proof = proof_of(street(tmp_path, SYMBOLS))

    assert (proof.result, proof.status.is_good) == ("no_bars", False)


@pytest.mark.slow
@pytest.mark.usefixtures("prepared_workers")
def test_two_processes_give_the_results_of_one(
    stored: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "WORTH_A_PROCESS", 1)
    flip_raw(paths_of(stored))
    workspace = RunWorkspace.open(stored)
    instruments = workspace.universe.instruments

    assert list(verify_many(workspace, instruments, workers=2)) == list(
        verify_many(workspace, instruments, workers=1)
    )


DAY = dt.date(2026, 11, 20)
UNIVERSE = parse_universe(TRACKED_UNIVERSE.read_text(), "universe.yaml").instruments


def test_every_symbol_has_its_turn_once_in_so_many_days_and_missed_ones_are_added() -> None:
    days = [DAY + dt.timedelta(days=number) for number in range(5)]

    shares = [due_for_verification(UNIVERSE, 5, day) for day in days]
    missed = due_for_verification(UNIVERSE, 5, days[-1], days[0])
    after_a_month = due_for_verification(UNIVERSE, 5, days[-1], DAY - dt.timedelta(days=30))

    verified = [instrument.symbol for share in shares for instrument in share]
    assert sorted(verified) == sorted(instrument.symbol for instrument in UNIVERSE)
    assert {instrument.symbol for instrument in missed} == {
        instrument.symbol for share in shares[1:] for instrument in share
    }
    assert after_a_month == UNIVERSE
    assert due_for_verification(UNIVERSE, 5, days[0]) == shares[0]
    assert due_for_verification(UNIVERSE, 0, days[0]) == ()
    assert due_for_verification(UNIVERSE, 1, days[0]) == UNIVERSE


def test_a_board_that_a_run_wrote_since_it_was_read_is_no_finding(processed: RunWorkspace) -> None:
    instrument = processed.universe.instruments[0]

    proof = _verified(processed, BOARD_SCHEMA.to_frame(), instrument, recompute=False)

    assert [each.what for each in proof.findings if each.what == Subject.BOARD] == []
    assert proof.result == "proven"
