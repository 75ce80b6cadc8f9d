"""Every document that release 0.1.0 wrote is read, and written again byte for byte."""

from collections.abc import Callable
from pathlib import Path

import pytest

from regime_platform.audit.snapshots import find_snapshot, read_index
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.manifest_files import (
    append_links,
    read_bar_manifest,
    read_chain,
    read_compute_manifest,
    read_former_manifests,
    write_former_manifests,
)
from regime_platform.bar_store.overrides import read_overrides, write_overrides
from regime_platform.bar_store.rename_journal import record, renames
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.compute.eras.files import (
    write_adoptions,
    write_era_set,
)
from regime_platform.files import append_lines, write_json, write_text
from regime_platform.legacy.migration.migration import read_record, write_record
from regime_platform.model.digests import canonical_json
from regime_platform.pipeline.eras import adoptions, era_set_file
from regime_platform_tests.older_release import SYMBOLS, unpack


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """The data root of the release; tests write each file as it was."""
    return DataRoot(unpack(tmp_path_factory.mktemp("release")).folder / "data")


def _manifest(paths: SymbolPaths) -> None:
    stored = read_bar_manifest(paths)
    assert stored is not None
    paths.manifest.unlink()
    write_json(paths.manifest, stored.as_json())


def _compute_manifest(paths: SymbolPaths) -> None:
    stored = read_compute_manifest(paths)
    assert stored is not None
    paths.compute_manifest.unlink()
    write_json(paths.compute_manifest, stored.as_json())


def _chain(paths: SymbolPaths) -> None:
    links = read_chain(paths)
    assert len(links) >= 2
    paths.chain.unlink()
    append_links(paths, links)


def _verdict(paths: SymbolPaths) -> None:
    verdict = read_verdict(paths)
    assert verdict is not None
    paths.verdict.unlink()
    write_verdict(paths, verdict)


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize(
    ("name", "rewrite"),
    [
        ("manifest.json", _manifest),
        ("compute_manifest.json", _compute_manifest),
        ("chain.jsonl", _chain),
        ("verdict.json", _verdict),
    ],
)
def test_documents_of_a_symbol(
    root: DataRoot, symbol: str, name: str, rewrite: Callable[[SymbolPaths], None]
) -> None:
    paths = root.symbol(symbol)
    before = (paths.folder / name).read_bytes()

    rewrite(paths)

    assert (paths.folder / name).read_bytes() == before


@pytest.mark.parametrize("symbol", ["ALDER", "ELM"])
def test_overrides(root: DataRoot, symbol: str) -> None:
    paths = root.symbol(symbol)
    before = paths.decisions.read_bytes()
    entries = read_overrides(paths)
    paths.decisions.unlink()

    write_overrides(paths, entries)

    assert paths.decisions.read_bytes() == before


def test_manifests_from_before_a_rename(root: DataRoot) -> None:
    paths = root.symbol("ELM")
    before = paths.renames.read_bytes()
    entries = read_former_manifests(paths)
    paths.renames.unlink()

    write_former_manifests(paths, entries)

    assert paths.renames.read_bytes() == before


def test_the_journal_of_renames(root: DataRoot) -> None:
    path = root.path / "renames.json"
    before = path.read_bytes()
    (rename,) = renames(root)
    path.unlink()

    record(root, rename)

    assert path.read_bytes() == before


@pytest.mark.parametrize("label", ["2025-03-03.1", "2025-05-05.1", "2025-05-06.1"])
def test_snapshots(root: DataRoot, label: str) -> None:
    snapshot = find_snapshot(root, label)
    before = snapshot.path.read_bytes()
    snapshot.path.unlink()

    write_json(snapshot.path, snapshot.document.as_json())

    assert snapshot.path.read_bytes() == before


def test_the_index_of_snapshots(root: DataRoot) -> None:
    before = root.snapshot_index.read_bytes()
    entries = read_index(root)
    root.snapshot_index.unlink()

    append_lines(root.snapshot_index, [canonical_json(entry.as_json()) for entry in entries])

    assert root.snapshot_index.read_bytes() == before


def test_era_sets_and_their_adoptions(root: DataRoot) -> None:
    stored = _bytes_of(root.path / "eras")
    texts = {
        "spring.yaml": write_era_set(era_set_file(root, "spring")),
        "adopted.yaml": write_adoptions(adoptions(root)),
    }

    for name, text in texts.items():
        write_text(root.path / "eras" / name, text)

    assert _bytes_of(root.path / "eras") == stored


def test_the_record_of_a_migration(root: DataRoot) -> None:
    (path,) = (root.path / "migrations").iterdir()
    before = path.read_bytes()
    stored = read_record(path)
    assert stored is not None
    path.unlink()

    write_record(path, stored)

    assert path.read_bytes() == before


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
