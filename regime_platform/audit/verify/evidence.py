"""Verifies the former manifests, and the files that repairs set aside.

The manifests from before a rename have their links in the chain; what a repair set aside is named
with its hash in the link of that repair.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.bar_store.chain_file import read_chain
from regime_platform.bar_store.former_manifests import (
    FormerManifests,
    read_former_manifests,
    write_former_manifests,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import RegimeError
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
from regime_platform.model.instants import instant


def new_set_aside_folder(paths: SymbolPaths, now: dt.datetime) -> Path:
    """A folder for what a repair sets aside: named by its time, and not taken yet."""
    name = _aside_name(now)
    taken = (f"{name}-{number}" for number in count(2))
    return next(
        folder for link in chain([name], taken) if not (folder := paths.set_aside / link).exists()
    )


def _aside_name(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def evidence_findings(paths: SymbolPaths, symbol: str) -> Iterator[AuditFinding]:
    """What is wrong with renames.json and with what was set aside; what is gone of that is not."""
    try:
        links = read_chain(paths)
    except RegimeError:
        return  # reported already, and it is by the chain that they are proven
    yield from _rename_findings(paths, links, symbol)
    for link in (link for link in links if link.kind == REPAIR):
        # links of earlier releases name no folder
        by_time = _aside_name(instant(link.run.written_at))
        folder = paths.set_aside / (link.about.folder or by_time)
        for name, digest in link.about.set_aside.items():
            path = folder / name
            if path.is_file() and file_sha256(path) != digest:
                what = str(path.relative_to(paths.folder))
                yield AuditFinding(
                    FindingKind.CHANGED,
                    Subject.RECORD,
                    what,
                    "its bytes are not those that were set aside",
                )


def restore_renames(paths: SymbolPaths, symbol: str) -> None:
    """Writes renames.json again with what is whole; the names of lost ones are in the chain."""
    links = read_chain(paths)
    try:
        kept = [each for each in read_former_manifests(paths) if not _fault_of(each, links)]
    except RegimeError:
        kept = []
    known = {each.former for each in kept}
    lost = [
        FormerManifests(former=name, symbol=symbol, renamed_at=None, manifest=None, is_lost=True)
        for name in _former_symbols(links, symbol)
        if name not in known
    ]
    if kept or lost:
        write_former_manifests(paths, [*lost, *kept])
    else:
        paths.renames.unlink(missing_ok=True)


def _rename_findings(
    paths: SymbolPaths, links: Sequence[ChainLink], symbol: str
) -> Iterator[AuditFinding]:
    name = paths.renames.name
    try:
        entries = read_former_manifests(paths)
    except RegimeError as error:
        reason = str(error).removeprefix(f"{paths.renames} ")
        yield AuditFinding(FindingKind.UNREADABLE, Subject.RECORD, name, reason)
        return
    for reason in filter(None, (_fault_of(each, links) for each in entries)):
        yield AuditFinding(FindingKind.CHANGED, Subject.RECORD, name, reason)
    known = {each.former for each in entries}
    for former in _former_symbols(links, symbol):
        if former not in known:
            kind = FindingKind.CHANGED if paths.renames.exists() else FindingKind.MISSING
            reason = f"it does not have the manifests of {former}"
            yield AuditFinding(kind, Subject.RECORD, name, reason)


def _former_symbols(links: Sequence[ChainLink], symbol: str) -> list[str]:
    of_bars = [link.about.symbol for link in links if link.kind == BARS]
    return list(dict.fromkeys(name for name in of_bars if name and name != symbol))


def _fault_of(former: FormerManifests, links: Sequence[ChainLink]) -> str:
    """Why manifests are not those that were kept; empty where they are."""
    is_lost = any(link.kind == REPAIR for link in links[:1])  # the chain was restarted
    documents = {"manifest": former.manifest, "compute_manifest": former.compute_manifest}
    for kind, document in documents.items():
        if document is None:
            continue
        if not is_whole(document):
            return f"the {kind} of {former.former} was changed after it was kept"
        kept = parsed(document, ManifestFacts)
        if not is_lost and link_status(links, kept) not in {LinkStatus.LAST, LinkStatus.EARLIER}:
            return f"the chain does not have the {kind} of {former.former}"
    return ""
