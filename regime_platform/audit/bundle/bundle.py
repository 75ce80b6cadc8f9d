"""Exports a snapshot with everything it names in one file, which can be verified anywhere.

Every file is verified as it is copied, to the last row; a damaged symbol prevents the bundle.

It contains a small data root: the snapshot, the canonical bars, results and manifests of every
symbol, and the environment that made them. A symbol that changed since the snapshot
is rebuilt as of then from its raw log.
"""

import json
import platform as machine
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from regime_platform.audit.bundle.index import INDEX, BundleIndex, ListedFile
from regime_platform.audit.bundle.symbol import rebuilt_files, stored_files
from regime_platform.audit.snapshots import Snapshot
from regime_platform.errors import RegimeError, ResultsError, UsageError
from regime_platform.files import write_atomically
from regime_platform.model.instants import instant
from regime_platform.pipeline.run_workspace import RunWorkspace

ENVIRONMENT = "environment.json"
README = "README.txt"
_README_TEXT = """A snapshot of regime_platform: {file}
digest {digest}

Prove it with `regime verify --bundle FILE`, and with --recompute to make every number anew. Compare
the digest above with the one you were told by whoever took the snapshot: it covers all the rest.
bundle.json names every file with its SHA-256; environment.json tells what it was made with.
Bars are Parquet (ts is the open, UTC), results are DuckDB: any reader of these opens them.
"""
#: The same files give the same bytes on any day.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """What was written."""

    path: Path
    snapshot: str
    digest: str  # of the snapshot
    symbols: tuple[str, ...]
    rebuilt: tuple[str, ...]  # those that had changed since
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


def environment(workspace: RunWorkspace) -> dict[str, Any]:
    """The code, parameters, machine and installed libraries that the bundle was made with."""
    installed = {
        str(distribution.metadata["Name"]): distribution.version for distribution in distributions()
    }
    return {
        "code": workspace.code.document(),
        "parameters": workspace.params.facts(),
        "machine": {"system": machine.platform(), "processor": machine.machine()},
        "libraries": dict(sorted(installed.items())),
    }


def _fill(temporary: Path, workspace: RunWorkspace, snapshot: Snapshot, rebuilt: list[str]) -> None:
    listed: dict[str, ListedFile] = {}
    with zipfile.ZipFile(temporary, "w") as archive:
        for name, data in _contents(workspace, snapshot, rebuilt):
            _add(archive, name, data)
            listed[name] = ListedFile(bytes=len(data), sha256=sha256(data).hexdigest())
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
    readme = _README_TEXT.format(file=snapshot.path.name, digest=document.digest)
    yield README, readme.encode()
    yield ENVIRONMENT, _json(environment(workspace))
    yield f"snapshots/{snapshot.path.name}", _json(document.as_json())
    taken_at = instant(document.run.written_at)
    unsound: list[str] = []
    for symbol, entry in snapshot.facts.complete.items():
        try:
            files = stored_files(workspace.root.symbol(symbol), entry)
        except RegimeError as error:
            unsound.append(f"{symbol}: {error}")
            continue
        if files is None:
            rebuilt.append(symbol)
            files = rebuilt_files(workspace, symbol, entry, taken_at)
        for name, data in files.items():
            yield f"assets/{symbol}/{name}", data
    if unsound:
        raise ResultsError(
            f"no bundle was written, since it would hold damage: {'; '.join(unsound)}",
            code="bundle-of-damage",
        )


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    # Parquet is compressed already
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(".parquet") else zipfile.ZIP_DEFLATED
    archive.writestr(entry, data, compresslevel=1)


def _json(facts: Mapping[str, Any]) -> bytes:
    return (json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
