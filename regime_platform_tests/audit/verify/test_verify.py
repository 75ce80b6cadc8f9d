"""Whatever is changed of what is held is found and named; what is unfinished is told from it."""

import datetime as dt
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from regime_platform.audit.repair import plan_repair
from regime_platform.audit.verify import pool
from regime_platform.audit.verify.pool import verify_many
from regime_platform.audit.verify.proof import Verification
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.compaction import compact
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db import connection
from regime_platform.pipeline.finding import FindingKind
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.publish import manifest_writer
from regime_platform.pipeline.run import run_symbol, run_symbols
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import fingerprint, serve, street, with_value
from regime_platform_tests.tampering import tamper

SYMBOLS = ["AAA", "BBB"]
LATER = NOW + dt.timedelta(days=1)


@pytest.fixture(scope="session")
def _held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two symbols after two walks, so that their chains have more than one link."""
    folder = tmp_path_factory.mktemp("held")
    settings = street(folder, SYMBOLS)
    for bars, now in ((425, NOW - dt.timedelta(days=1)), (430, NOW)):
        for seed, symbol in enumerate(SYMBOLS):
            serve(settings, symbol, "1day", make_bars(bars, seed=seed))
        workspace = RunWorkspace.open(settings)
        list(run_symbols(workspace, workspace.universe.instruments, now))
    return folder


@pytest.fixture
def held(_held: Path, tmp_path: Path) -> Settings:
    shutil.copytree(_held, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, SYMBOLS)


def proof_of(settings: Settings, symbol: str = "AAA", *, recompute: bool = False) -> Verification:
    workspace = RunWorkspace.open(settings)
    return verify(workspace, workspace.universe.instrument(symbol), recompute=recompute)


def paths_of(settings: Settings) -> SymbolPaths:
    return RunWorkspace.open(settings).root.symbol("AAA")


def kinds(proof: Verification) -> set[FindingKind]:
    return {finding.kind for finding in proof.findings}


def test_what_nobody_touched_is_proven_and_looking_writes_nothing(held: Settings) -> None:
    before = fingerprint(held.data_root)

    proof = proof_of(held, recompute=True)

    assert (proof.result, proof.reason, proof.is_recomputed) == ("proven", "", True)
    assert (proof.bars, proof.rows, proof.files, proof.links) == (430, 430 + 430 + 410, 3, 4)
    assert set(proof.digests) == {"bars_content", "results_content", "recipe"}
    assert fingerprint(held.data_root) == before


def test_everything_that_is_tampered_with_is_found(held: Settings) -> None:
    chance, paths = random.Random(20), paths_of(held)
    missed = []

    for _ in range(50):
        done = tamper(paths, chance)
        if proof_of(held).status.is_good:
            missed.append(done)
        done.undo()

    assert missed == []
    assert proof_of(held).result == "proven"


def _gone(paths: SymbolPaths) -> None:
    next(paths.bars("1day").glob("*.parquet")).unlink()


def _beside(paths: SymbolPaths) -> None:
    (part,) = paths.bars("1day").glob("*.parquet")
    shutil.copy(part, part.with_name("all-000000000000.parquet"))


def _raw_gone(paths: SymbolPaths) -> None:
    min(paths.raw("1day").iterdir()).unlink()


def _raw_flipped(paths: SymbolPaths) -> None:
    path = max(paths.raw("1day").iterdir())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


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


def _bars_untold(paths: SymbolPaths) -> None:
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
    ("change", "kind", "told"),
    [
        (_gone, FindingKind.MISSING, "the file is gone"),
        (_beside, FindingKind.EXTRA, "no pointer names it"),
        (_raw_gone, FindingKind.MISSING, "no file of the log holds it any more"),
        (_raw_flipped, FindingKind.CHANGED, "its bytes are not those its name promises"),
        (lambda paths: paths.compute_db.unlink(), FindingKind.MISSING, "compute.db: "),
        (lambda paths: paths.chain.unlink(), FindingKind.MISSING, "the chain of manifests is gone"),
        (_link_gone, FindingKind.CHANGED, "the links of bars before 2 are missing"),
        (_of_another_symbol, FindingKind.CHANGED, "it is about BBB"),
        (_block_renumbered, FindingKind.CHANGED, "the file tells of blocks out of order"),
        (_view_of_other_making, FindingKind.CHANGED, "state_json is not as this platform makes it"),
        (_bars_untold, FindingKind.MISSING, "there is no verdict of the gate"),
        (_column_dropped, FindingKind.CHANGED, "forward_labels is not as this platform makes it"),
        (_verdict_edited, FindingKind.CHANGED, "it was changed after the gate wrote it"),
    ],
)
def test_what_is_wrong_is_named(
    held: Settings, change: Callable[[SymbolPaths], None], kind: FindingKind, told: str
) -> None:
    change(paths_of(held))

    proof = proof_of(held)

    assert not proof.status.is_good
    assert kind in kinds(proof)
    assert told in proof.reason


def test_a_lost_bar_manifest_is_all_that_is_told_of_it(held: Settings) -> None:
    paths_of(held).manifest.unlink()

    proof = proof_of(held)

    assert (proof.reason, proof.bars) == ("manifest.json: there is no manifest", 430)


def test_a_changed_number_is_told_with_its_place(held: Settings) -> None:
    with duckdb.connect(paths_of(held).compute_db) as database:
        database.execute("UPDATE state_history SET vrs = vrs + 1e-12 WHERE ts = '2013-08-01'")

    proof = proof_of(held)

    assert proof.result == "changed"
    assert "state_history 1day: a value between 2012-01-30T00:00 and" in proof.reason
    assert proof_of(held, "BBB").result == "proven"


def test_compacted_logs_are_proven_by_the_names_from_before(held: Settings) -> None:
    compact(paths_of(held).raw("1day"))

    assert proof_of(held).result == "proven"


@pytest.mark.parametrize("last", [Stage.RAW_BARS, Stage.VALIDATED_BARS, Stage.COMPUTE_DB])
def test_an_unfinished_append_is_told_and_finished_by_a_rerun(held: Settings, last: Stage) -> None:
    serve(held, "AAA", "1day", make_bars(433, seed=0))
    workspace = RunWorkspace.open(held)
    instrument = workspace.universe.instrument("AAA")
    stages = [stage for stage in Stage if list(Stage).index(stage) <= list(Stage).index(last)]
    run_symbol(workspace, instrument, LATER, stages=stages)

    unfinished = proof_of(held)
    run_symbol(workspace, instrument, LATER)

    assert unfinished.result == "unfinished"
    assert kinds(unfinished) == {FindingKind.UNFINISHED}
    assert proof_of(held).result == "proven"


def test_compute_db_ahead_of_its_manifest_is_told_so(held: Settings) -> None:
    manifest = paths_of(held).compute_manifest
    serve(held, "AAA", "1day", make_bars(433, seed=0))
    before = manifest.read_bytes()
    workspace = RunWorkspace.open(held)
    list(run_symbols(workspace, workspace.universe.instruments, LATER))
    manifest.write_bytes(before)

    proof = proof_of(held)

    assert proof.result == "unfinished"
    assert "it is ahead of its manifest: an unfinished append" in proof.reason
    assert "a later manifest of the results was begun and is not in place" in proof.reason


def test_a_link_that_was_half_written_when_killed_is_cut_off_by_the_next(held: Settings) -> None:
    chain = paths_of(held).chain
    with chain.open("ab") as stream:
        stream.write(b'{"about":{"content_dig')

    half = proof_of(held)
    serve(held, "AAA", "1day", make_bars(433, seed=0))
    workspace = RunWorkspace.open(held)
    list(run_symbols(workspace, workspace.universe.instruments, LATER))

    assert half.result == "proven"
    assert (proof_of(held).result, proof_of(held).links) == ("proven", 6)


def test_a_manifest_announced_and_not_written_is_written_as_announced(
    held: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(held, "AAA", "1day", make_bars(433, seed=0))
    workspace = RunWorkspace.open(held)
    instrument = workspace.universe.instrument("AAA")
    with monkeypatch.context() as patched:
        patched.setattr(manifest_writer, "write_json", _killed)
        with pytest.raises(KeyboardInterrupt):
            run_symbol(workspace, instrument, LATER)
    unfinished = proof_of(held)

    run_symbol(workspace, instrument, LATER + dt.timedelta(hours=1))

    assert (unfinished.result, unfinished.links) == ("unfinished", 6)
    assert (proof_of(held).result, proof_of(held).links) == ("proven", 6)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_blocked_symbol_keeps_what_is_proven(held: Settings) -> None:
    serve(held, "AAA", "1day", with_value(make_bars(433, seed=0), 431, low=1e6))
    workspace = RunWorkspace.open(held)
    list(run_symbols(workspace, workspace.universe.instruments, LATER))

    proof = proof_of(held)

    assert (proof.result, kinds(proof)) == ("proven", {FindingKind.STALE})
    assert "the gate holds back what came since: 1day: high_low_order" in proof.reason


def test_other_parameters_and_other_code_are_named_as_the_cause(held: Settings) -> None:
    workspace = RunWorkspace.open(held)
    instrument = workspace.universe.instrument("AAA")
    timeframes = tuple(
        (name, replace(one, horizon=one.horizon + 1)) for name, one in DEFAULT_PARAMS.by_timeframe
    )
    other = replace(workspace, params=replace(DEFAULT_PARAMS, by_timeframe=timeframes))
    newer = replace(workspace, code=replace(workspace.code, compute_digest="0" * 64))

    by_params = verify(other, instrument, recompute=True)
    by_code = verify(newer, instrument, recompute=True)

    assert by_params.result == "changed"
    assert "other numbers in forward_labels: made with other parameters than" in by_params.reason
    assert by_code.result == "proven"
    assert "made with other code than today's" in by_code.reason


def test_two_processes_say_what_one_says(held: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WORTH_A_PROCESS", 1)
    _raw_flipped(paths_of(held))
    workspace = RunWorkspace.open(held)
    instruments = workspace.universe.instruments

    assert list(verify_many(workspace, instruments, workers=2)) == list(
        verify_many(workspace, instruments, workers=1)
    )


def test_a_symbol_of_which_nothing_is_held_is_empty(tmp_path: Path) -> None:
    proof = proof_of(street(tmp_path, SYMBOLS))

    assert (proof.result, proof.status.is_good) == ("empty", True)


def test_a_file_that_somebody_writes_is_no_damage(
    held: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: object, **__: object) -> None:
        raise connection.TakenError("another process has it")

    workspace = RunWorkspace.open(held)
    instrument = workspace.universe.instrument("AAA")
    monkeypatch.setattr(connection, "_attach", taken)

    proof = proof_of(held)
    planned = plan_repair(workspace, instrument)

    assert (proof.result, kinds(proof), planned.is_empty) == ("busy", {FindingKind.BUSY}, True)
    assert "is being written" in proof.reason
    assert proof.remedy == "wait for whoever has compute.db open, then regime verify AAA"


def _as_version(settings: Settings, version: int) -> bytes:
    path = paths_of(settings).compute_db
    with duckdb.connect(path) as database:
        database.execute("UPDATE schema_version SET version = ?, definition = 'other'", [version])
    return path.read_bytes()


def test_results_of_an_older_version_are_made_anew_at_one_moment(held: Settings) -> None:
    _as_version(held, 1)
    before = proof_of(held)

    workspace = RunWorkspace.open(held)
    list(run_symbols(workspace, workspace.universe.instruments, LATER))

    assert "has version 1" in before.reason
    assert before.remedy == "regime run AAA"
    assert proof_of(held).result == "proven"


def test_results_of_a_newer_version_are_refused_and_left_alone(held: Settings) -> None:
    newer = _as_version(held, 3)
    workspace = RunWorkspace.open(held)
    instrument = workspace.universe.instrument("AAA")

    for force in (False, True):
        outcome = run_symbol(workspace, instrument, LATER, force=force)
        assert outcome.status is Status.FAILED
        assert "written by a later release" in outcome.reason
    assert "written by a later release" in proof_of(held).reason
    assert proof_of(held).remedy == "use the release that wrote it"
    assert paths_of(held).compute_db.read_bytes() == newer
