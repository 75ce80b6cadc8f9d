"""Verifies the records of a symbol, its rejected rows, and what renames and repairs kept.

The manifests from before a rename have their links in the chain; what a repair set aside is named
with its hash in the link of that repair.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

from regime_platform.audit.verify.verification import AuditFinding, FindingKind, Subject
from regime_platform.bar_store.actions_file import read_actions
from regime_platform.bar_store.canonical import rejected_fault
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import (
    FormerManifests,
    read_chain,
    read_former_manifests,
    write_former_manifests,
)
from regime_platform.bar_store.overrides import recorded_overrides, stored_overrides, why_not_whole
from regime_platform.errors import BarsError, ConfigError, RegimeError
from regime_platform.files import file_sha256
from regime_platform.manifests.chain import LinkStatus, link_status
from regime_platform.manifests.manifest import (
    BARS,
    REPAIR,
    ChainLink,
    ManifestFacts,
    is_whole,
    parsed,
)
from regime_platform.model.actions import Action
from regime_platform.model.instants import instant
from regime_platform.model.timeframes import DURATION
from regime_platform.pipeline.gate.intact import record_faults
from regime_platform.validation.overrides import Override
from regime_platform.validation.verdict import Verdict


def record_findings(
    paths: SymbolPaths, symbol: str, verdict: Verdict | None, links: Sequence[ChainLink] | None
) -> Iterator[AuditFinding]:
    """What is wrong with the records, and which decisions no verdict applies yet.

    ``links`` of the chain prove what renames and repairs kept; None where it cannot be read.
    """
    yield from _override_findings(paths, verdict)
    yield from _pending_actions(paths, verdict)
    for fault in record_faults(paths):
        yield Subject.RECORD.finding(FindingKind[fault.problem], fault.reason, fault.file)
    if links is None:
        return
    yield from _rename_findings(paths, links, symbol)
    for link in (link for link in links if link.kind == REPAIR):
        # links of earlier releases name no folder
        by_time = _aside_name(instant(link.run.written_at))
        folder = paths.set_aside / (link.about.folder or by_time)
        for name, digest in link.about.set_aside.items():
            path = folder / name
            if path.is_file() and file_sha256(path) != digest:  # it may be removed
                what = str(path.relative_to(paths.folder))
                reason = "its bytes are not those that were set aside"
                yield Subject.RECORD.finding(FindingKind.CHANGED, reason, what)


def rejected_findings(
    paths: SymbolPaths, verdict: Verdict, *, is_due: bool
) -> Iterator[AuditFinding]:
    """Files of rejected rows whose digest is not that of the verdict.

    ``is_due``: a run would write them again in any case, so that a killed one may have begun to.
    """
    for series in verdict.validated:
        is_unsealed = series.rejected_file is None and series.rows_in > series.valid
        if is_unsealed or series.timeframe not in DURATION:
            continue  # an earlier release had no digest of them; or reported as no timeframe
        reason = rejected_fault(paths, series.timeframe, series.rejected_file)
        if reason:
            path = paths.rejected(series.timeframe)
            kind = FindingKind.CHANGED if path.exists() else FindingKind.MISSING
            if is_due:
                kind, reason = FindingKind.UNFINISHED, f"{reason}: a promotion was not finished"
            yield Subject.REJECTED.finding(kind, reason, str(path.relative_to(paths.folder)))


def new_set_aside_folder(paths: SymbolPaths, now: dt.datetime) -> Path:
    """A folder for what a repair sets aside: named by its time, and not taken yet."""
    name = _aside_name(now)
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(folder for each in names if not (folder := paths.set_aside / each).exists())


def restore_renames(paths: SymbolPaths, symbol: str) -> None:
    """Writes renames.json again with what is whole; the names of lost ones are in the chain."""
    links = read_chain(paths)
    try:
        kept = [each for each in read_former_manifests(paths) if not _fault_of(each, links)]
    except RegimeError:
        kept = []
    lost = [
        FormerManifests(former=name, symbol=symbol, renamed_at=None, manifest=None, is_lost=True)
        for name in _missing_formers(links, symbol, kept)
    ]
    if kept or lost:
        write_former_manifests(paths, [*lost, *kept])
    else:
        paths.renames.unlink(missing_ok=True)


def _aside_name(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def before_waiting_decisions(paths: SymbolPaths, verdict: Verdict | None) -> dt.datetime | None:
    """The moment before the first decision that no verdict applies yet; None where none waits.

    Raises:
        ConfigError, BarsError: the decisions cannot be read.
    """
    if verdict is None:
        return None
    overrides = _waiting_overrides(stored_overrides(paths), recorded_overrides(paths))
    actions = _waiting_actions(read_actions(paths), verdict)
    times = [*(instant(entry.at) for entry in overrides), *(action.at for action in actions)]
    return min(times) - dt.timedelta(microseconds=1) if times else None


def _waiting_overrides(entries: Sequence[Override], recorded: Sequence[Override]) -> list[Override]:
    known = {entry.id for entry in recorded}
    return [entry for entry in entries if entry.id not in known]


def _waiting_actions(entries: Sequence[Action], verdict: Verdict | None) -> list[Action]:
    known = {action.id for action in verdict.actions} if verdict is not None else set()
    return [entry for entry in entries if entry.id not in known]


def _override_findings(paths: SymbolPaths, verdict: Verdict | None) -> Iterator[AuditFinding]:
    name, recorded = paths.decisions.name, recorded_overrides(paths)
    try:
        entries = stored_overrides(paths)
    except ConfigError as error:
        yield Subject.RECORD.finding(FindingKind.UNREADABLE, error, name)
        return
    reason = why_not_whole(paths, entries, recorded)
    if reason:
        kind = FindingKind.CHANGED if paths.decisions.exists() else FindingKind.MISSING
        yield Subject.RECORD.finding(kind, f"it {reason}", name)
    waiting = ", ".join(str(entry.id) for entry in _waiting_overrides(entries, recorded))
    if waiting and verdict is not None:
        reason = f"no verdict applies override {waiting} yet; a run does"
        yield Subject.RECORD.finding(FindingKind.PENDING, reason, name)


def _pending_actions(paths: SymbolPaths, verdict: Verdict | None) -> Iterator[AuditFinding]:
    try:
        entries = read_actions(paths)
    except BarsError:  # reported with the other records
        return
    waiting = ", ".join(str(entry.id) for entry in _waiting_actions(entries, verdict))
    if waiting and verdict is not None:
        reason = f"no verdict applies action {waiting} yet; a run does"
        yield Subject.RECORD.finding(FindingKind.PENDING, reason, paths.actions.name)


def _rename_findings(
    paths: SymbolPaths, links: Sequence[ChainLink], symbol: str
) -> Iterator[AuditFinding]:
    name = paths.renames.name
    try:
        entries = read_former_manifests(paths)
    except RegimeError as error:
        reason = str(error).removeprefix(f"{paths.renames} ")
        yield Subject.RECORD.finding(FindingKind.UNREADABLE, reason, name)
        return
    for reason in filter(None, (_fault_of(each, links) for each in entries)):
        yield Subject.RECORD.finding(FindingKind.CHANGED, reason, name)
    kind = FindingKind.CHANGED if paths.renames.exists() else FindingKind.MISSING
    for former in _missing_formers(links, symbol, entries):
        yield Subject.RECORD.finding(kind, f"it does not have the manifests of {former}", name)


def _missing_formers(
    links: Sequence[ChainLink], symbol: str, entries: Sequence[FormerManifests]
) -> list[str]:
    """The former symbols in the chain whose manifests are not kept."""
    known = {symbol, *(each.former for each in entries)}
    names = dict.fromkeys(link.about.symbol for link in links if link.kind == BARS)
    return [name for name in names if name and name not in known]


def _fault_of(former: FormerManifests, links: Sequence[ChainLink]) -> str:
    """Why manifests are not those that were kept; empty where they are."""
    is_lost = any(link.kind == REPAIR for link in links[:1])  # the chain was restarted
    documents = {"manifest": former.manifest, "compute_manifest": former.compute_manifest}
    for kind, document in documents.items():
        if document is None:
            continue
        if not is_whole(document):
            return f"the {kind} of {former.former} was changed after it was kept"
        status = link_status(links, parsed(document, ManifestFacts))
        if not is_lost and status not in {LinkStatus.LAST, LinkStatus.EARLIER}:
            return f"the chain does not have the {kind} of {former.former}"
    return ""
