"""Exports a snapshot with everything it names in one file, which can be verified anywhere.

It contains a small data root: the snapshot, the canonical bars, results and manifests of every
symbol, and the environment that made them. Every file is verified as it is copied, to the last row.
A symbol that changed since the snapshot is rebuilt as of then from its raw log.
"""

import datetime as dt
import json
import platform as machine
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from regime_platform.audit.bundle.archive import INDEX, BundleIndex, ListedFile, listed_file
from regime_platform.audit.bundle.rebuilt import rebuilt_symbol
from regime_platform.audit.snapshots import Snapshot
from regime_platform.audit.verify.bars import verify_bars
from regime_platform.audit.verify.results import verify_results
from regime_platform.audit.verify.verification import FindingKind, Verification
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import read_manifest
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.connection import write_ahead_log
from regime_platform.compute_db.reader import file_stat
from regime_platform.errors import (
    BarsError,
    RegimeError,
    ResultsError,
    UsageError,
    about,
    remedy_of,
)
from regime_platform.files import fill_file, write_atomically
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import SealedManifest
from regime_platform.manifests.pending import InputInForce
from regime_platform.manifests.snapshot import SymbolEntry
from regime_platform.model.document import Array, Document
from regime_platform.model.instants import instant
from regime_platform.pipeline.gate.intact import named_parts
from regime_platform.pipeline.run_workspace import RunWorkspace

_README = """A snapshot of regime_platform: {file}
digest {digest}

Prove it with `regime verify --bundle FILE`, and with --recompute to make every number anew. Compare
the digest above with the one you were told by whoever took the snapshot: it covers all the rest.
bundle.json names every file with its SHA-256; environment.json tells what it was made with.
Bars are Parquet (ts is the open, UTC), results are DuckDB: any reader of these opens them.
"""
#: The same files give the same bytes on any day.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


Files = Mapping[str, bytes]

_LOOKS = 3  # at a symbol that is being written: more than a writer can finish in between


class Bundle(Document):
    """What was written; as JSON that of ``regime snapshot export --json``."""

    path: Path
    snapshot: str
    digest: str  # of the snapshot
    symbols: Array[str]
    rebuilt: Array[str]  # those that had changed since
    bytes: int


def export_bundle(workspace: RunWorkspace, snapshot: Snapshot, target: Path) -> Bundle:
    """Writes the bundle of a snapshot to ``target``, a .zip file.

    Raises:
        UsageError: there is something at ``target`` already.
        ResultsError: symbols are damaged: names each and the remedy; or a symbol has changed since
            and cannot be taken back: states why.
        BarsError: the raw log of a symbol that has changed is damaged.
    """
    if target.exists():
        raise UsageError(f"--output {target} exists; give another name", code="output-exists")
    rebuilt: list[str] = []
    write_atomically(target, lambda temporary: _fill(temporary, workspace, snapshot, rebuilt))
    return Bundle(
        path=target,
        snapshot=snapshot.path.name,
        digest=snapshot.document.digest,
        symbols=tuple(snapshot.facts.complete),
        rebuilt=tuple(rebuilt),
        bytes=target.stat().st_size,
    )


def _fill(temporary: Path, workspace: RunWorkspace, snapshot: Snapshot, rebuilt: list[str]) -> None:
    listed: dict[str, ListedFile] = {}
    with zipfile.ZipFile(temporary, "w") as archive:
        for name, data in _contents(workspace, snapshot, rebuilt):
            _add(archive, name, data)
            listed[name] = listed_file(data)
        index = BundleIndex(
            snapshot=f"snapshots/{snapshot.path.name}",
            snapshot_digest=snapshot.document.digest,
            rebuilt=tuple(rebuilt),
            files=listed,
        )
        _add(archive, INDEX, _json(index.model_dump(mode="json")))


def _contents(
    workspace: RunWorkspace, snapshot: Snapshot, rebuilt: list[str]
) -> Iterator[tuple[str, bytes]]:
    document = snapshot.document
    readme = _README.format(file=snapshot.path.name, digest=document.digest)
    yield "README.txt", readme.encode()
    yield "environment.json", _json(_environment(workspace))
    yield f"snapshots/{snapshot.path.name}", _json(document.as_json())
    taken_at = instant(document.run.written_at)
    unsound: list[str] = []
    for symbol, entry in snapshot.facts.complete.items():
        try:
            files = _stored_files(workspace.root.symbol(symbol), entry)
        except RegimeError as error:
            unsound.append(about(symbol, str(error)))
            continue
        if files is None:
            rebuilt.append(symbol)
            files = _rebuilt_files(workspace, symbol, entry, taken_at)
        for name, data in files.items():
            yield f"assets/{symbol}/{name}", data
    if unsound:
        raise ResultsError(
            f"no bundle was written, since it would hold damage: {'; '.join(unsound)}",
            code="bundle-of-damage",
        )


