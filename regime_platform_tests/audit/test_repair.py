"""What was damaged is whole again, and nothing of it, nor that it happened, is lost."""

import datetime as dt
import random
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from regime_platform.audit.repair import repair_many
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.manifest_files import read_chain
from regime_platform.files import read_json, write_json
from regime_platform.manifests.chain import broken, last_of
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.audit.repairing import LATER, paths_of, repaired
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import fingerprint, serve, street, with_value
from regime_platform_tests.tampering import tamper


@pytest.mark.slow
def test_whatever_was_tampered_with_is_made_again_with_the_same_numbers(
    workspace: RunWorkspace,
) -> None:
    paths = paths_of(workspace)
    (instrument,) = workspace.universe.instruments
    before = verify(workspace, instrument).digests
    chance = random.Random(5)

    for number in range(8):
        done = tamper(paths, chance)
        damaged = sha256(done.path.read_bytes()).hexdigest()
        outcome = repaired(workspace, LATER + dt.timedelta(hours=number))

        name = str(done.path.relative_to(paths.folder))
        assert (outcome.status, outcome.after.result) == (Status.DONE, "proven"), done.path
        assert outcome.after.digests == before
        link = last_of(read_chain(paths), "repair")
        assert link is not None
        assert link.about.set_aside[name] == damaged
        kept = [sha256(path.read_bytes()).hexdigest() for path in paths.set_aside.rglob("*.*")]
        assert damaged in kept
    assert list(broken(read_chain(paths))) == []


@pytest.mark.parametrize(
    "name", ["chain.jsonl", "verdict.json", "compute.db", "rejected/1day.parquet", "splits.json"]
)
def test_a_folder_in_the_place_of_a_file_is_named_and_moving_it_away_helps(
    workspace: RunWorkspace, name: str
) -> None:
    paths = paths_of(workspace)
    (instrument,) = workspace.universe.instruments
    (paths.folder / name).unlink(missing_ok=True)
    (paths.folder / name).mkdir(parents=True)
    before = fingerprint(paths.folder)

    proof = verify(workspace, instrument)
    (done,) = repair_many(workspace, [instrument], LATER)

    assert [(finding.what, finding.reason) for finding in proof.findings] == [
        (name, "a folder lies in the place of a file")
    ]
    assert proof.remedy == "move it away, then regime repair AAA"
    assert done.status is Status.FAILED
    assert "move it away" in done.reason
    assert fingerprint(paths.folder) == before
    (paths.folder / name).rmdir()
    (done,) = repair_many(workspace, [instrument], LATER)
    assert done.after.result == "proven"


def test_what_stops_the_repair_of_one_symbol_stops_no_other(tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA", "BBB"])
    for symbol in ("AAA", "BBB"):
        serve(settings, symbol, "1day", make_bars(430))
    workspace = RunWorkspace.open(settings)
    list(run_symbols(workspace, workspace.universe.instruments, NOW))
    folder = workspace.root.symbol("AAA").folder
    shutil.rmtree(folder)
    folder.write_bytes(b"a file")
    workspace.root.symbol("BBB").compute_db.write_bytes(b"nonsense")

    first, second = repair_many(workspace, workspace.universe.instruments, LATER)

    assert first.status is Status.FAILED
    assert second.after.result == "proven"


def test_a_lost_verdict_is_reached_again(workspace: RunWorkspace) -> None:
    paths = paths_of(workspace)
    paths.verdict.unlink()
    next(paths.bars("1day").iterdir()).unlink()

    assert repaired(workspace).after.result == "proven"


def test_a_lost_chain_restarts_with_the_link_that_records_it(workspace: RunWorkspace) -> None:
    paths = paths_of(workspace)
    paths.chain.unlink()

    outcome = repaired(workspace)

    assert outcome.after.result == "proven"
    assert [link.kind for link in read_chain(paths)] == ["repair", "bars", "results"]
    assert read_json(paths.manifest)["run"]["written_at"].startswith("2026-11-21")


def test_a_damaged_raw_log_is_beyond_repair_and_left_alone(workspace: RunWorkspace) -> None:
    paths = paths_of(workspace)
    (log,) = paths.raw("1day").iterdir()
    log.write_bytes(b"")
    before = fingerprint(paths.folder)

    outcome = repaired(workspace)

    assert outcome.status is Status.FAILED
    assert "restore the log from a backup" in outcome.reason
    assert fingerprint(paths.folder) == before


def test_files_of_a_later_release_are_never_rebuilt(workspace: RunWorkspace) -> None:
    paths = paths_of(workspace)
    later = read_json(paths.compute_manifest)
    later["manifest"]["manifest_version"] += 1
    write_json(paths.compute_manifest, later)
    before = fingerprint(paths.folder)

    outcome = repaired(workspace)

    assert outcome.status is Status.FAILED
    assert "a later release wrote compute_manifest.json" in outcome.reason
    assert outcome.plan.before.remedy == "use the release that wrote it"
    assert fingerprint(paths.folder) == before


def test_the_last_good_bars_of_a_blocked_symbol_come_back(
    workspace: RunWorkspace, tmp_path: Path
) -> None:
    settings = street(tmp_path, ["AAA"])
    serve(settings, "AAA", "1day", with_value(make_bars(433), 431, low=1e6))
    list(run_symbols(workspace, workspace.universe.instruments, LATER))
    paths = paths_of(workspace)
    (part,) = paths.bars("1day").iterdir()
    before = part.read_bytes()
    part.unlink()

    (ran,) = run_symbols(workspace, workspace.universe.instruments, LATER)
    outcome = repaired(workspace)

    assert (ran.status, "regime repair AAA" in ran.reason) == (Status.FAILED, True)
    assert outcome.status is Status.DONE
    assert part.read_bytes() == before
    (ran,) = run_symbols(workspace, workspace.universe.instruments, LATER)
    assert (ran.status, "1e+06" in ran.reason or "low" in ran.reason) == (Status.BLOCKED, True)
