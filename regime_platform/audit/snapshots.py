"""Snapshots in the data root: taken of what the manifests state, written once, found by name.

A symbol counts as complete once its bars and results were proven, now or since they last changed.

A date that is taken again gets another revision; nothing is ever overwritten. Every snapshot names
the seal of the one written before it, as the manifests of a symbol do.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from regime_platform.audit.snapshot_index import read_index, snapshot_files
from regime_platform.audit.verify.bars import promoted_bars
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.manifest_file import read_manifest
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import RegimeError, ResultsError, UsageError, failure_reason
from regime_platform.files import append_lines, path_below, read_json, write_json
from regime_platform.manifests.manifest import sealed
from regime_platform.manifests.snapshot import (
    NO_RESULTS,
    UNFINISHED,
    Listing,
    absent_entry,
    listing_of,
    snapshot_facts,
    symbol_entry,
    why_apart,
)
from regime_platform.manifests.snapshot_shape import snapshot_fault
from regime_platform.model.digests import canonical_json
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.described import is_described
from regime_platform.pipeline.gate.intact import named_parts, require_files
from regime_platform.pipeline.platform import RunWorkspace

_PATIENCE = 120.0  # seconds; a snapshot of 1,600 symbols is taken in a few
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_REMEDY = "restore it from a backup; a snapshot is written once and never edited"


@dataclass(frozen=True)
class Snapshot:
    """One snapshot as it lies in the data root."""

    path: Path
    document: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        """What its digest covers."""
        facts: Mapping[str, Any] = self.document["manifest"]
        return facts

    @property
    def listing(self) -> Listing:
        """The short of it."""
        return listing_of(self.path.name, self.document)


def take_snapshot(
    workspace: RunWorkspace, date: dt.date, now: dt.datetime, name: str = ""
) -> Snapshot:
    """Writes one more snapshot of all symbols of the universe as they stand now.

    Args:
        workspace: whose symbols.
        date: the release's; an earlier snapshot of it stays.
        now: when it is taken (aware).
        name: to find it by; several may bear one, and the newest is then meant.

    Raises:
        UsageError: the name cannot be told from a date.
        ResultsError: a snapshot held already is damaged.
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
        held = _complete_index(workspace.root)
        path, revision = _next_file(folder, f"{date}")
        facts = snapshot_facts(f"{date}", name, revision, entries, workspace.code.facts())
        document = sealed(facts, held[-1] if held else None, now)
        write_json(path, document)
        _add_to_index(workspace.root, listing_of(path.name, document))
    return Snapshot(path, document)


def snapshots(root: DataRoot) -> list[Listing]:
    """All snapshots in short, in the order of writing.

    Raises:
        ResultsError: the index, or a snapshot that is not in it yet, is damaged.
    """
    return sorted([*read_index(root), *_strays(root)], key=lambda one: int(one["number"]))


def find_snapshot(root: DataRoot, wanted: str) -> Snapshot:
    """The newest snapshot of a name or date, or the one of a label such as 2026-11-20.2.

    Raises:
        UsageError: there is none.
        ResultsError: it is missing, damaged, or not the one that was written.
    """
    held = snapshots(root)
    for one in reversed(held):
        if wanted in {one["label"], one["date"], one["name"], one["file"]}:
            found = _read(path_below(root.snapshots, one["file"]))
            if found.document["seal"] != one["seal"]:
                raise ResultsError(
                    f"{found.path} is not the one that was written; {_REMEDY}",
                    code="snapshot-replaced",
                )
            return found
    known = ", ".join(str(one["label"]) for one in held) or "none"
    raise UsageError(
        f"there is no snapshot {wanted!r}; there are: {known}", code="no-such-snapshot"
    )


def _complete_index(root: DataRoot) -> list[Listing]:
    """All snapshots, after those whose writer was killed before it could list them were listed."""
    for one in sorted(_strays(root), key=lambda stray: int(stray["number"])):
        _add_to_index(root, one)
    return snapshots(root)


def _add_to_index(root: DataRoot, one: Listing) -> None:
    append_lines(root.snapshot_index, [canonical_json(dict(one))])


def _strays(root: DataRoot) -> list[Listing]:
    listed = {one["file"] for one in read_index(root)}
    files = [path for _, _, path in snapshot_files(root.snapshots) if path.name not in listed]
    return [_read(path).listing for path in files]


def _next_file(folder: Path, date: str) -> tuple[Path, int]:
    revisions = [revision for day, revision, _ in snapshot_files(folder) if day == date]
    revision = max(revisions, default=0) + 1
    suffix = "" if revision == 1 else f".{revision}"
    return folder / f"manifest_{date}{suffix}.json", revision


def _entry(root: DataRoot, instrument: Instrument) -> dict[str, Any]:
    paths = root.symbol(instrument.symbol)
    held_back = ""
    try:
        verdict = read_verdict(paths)
        held_back = "" if verdict is None else verdict.reason
        bars, results = read_manifest(paths.manifest), read_manifest(paths.compute_manifest)
        if results is None and not paths.compute_db.exists():
            return absent_entry(NO_RESULTS, held_back or "nothing was computed yet", held_back)
        if bars is None or results is None:
            return absent_entry(UNFINISHED, "a manifest is missing; a rerun writes it", held_back)
        if not is_described(paths, results):
            reason = "compute.db is not the file that its manifest describes; a rerun finishes it"
            return absent_entry(UNFINISHED, reason, held_back)
        apart = why_apart(instrument.symbol, bars, results)
        if apart:
            return absent_entry(UNFINISHED, f"{apart}; a rerun finishes it", held_back)
        in_force = {} if verdict is None else verdict.promoted
        promoted = promoted_bars(bars["manifest"])
        # those that went out of force since come again from the raw log
        still = {name: one for name, one in promoted.items() if in_force.get(name) == one}
        require_files(paths, named_parts(still))
        return symbol_entry(bars, results, held_back)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop a snapshot
        return absent_entry(UNFINISHED, failure_reason(error, instrument.symbol), held_back)


def _read(path: Path) -> Snapshot:
    try:
        document = read_json(path)
    except RegimeError as error:
        raise ResultsError(f"{path} is damaged; {_REMEDY}", code="snapshot-damaged") from error
    fault = snapshot_fault(document)
    if fault:
        raise ResultsError(f"{path} {fault}; {_REMEDY}", code="snapshot-damaged")
    return Snapshot(path, document)
