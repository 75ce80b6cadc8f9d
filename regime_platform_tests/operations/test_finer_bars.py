"""What is done to a whole store keeps finer bars and what is built from them, provably."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from regime_platform.audit.as_of import bars_as_of
from regime_platform.audit.bundle.bundle import export_bundle
from regime_platform.audit.bundle.verify import verify_bundle
from regime_platform.audit.repair import repair_many
from regime_platform.audit.snapshots import find_snapshot, take_snapshot
from regime_platform.audit.verify.verify import verify
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.backup.restore import restore
from regime_platform.operations.compaction import compact_symbol
from regime_platform.operations.renames import rename
from regime_platform.operations.universe_edits import track_on
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.pipeline.gate.test_derived import FIRST, SECOND, Store, new_store, up_to

PROVEN = ("proven", "")
TRACKED = ("1h", "1day")
BUILT = dict.fromkeys(TRACKED, "5min")


def later(hours: int) -> dt.datetime:
    return SECOND + dt.timedelta(hours=hours)


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store to which five-minute bars came twice, and a snapshot of it."""
    folder = tmp_path_factory.mktemp("finer")
    store = new_store(folder, tier="daily")
    track_on(store.settings, "AAA", TRACKED)
    for now in (FIRST, SECOND):
        store.serve("5min", up_to(now))
        store.run(now)
    take_snapshot(store.workspace, SECOND.date(), later(1), "release")
    return folder


@pytest.fixture
def store(processed: Path, tmp_path: Path) -> Store:
    """The same in a folder of the test's own."""
    shutil.copytree(processed, tmp_path, dirs_exist_ok=True)
    data, files = tmp_path / "data", tmp_path / "files"
    return Store(Settings(_env_file=None, REGIME_DATA_ROOT=data, REGIME_FILES_ROOT=files))


@pytest.mark.slow
def test_compacted_and_damaged_bars_are_made_again(store: Store) -> None:
    merged = compact_symbol(store.workspace, store.instrument)
    assert {*merged.series} == {"5min"}
    assert store.run(later(2)).status is Status.UNCHANGED
    known = bars_as_of(store.workspace, store.instrument, "1h", FIRST)
    assert known.derived_from == "5min"
    assert known.bars.height == 105
    hours = store.bars("1h")

    shutil.rmtree(store.paths.bars("1h"))
    assert verify(store.workspace, store.instrument).reason
    [repaired] = repair_many(store.workspace, [store.instrument], later(3))

    assert repaired.status is Status.DONE
    assert store.bars("1h").equals(hours)
    assert (store.proof(), store.derived_from()) == (PROVEN, BUILT)


@pytest.mark.slow
def test_a_bundle_and_a_restored_backup_prove_what_was_built(store: Store, tmp_path: Path) -> None:
    taken = find_snapshot(store.workspace.root, "release")
    bundle = export_bundle(store.workspace, taken, tmp_path / "bundle.zip")
    backup(store.workspace.root, tmp_path / "backup", later(2))

    proof = verify_bundle(bundle.path, recompute=True)
    restore(tmp_path / "backup", tmp_path / "restored")

    assert (proof.is_proven, proof.is_recomputed) == (True, True)
    files = store.settings.files_root
    restored = Store(
        Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path / "restored", REGIME_FILES_ROOT=files)
    )
    assert (restored.proof(), restored.derived_from()) == (PROVEN, BUILT)
    assert restored.run(later(3)).status is Status.UNCHANGED


@pytest.mark.slow
def test_a_renamed_symbol_keeps_its_finer_bars(store: Store) -> None:
    assert store.settings.files_root is not None
    before = store.bars("1h")
    shutil.move(store.settings.files_root / "AAA", store.settings.files_root / "BBB")

    rename(store.settings, "AAA", {"symbol": "BBB"}, later(2))

    workspace = RunWorkspace.open(store.settings)
    instrument = workspace.universe.instrument("BBB")
    assert verify(workspace, instrument, recompute=True).result == "proven"
    assert run_symbol(workspace, instrument, later(3)).status is Status.UNCHANGED
    known = bars_as_of(workspace, instrument, "1h", later(3))
    assert known.bars.equals(before)
    assert known.derived_from == "5min"
