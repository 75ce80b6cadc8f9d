"""A bundle is exported whole, the same each time, and not from a damaged store."""

import json
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from regime_platform.audit.bundle.bundle import export_bundle
from regime_platform.audit.bundle.verify import verify_bundle
from regime_platform.audit.snapshots import Snapshot, find_snapshot
from regime_platform.errors import RegimeError, ResultsError, UsageError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.audit.snapshot_scenario import EVENTS, SYMBOLS, Scenario
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import street
from regime_platform_tests.tampering import tamper


def test_a_bundle_holds_the_environment_and_says_how_to_prove_it(once: Path) -> None:
    with zipfile.ZipFile(once / "bundle.zip") as archive:
        document = json.loads(archive.read("environment.json"))
        text = archive.read("README.txt").decode()

    assert document["code"] == RunWorkspace.open(street(once, SYMBOLS)).code.document()
    assert {"polars", "numba", "regime-platform"} <= set(document["libraries"])
    assert document["parameters"]["short_list"] == 100
    assert "regime verify --bundle" in text


def test_an_export_twice_gives_the_same_bytes_and_overwrites_nothing(
    later: tuple[Scenario, Snapshot], tmp_path: Path
) -> None:
    run, taken = later

    again = export_bundle(run.workspace, taken, tmp_path / "again.zip")

    assert again.path.read_bytes() == (tmp_path / "bundle.zip").read_bytes()
    with raises(UsageError, "output-exists"):
        export_bundle(run.workspace, taken, tmp_path / "again.zip")


@pytest.mark.slow
def test_damage_is_named_and_nothing_is_exported(once: Path, tmp_path: Path) -> None:
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    workspace = RunWorkspace.open(street(tmp_path, SYMBOLS))
    taken, chance = find_snapshot(workspace.root, "release"), random.Random(9)
    paths, target = workspace.root.symbol("BBB"), tmp_path / "out" / "release.zip"

    for _ in range(12):
        done = tamper(paths, chance)
        try:
            export_bundle(workspace, taken, target)
        except RegimeError as error:
            document = str(error)
        else:  # what a bundle has no place for is no part of the proof
            document = "" if done.path == paths.chain else "shipped"
            target.unlink()
        done.undo()
        assert not document or ("BBB" in document and "regime repair BBB" in document), (
            done,
            document,
        )
        assert not target.exists()
    assert list(tmp_path.rglob(".tmp-*")) == []

    export_bundle(workspace, taken, target)

    assert verify_bundle(target).is_proven


def test_a_snapshot_gone_past_is_taken_back_from_the_raw_log(
    later: tuple[Scenario, Snapshot], tmp_path: Path
) -> None:
    run, taken = later
    happen, touched, _ = EVENTS["a new bar"]
    happen(run)

    bundle = export_bundle(run.workspace, taken, tmp_path / "old.zip")

    assert bundle.rebuilt == touched
    assert bundle.digest == taken.document.digest
    assert verify_bundle(bundle.path, recompute=True).findings == ()


def test_what_other_code_made_is_not_passed_off_as_the_snapshot(
    later: tuple[Scenario, Snapshot], tmp_path: Path
) -> None:
    run, taken = later
    changed = EVENTS["other code"][0](run)

    with raises(ResultsError, "recipe-not-installed", match="compute digest"):
        export_bundle(changed.workspace, taken, tmp_path / "old.zip")

    assert not (tmp_path / "old.zip").exists()
