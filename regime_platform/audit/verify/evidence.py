"""Is what renames and repairs kept of a symbol still what they kept?

The manifests from before a rename have their links in the chain; what a repair set aside is named
with its hash in the link of that repair.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

from regime_platform.bar_store.chain_file import read_chain
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import RegimeError
from regime_platform.files import file_sha256, read_json, write_json
from regime_platform.manifests.chain import Link, place_of
from regime_platform.manifests.manifest import BARS, REPAIR, is_whole
from regime_platform.model.series import instant
from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject

Facts = Mapping[str, Any]
_DAMAGE = (AttributeError, KeyError, TypeError, RegimeError)


def new_set_aside_folder(paths: SymbolPaths, now: dt.datetime) -> Path:
    """A folder for what a repair sets aside: named by its time, and not taken yet."""
    name = _aside_name(now)
    taken = (f"{name}-{number}" for number in count(2))
    return next(
        folder for one in chain([name], taken) if not (folder := paths.set_aside / one).exists()
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
    for link in (one for one in links if one.get("kind") == REPAIR):
        about = link["about"]
        by_time = _aside_name(instant(link["run"]["written_at"]))  # links of earlier releases
        folder = paths.set_aside / about.get("folder", by_time)
        for name, digest in about.get("set_aside", {}).items():
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
    """Writes renames.json anew with what is whole; the names of lost ones are in the chain."""
    links = read_chain(paths)
    try:
        kept = [entry for entry in _entries(paths) if not _why_not_kept(entry, links)]
    except _DAMAGE:
        kept = []
    known = {one["former"] for one in kept}
    lost = [
        {
            "former": former_symbol,
            "symbol": symbol,
            "renamed_at": None,
            "manifest": None,
            "is_lost": True,
        }
        for former_symbol in _former_symbols(links, symbol)
        if former_symbol not in known
    ]
    if kept or lost:
        write_json(paths.renames, {"renames": [*lost, *kept]})
    else:
        paths.renames.unlink(missing_ok=True)


def _rename_findings(
    paths: SymbolPaths, links: Sequence[Link], symbol: str
) -> Iterator[AuditFinding]:
    name = paths.renames.name
    try:
        entries = _entries(paths)
        reasons = [_why_not_kept(entry, links) for entry in entries]
        known = {entry["former"] for entry in entries}
    except _DAMAGE as error:
        yield AuditFinding(
            FindingKind.UNREADABLE, Subject.RECORD, name, f"it is no list of renames ({error})"
        )
        return
    for reason in filter(None, reasons):
        yield AuditFinding(FindingKind.CHANGED, Subject.RECORD, name, reason)
    for former in _former_symbols(links, symbol):
        if former not in known:
            kind = FindingKind.CHANGED if paths.renames.exists() else FindingKind.MISSING
            yield AuditFinding(
                kind, Subject.RECORD, name, f"it does not have the manifests of {former}"
            )


def _entries(paths: SymbolPaths) -> list[Facts]:
    facts = read_json(paths.renames)
    return [] if facts is None else list(facts["renames"])


def _former_symbols(links: Sequence[Link], symbol: str) -> list[str]:
    of_bars = [link["about"].get("symbol") for link in links if link.get("kind") == BARS]
    return list(dict.fromkeys(name for name in of_bars if name and name != symbol))


def _why_not_kept(entry: Facts, links: Sequence[Link]) -> str:
    is_lost = any(link.get("kind") == REPAIR for link in links[:1])  # the chain was begun anew
    for kind in ("manifest", "compute_manifest"):
        document = entry.get(kind)
        if document is None:
            continue
        if not is_whole(document):
            return f"the {kind} of {entry['former']} was changed after it was kept"
        if not is_lost and place_of(links, document) not in {"last", "earlier"}:
            return f"the chain does not have the {kind} of {entry['former']}"
    return ""
