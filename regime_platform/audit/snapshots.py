"""Snapshots in the data root: taken of what the manifests state, written once, found by name.

A symbol is complete when its bars and results were proven, now or since they last changed.

A date that is taken again gets another revision; nothing is ever overwritten. Every snapshot names
the digest of the one written before it, as the manifests of a symbol do.
"""

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from regime_platform.audit.snapshot_index import read_index, snapshot_files
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.manifest_file import read_bar_manifest, read_compute_manifest
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.proof import file_stat, is_file_proven
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import RegimeError, ResultsError, UsageError, failure_reason
from regime_platform.files import append_lines, path_below, read_json, write_json
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import SealedManifest, sealed
from regime_platform.manifests.snapshot import (
    SnapshotManifest,
    SnapshotSummary,
    parsed_snapshot,
    snapshot_manifest,
    summary_of,
)
from regime_platform.manifests.snapshot_entry import (
    NO_RESULTS,
    UNFINISHED,
    AbsentEntry,
    SymbolEntry,
    symbol_entry,
    why_inconsistent,
)
from regime_platform.model.digests import canonical_json
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.intact import named_parts, require_files
from regime_platform.pipeline.run_workspace import RunWorkspace

_PATIENCE = 120.0  # seconds; a snapshot of 1,600 symbols is taken in a few
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_REMEDY = "restore it from a backup; a snapshot is written once and never edited"


@dataclass(frozen=True)
class Snapshot:
    """One snapshot as it lies in the data root."""

    path: Path
    document: SealedManifest[SnapshotManifest]

    @property
    def facts(self) -> SnapshotManifest:
        """What its digest covers."""
        return self.document.manifest

    @property
    def summary(self) -> SnapshotSummary:
        """Its entry in the index."""
        return summary_of(self.path.name, self.document)


def take_snapshot(
    workspace: RunWorkspace, date: dt.date, now: dt.datetime, name: str = ""
) -> Snapshot:
    """Writes a snapshot of all symbols of the universe as they are now.

    Args:
        workspace: the symbols.
        date: the release's; an earlier snapshot of it stays.
        now: when it is taken (aware).
        name: to find it by; several may bear one, and the newest is then meant.

    Raises:
        UsageError: the name could be a date.
        ResultsError: an existing snapshot is damaged.
    """
    if name and not _NAME.fullmatch(name):
        raise UsageError(
            f"--name {name!r} cannot be used; take 1 to 64 of A-Z a-z 0-9 . _ -, a letter first",
            code="snapshot-name",
        )
    folder = workspace.root.snapshots
    folder.mkdir(parents=True, exist_ok=True)
    entries = {
        instrument.symbol: _entry(workspace.root, instrument)
        for instrument in workspace.universe.instruments
    }
    with FileLock(folder / ".lock", timeout=_PATIENCE, fallback_to_soft=False):
        listings = _complete_index(workspace.root)
        path, revision = _next_file(folder, f"{date}")
        facts = snapshot_manifest(f"{date}", name, revision, entries, workspace.code.document())
        document = sealed(facts, listings[-1] if listings else None, now)
        write_json(path, document.as_json())
        _add_to_index(workspace.root, summary_of(path.name, document))
    return Snapshot(path, document)


def snapshots(root: DataRoot) -> list[SnapshotSummary]:
    """The entries of all snapshots, in the order of writing.

    Raises:
        ResultsError: the index, or a snapshot that is not in it yet, is damaged.
    """
    return sorted([*read_index(root), *_unlisted(root)], key=lambda summary: summary.number)


def find_snapshot(root: DataRoot, wanted: str) -> Snapshot:
    """The newest snapshot of a name or date, or the one of a label such as 2026-11-20.2.

    Raises:
        UsageError: there is none.
        ResultsError: it is missing, damaged, or not the one that was written.
    """
    listings = snapshots(root)
    for summary in reversed(listings):
        if wanted in {summary.label, summary.date, summary.name, summary.file}:
            snapshot = _read(path_below(root.snapshots, summary.file))
            if snapshot.document.seal != summary.seal:
                raise ResultsError(
                    f"{snapshot.path} is not the one that was written; {_REMEDY}",
                    code="snapshot-replaced",
                )
            return snapshot
    known = ", ".join(summary.label for summary in listings) or "none"
    raise UsageError(
        f"there is no snapshot {wanted!r}; there are: {known}", code="no-such-snapshot"
    )


