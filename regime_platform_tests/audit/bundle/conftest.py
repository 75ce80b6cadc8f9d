"""Bundles made once, and what becomes of others made from them."""

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from regime_platform.audit.bundle.bundle import export_bundle
from regime_platform.audit.bundle.verify import BundleVerification, verify_bundle
from regime_platform.audit.snapshots import Snapshot, find_snapshot, take_snapshot
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.temporary_files import spill_folder
from regime_platform_tests.audit.bundle.crafted_bundles import SYMBOL, Craft, Crafted
from regime_platform_tests.audit.snapshot_scenario import (
    BARS,
    STORED,
    SYMBOLS,
    Scenario,
    opened,
)
from regime_platform_tests.scenario import fingerprint, serve, street


@pytest.fixture(scope="package")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three run, a snapshot of them and its bundle."""
    folder = tmp_path_factory.mktemp("bundle")
    run = opened(street(folder, SYMBOLS))
    taken = take_snapshot(run.workspace, dt.date(2026, 11, 22), run.now, "release")
    export_bundle(run.workspace, taken, folder / "bundle.zip")
    return folder


@pytest.fixture
def later(once: Path, tmp_path: Path) -> tuple[Scenario, Snapshot]:
    """The same in a data root of the test's own, a day later."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    settings = street(tmp_path, SYMBOLS)
    run = Scenario(settings, RunWorkspace.open(settings)).tomorrow()
    return run, find_snapshot(run.workspace.root, "release")


@pytest.fixture(scope="package")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of one symbol."""
    folder = tmp_path_factory.mktemp("honest")
    settings = street(folder, [SYMBOL])
    serve(settings, SYMBOL, "1day", BARS[SYMBOL][:STORED])
    run = Scenario(settings, RunWorkspace.open(settings)).run()
    taken = take_snapshot(run.workspace, dt.date(2026, 11, 22), run.now)
    return export_bundle(run.workspace, taken, folder / "honest.zip").path


@pytest.fixture
def proven(
    honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Craft], BundleVerification]:
    """Proves a crafted bundle beside another store, of which no byte may change."""
    theirs = tmp_path / "elsewhere" / "AAPL" / "compute.db"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"results of another program")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))

    def prove(craft: Craft) -> BundleVerification:
        crafted = Crafted.of(honest)
        craft(crafted, tmp_path)
        bundle = crafted.written(tmp_path / "crafted.zip")
        before = fingerprint(tmp_path)
        try:
            return verify_bundle(bundle, recompute=True)
        finally:
            assert fingerprint(tmp_path) == before
            left = {*(tmp_path / "tmp").iterdir()} - {Path(spill_folder()).parent}
            assert not left

    return prove
