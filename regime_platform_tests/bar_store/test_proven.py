"""The record of proven files: a cache that is never trusted when it is damaged or outdated."""

import json
import os
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.proven import forget, is_proven, remember, stamp_of
from regime_platform.model.digests import canonical_json, document_digest

NAME, DIGEST = "compute.db", "ab" * 32


@pytest.fixture
def paths(tmp_path: Path) -> SymbolPaths:
    """A symbol with one file, recorded as proven."""
    paths = SymbolPaths(tmp_path / "assets" / "AAPL")
    paths.folder.mkdir(parents=True)
    (paths.folder / NAME).write_bytes(b"results")
    stamp = stamp_of(paths.folder / NAME)
    assert stamp is not None
    remember(paths, {NAME: (stamp, DIGEST)})
    return paths


def record(paths: SymbolPaths) -> Path:
    assert paths.proven is not None
    return paths.proven


def test_a_file_is_proven_against_its_digest_only(paths: SymbolPaths) -> None:
    assert is_proven(paths, NAME, DIGEST)
    assert not is_proven(paths, NAME, "cd" * 32)
    assert not is_proven(paths, "manifest.json", DIGEST)


def test_the_record_has_the_form_of_every_release(paths: SymbolPaths) -> None:
    stat = (paths.folder / NAME).stat()
    entry = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, DIGEST]

    digest = document_digest({NAME: entry})
    expected = canonical_json({"version": 1, "files": {NAME: entry}, "digest": digest})
    assert record(paths).read_text() == expected


def test_a_changed_file_is_not_proven(paths: SymbolPaths) -> None:
    before = (paths.folder / NAME).stat()
    (paths.folder / NAME).write_bytes(b"RESULTS")
    os.utime(paths.folder / NAME, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert not is_proven(paths, NAME, DIGEST)


@pytest.mark.parametrize("damage", ["digest", "version", "inode", "[]", "3", "", "[" * 100_000])
def test_a_damaged_record_proves_nothing(paths: SymbolPaths, damage: str) -> None:
    document = json.loads(record(paths).read_text())
    changes = {
        "digest": {**document, "digest": "0" * 64},
        "version": {**document, "version": 2},
        "inode": {**document, "files": {NAME: [*document["files"][NAME][:3], "x", DIGEST]}},
    }
    record(paths).write_text(json.dumps(changes[damage]) if damage in changes else damage)

    assert not is_proven(paths, NAME, DIGEST)


def test_a_forgotten_symbol_is_proven_again(paths: SymbolPaths) -> None:
    forget(paths)

    assert not record(paths).exists()
    assert not is_proven(paths, NAME, DIGEST)


def test_files_that_are_gone_leave_the_record(paths: SymbolPaths) -> None:
    (paths.folder / NAME).unlink()
    (paths.folder / "manifest.json").write_bytes(b"{}")
    stamp = stamp_of(paths.folder / "manifest.json")
    assert stamp is not None

    remember(paths, {"manifest.json": (stamp, "")})

    assert list(json.loads(record(paths).read_text())["files"]) == ["manifest.json"]