def _complete_index(root: DataRoot) -> list[SnapshotSummary]:
    """All snapshots; lists those that a killed writer left unlisted first."""
    for summary in sorted(_unlisted(root), key=lambda stray: stray.number):
        _add_to_index(root, summary)
    return snapshots(root)


def _add_to_index(root: DataRoot, summary: SnapshotSummary) -> None:
    append_lines(root.snapshot_index, [canonical_json(summary.as_json())])


def _unlisted(root: DataRoot) -> list[SnapshotSummary]:
    listed = {summary.file for summary in read_index(root)}
    files = [path for _, _, path in snapshot_files(root.snapshots) if path.name not in listed]
    return [_read(path).summary for path in files]


def _next_file(folder: Path, date: str) -> tuple[Path, int]:
    revisions = [revision for day, revision, _ in snapshot_files(folder) if day == date]
    revision = max(revisions, default=0) + 1
    suffix = "" if revision == 1 else f".{revision}"
    return folder / f"manifest_{date}{suffix}.json", revision


def _entry(root: DataRoot, instrument: Instrument) -> SymbolEntry | AbsentEntry:
    paths = root.symbol(instrument.symbol)
    blocked_because = ""
    try:
        verdict = read_verdict(paths)
        blocked_because = "" if verdict is None else verdict.reason
        bars = read_bar_manifest(paths)
        results = read_compute_manifest(paths)
        if results is None and not paths.compute_db.exists():
            reason = blocked_because or "nothing was computed yet"
            return AbsentEntry(status=NO_RESULTS, reason=reason, held_back=blocked_because)
        if bars is None or results is None:
            return _unfinished("a manifest is missing; a rerun writes it", blocked_because)
        if not _is_described(paths, results):
            reason = "compute.db is not the file that its manifest describes; a rerun finishes it"
            return _unfinished(reason, blocked_because)
        apart = why_inconsistent(instrument.symbol, bars, results)
        if apart:
            return _unfinished(f"{apart}; a rerun finishes it", blocked_because)
        in_force = {} if verdict is None else verdict.promoted
        promoted = bars.manifest.promoted
        # those that went out of force since come again from the raw log
        still = {name: series for name, series in promoted.items() if in_force.get(name) == series}
        require_files(paths, named_parts(still))
        return symbol_entry(bars, results, blocked_because)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop a snapshot
        return _unfinished(failure_reason(error, instrument.symbol), blocked_because)


def _unfinished(reason: str, blocked_because: str) -> AbsentEntry:
    return AbsentEntry(status=UNFINISHED, reason=reason, held_back=blocked_because)


def _read(path: Path) -> Snapshot:
    try:
        document = read_json(path)
    except RegimeError as error:
        raise ResultsError(f"{path} is damaged; {_REMEDY}", code="snapshot-damaged") from error
    try:
        return Snapshot(path, parsed_snapshot(document))
    except ValueError as error:
        raise ResultsError(f"{path} {error}; {_REMEDY}", code="snapshot-damaged") from error


def _is_described(paths: SymbolPaths, results: SealedManifest[ComputeManifest]) -> bool:
    """True where compute.db holds the results that the manifest states.

    It is not opened where it is the very file that the manifest was written for, and was proven.
    After a restore or a copy it has another time; then it is proven and read.

    Raises:
        ResultsError: it is damaged.
    """
    is_that_file = results.run.compute_db == file_stat(paths.compute_db)
    if is_that_file and is_file_proven(paths.compute_db):
        return True
    lineage, facts = read_lineage(paths.compute_db), results.manifest
    return lineage.tables == facts.tables and lineage.recipe == facts.recipe
