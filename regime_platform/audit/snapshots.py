"""Snapshots in the data root: taken of what the manifests state, written once, found by name.

A symbol is complete when its bars and results were proven, now or since they last changed. Every
snapshot names the digest of the one written before it. The index has a line of JSON for each, so
that finding one opens no other.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import locked
from regime_platform.bar_store.manifest_files import (
    read_bar_manifest,
    read_compute_manifest,
    read_newest,
)
from regime_platform.bar_store.no_bars import no_bars_reason
from regime_platform.bar_store.session import SymbolSession
from regime_platform.bar_store.settled import read_settled
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.reader import file_stat, is_file_proven, read_lineage
from regime_platform.errors import (
    RegimeError,
    ResultsError,
    UsageError,
    failure_reason,
    remedy_of,
)
from regime_platform.files import append_lines, path_below, read_json, write_json
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.chain import last_of
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import RESULTS, SealedManifest, sealed
from regime_platform.manifests.pending import describe_pending
from regime_platform.manifests.snapshot import (
    NO_BARS,
    NO_RESULTS,
    UNFINISHED,
    AbsentEntry,
    SnapshotManifest,
    SnapshotSummary,
    SymbolEntry,
    parsed_snapshot,
    snapshot_manifest,
    symbol_entry,
    why_inconsistent,
)
from regime_platform.model.digests import canonical_json
from regime_platform.model.document import first_fault
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.intact import (
    named_parts,
    rejected_files,
    require_chain,
    require_files,
    require_raw_files,
    require_records,
)
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.verdict import Verdict

_PATIENCE = 120.0  # seconds; a snapshot of 1,600 symbols is taken in a few
#: What commands call the symbols as they are, in the place of a snapshot.
PRESENT = "now"
_FILE = re.compile(r"manifest_(?P<date>\d{4}-\d{2}-\d{2})(\.(?P<revision>\d+))?\.json")
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
        return SnapshotSummary.of(self.path.name, self.document)


def take_snapshot(
    workspace: RunWorkspace, date: dt.date, now: dt.datetime, name: str = ""
) -> Snapshot:
    """Writes a snapshot of all symbols of the universe as they are now.

    A date that is taken again gets another revision. Several snapshots may bear one ``name``; the
    newest is then meant.

    Raises:
        UsageError: the name could be a date.
        ResultsError: an existing snapshot is damaged, or another process takes one for long.
    """
    if name == PRESENT or (name and not _NAME.fullmatch(name)):
        raise UsageError(
            f"--name {name!r} cannot be used; take 1 to 64 of A-Z a-z 0-9 . _ -, a letter first, "
            f"but not {PRESENT!r}",
            code="snapshot-name",
        )
    root, folder = workspace.root, workspace.root.snapshots
    entries = entries_now(workspace)
    with locked(folder / ".lock", _PATIENCE, _busy):
        for stray in sorted(_unlisted(root), key=lambda summary: summary.number):
            _add_to_index(root, stray)  # which a killed writer left unlisted
        known = snapshots(root)
        revisions = [number for day, number, _ in _files(root) if day == f"{date}"]
        revision = max(revisions, default=0) + 1
        suffix = "" if revision == 1 else f".{revision}"
        facts = snapshot_manifest(f"{date}", name, revision, entries, workspace.code.document())
        document = sealed(facts, known[-1] if known else None, now)
        taken = Snapshot(folder / f"manifest_{date}{suffix}.json", document)
        write_json(taken.path, taken.document.as_json())
        _add_to_index(root, taken.summary)
    return taken


def _busy(reason: str) -> ResultsError:
    return ResultsError(f"a snapshot is being taken by {reason}", code="locked")


def entries_now(workspace: RunWorkspace) -> dict[str, SymbolEntry | AbsentEntry]:
    """What a snapshot that is taken now states of each symbol of the universe."""
    return {
        instrument.symbol: read_settled(
            workspace.root.symbol(instrument.symbol),
            partial(_entry, workspace.root, instrument),
            lambda entry: isinstance(entry, SymbolEntry),
        )
        for instrument in workspace.universe.instruments
    }


def snapshots(root: DataRoot) -> list[SnapshotSummary]:
    """All snapshots in the order of writing; ResultsError where index or snapshot are damaged."""
    return sorted([*read_index(root), *_unlisted(root)], key=lambda summary: summary.number)


def find_snapshot(root: DataRoot, wanted: str) -> Snapshot:
    """The newest snapshot of a name or date, or the one of a label such as 2026-11-20.2.

    Raises:
        UsageError: there is none.
        ResultsError: it is missing, damaged, or not the one that was written.
    """
    listings = snapshots(root)
    for summary in reversed(listings):
        if wanted in summary.names:
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


def read_index(root: DataRoot) -> list[SnapshotSummary]:
    """The snapshots listed, in the order of writing; ResultsError where a line is damaged."""
    path = root.snapshot_index
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # what has no end of line was never written
        return [_listing(line) for line in lines]
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise ResultsError(
            f"{path} is damaged ({error}); restore it from a backup, or remove it: it is rebuilt "
            "from the snapshots",
            code="snapshot-index-damaged",
        ) from error


def _listing(line: bytes) -> SnapshotSummary:
    try:
        summary = SnapshotSummary.model_validate_json(line)
    except ValidationError as error:
        raise ValueError(f"a line is no entry of a snapshot, {first_fault(error)}") from error
    if not _FILE.fullmatch(summary.file):
        raise ValueError(f"{summary.file!a:.200} is no name of a snapshot")
    return summary


def _add_to_index(root: DataRoot, summary: SnapshotSummary) -> None:
    append_lines(root.snapshot_index, [canonical_json(summary.as_json())])


def _unlisted(root: DataRoot) -> list[SnapshotSummary]:
    listed = {summary.file for summary in read_index(root)}
    return [_read(path).summary for _, _, path in _files(root) if path.name not in listed]


def _files(root: DataRoot) -> Iterator[tuple[str, int, Path]]:
    """Date, revision and path of every snapshot that lies in the folder."""
    for path in sorted(root.snapshots.glob("manifest_*.json")):
        match = _FILE.fullmatch(path.name)
        if match is not None:
            yield match["date"], int(match["revision"] or 1), path


def _entry(root: DataRoot, instrument: Instrument) -> SymbolEntry | AbsentEntry:
    paths = SymbolSession(root.symbol(instrument.symbol).folder)  # reads no document twice
    blocked_because = ""
    try:
        verdict = read_verdict(paths)
        blocked_because = "" if verdict is None else verdict.message
        if reason := no_bars_reason(paths, instrument):
            return AbsentEntry(status=NO_BARS, reason=reason)
        bars, results = read_bar_manifest(paths), read_compute_manifest(paths)
        if results is None and not paths.compute_db.exists():
            return _without_results(paths, blocked_because, has_bars=bars is not None)
        if bars is None or results is None:
            reason = "a manifest is missing; a rerun writes it"
        elif verdict is None:
            reason = f"there is no verdict of the gate; {remedy_of(instrument.symbol)}"
        elif not paths.compute_db.exists():
            reason = f"compute.db is gone; `regime run {instrument.symbol}` makes it again"
        elif not _is_described(paths, results):
            reason = "compute.db is not the file that its manifest describes; a rerun finishes it"
        elif apart := why_inconsistent(instrument.symbol, bars, results):
            reason = describe_pending(instrument.symbol, apart)
            return AbsentEntry(status=NO_RESULTS, reason=reason, held_back=blocked_because)
        else:
            _require_whole(paths, instrument, verdict, bars.manifest)
            return symbol_entry(bars, results, blocked_because)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop a snapshot
        reason = failure_reason(error, instrument.symbol)
    return AbsentEntry(status=UNFINISHED, reason=reason, held_back=blocked_because)


def _without_results(paths: SymbolPaths, blocked_because: str, *, has_bars: bool) -> AbsentEntry:
    if last_of(read_newest(paths), RESULTS) is not None:
        reason = f"compute.db and its manifest are gone; {remedy_of(paths.symbol)}"
        return AbsentEntry(status=UNFINISHED, reason=reason, held_back=blocked_because)
    reason = blocked_because or "nothing was computed yet"
    if has_bars:
        reason = describe_pending(paths.symbol, reason)
    return AbsentEntry(status=NO_RESULTS, reason=reason, held_back=blocked_because)


def _require_whole(
    paths: SymbolPaths, instrument: Instrument, verdict: Verdict, stated: BarManifest
) -> None:
    """Proves the files that the bar manifest names and the verdict still does, and their origin."""
    require_chain(paths)
    require_records(paths)
    require_raw_files(paths, verdict, instrument.timeframes)
    # those that went out of force since come again from the raw log
    still = {
        name: series
        for name, series in stated.promoted.items()
        if verdict.promoted.get(name) == series
    }
    require_files(paths, [*named_parts(still), *rejected_files(verdict)])


def _read(path: Path) -> Snapshot:
    try:
        return Snapshot(path, parsed_snapshot(read_json(path)))
    except (RegimeError, ValueError) as error:
        reason = "is damaged" if isinstance(error, RegimeError) else error
        raise ResultsError(f"{path} {reason}; {_REMEDY}", code="snapshot-damaged") from error


def _is_described(paths: SymbolPaths, results: SealedManifest[ComputeManifest]) -> bool:
    """True where compute.db holds the results that the manifest states.

    It is not opened where it is the very file that the manifest was written for, and was proven.
    After a restore or a copy it has another time; then it is proven and read.
    """
    is_that_file = results.run.compute_db == file_stat(paths.compute_db)
    if is_that_file and is_file_proven(paths.compute_db):
        return True
    lineage, facts = read_lineage(paths.compute_db), results.manifest
    return lineage.tables == facts.tables and lineage.recipe == facts.recipe