def _stored_files(paths: SymbolPaths, entry: SymbolEntry) -> Files | None:
    """Name below the symbol's folder -> bytes, all of them proven to be what a snapshot names.

    None where they are no longer those: the symbol has changed.
    """
    for look in range(_LOOKS):
        before = file_stat(paths.compute_db) if paths.compute_db.exists() else None
        bars = read_manifest(paths.manifest, BarManifest)
        results = read_manifest(paths.compute_manifest, ComputeManifest)
        if bars is None or results is None:
            path = paths.manifest if bars is None else paths.compute_manifest
            raise BarsError(
                f"{path} is missing; {remedy_of(paths.symbol)}", code="missing-manifest"
            )
        named = (entry.manifest.digest, entry.compute_manifest.digest)
        if (bars.digest, results.digest) != named or _has_changed(paths, bars.manifest):
            return None
        try:
            return _proven_files(paths, bars.manifest, results)
        except RegimeError:
            # a writer at work is no damage: the symbol is read again
            is_untouched = paths.compute_db.exists() and file_stat(paths.compute_db) == before
            if is_untouched or look == _LOOKS - 1:
                raise
    return None


def _has_changed(paths: SymbolPaths, bars: BarManifest) -> bool:
    """True where bars or results are ahead of the manifests, as an unfinished run leaves them."""
    verdict = read_verdict(paths)
    has_other_bars = verdict is None or verdict.promoted != bars.promoted
    return has_other_bars or write_ahead_log(paths.compute_db).exists()


def _proven_files(
    paths: SymbolPaths, facts: BarManifest, manifest: SealedManifest[ComputeManifest]
) -> Files | None:
    """The files, verified on the copies that go into the bundle."""
    promoted, proof = facts.promoted, Verification(paths.symbol)
    names = [path.name for path in (paths.manifest, paths.compute_manifest, paths.compute_db)]
    names += [name for name, _ in named_parts(promoted)]
    with TemporaryDirectory() as folder:
        copy = SymbolPaths(Path(folder) / paths.symbol)
        files = {name: _copied(paths.folder / name, copy.folder / name) for name in names}
        blocks = verify_bars(proof, copy, promoted)
        digests = {name: pointer.digest for name, pointer in promoted.items()}
        in_force = InputInForce(digests, tuple(sorted(facts.left_out)))
        verify_results(proof, copy, blocks, manifest, in_force)
    if not proof.findings:
        return files
    if all(finding.kind is FindingKind.UNFINISHED for finding in proof.findings):
        return None
    reason = f"damaged ({proof.reason}); {remedy_of(paths.symbol)}"
    raise ResultsError(reason, code="symbol-damaged")


def _copied(source: Path, target: Path) -> bytes:
    try:
        data = source.read_bytes()
    except OSError as error:
        raise BarsError(
            f"{source} cannot be read ({error.strerror}); {remedy_of(source.parent.name)}",
            code="unreadable-file",
        ) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    fill_file(target, data)
    return data


def _rebuilt_files(
    workspace: RunWorkspace, symbol: str, entry: SymbolEntry, taken_at: dt.datetime
) -> Files:
    """The files of a symbol rebuilt from the raw log; bars and results must be those named."""
    with rebuilt_symbol(workspace, symbol, entry, taken_at) as paths:
        return {
            path.relative_to(paths.folder).as_posix(): path.read_bytes()
            for path in sorted(paths.folder.rglob("*"))
            if path.is_file()
        }


def _environment(workspace: RunWorkspace) -> dict[str, Any]:
    """The code, parameters, machine and installed libraries that the bundle was made with."""
    installed = {
        str(distribution.metadata["Name"]): distribution.version for distribution in distributions()
    }
    return {
        "code": workspace.code.document(),
        "parameters": workspace.params.document(),
        "machine": {"system": machine.platform(), "processor": machine.machine()},
        "libraries": dict(sorted(installed.items())),
    }


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    # Parquet is compressed already
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(".parquet") else zipfile.ZIP_DEFLATED
    archive.writestr(entry, data, compresslevel=1)


def _json(facts: Mapping[str, Any]) -> bytes:
    return (json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
