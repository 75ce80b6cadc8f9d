"""The manifests of a symbol on disk, those from before renames, and their chain.

A line of chain.jsonl is appended before its manifest is written, and never changed. One without an
end of line was left by a killed process: it is not read, and the next append cuts it off.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.session import read_document, read_once
from regime_platform.errors import BarsError, ConfigError, remedy_of
from regime_platform.files import append_lines, write_json
from regime_platform.json_text import load_json
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import (
    BARS,
    MANIFEST_VERSION,
    RESULTS,
    ChainLink,
    Facts,
    SealedManifest,
    parsed_whole,
)
from regime_platform.model.digests import canonical_json
from regime_platform.model.document import Array, Document, first_fault

_PARTS = {"manifest": dict, "run": dict, "digest": str}
_TAIL = 64 * 1024  # bytes: dozens of links, where the newest of each kind are


class FormerManifests(Document, extra="allow"):
    """The manifests of a symbol at one rename; a repair that found them lost keeps the name.

    With them what was proven under a former symbol can be proven later.
    """

    former: str
    symbol: str
    renamed_at: str | None  # ISO 8601 UTC
    manifest: dict[str, Any] | None
    compute_manifest: dict[str, Any] | None = None
    is_lost: bool = False


class _Renames(Document, extra="ignore"):
    renames: Array[FormerManifests]


@read_once("manifest")
def read_bar_manifest(paths: SymbolPaths) -> SealedManifest[BarManifest] | None:
    """manifest.json of a symbol; see `read_manifest`."""
    document = read_manifest(paths.manifest, BarManifest)
    if document is not None:
        _require_own(paths, paths.manifest, document.manifest.symbol)
    return document


@read_once("compute_manifest")
def read_compute_manifest(paths: SymbolPaths) -> SealedManifest[ComputeManifest] | None:
    """compute_manifest.json of a symbol; see `read_manifest`."""
    document = read_manifest(paths.compute_manifest, ComputeManifest)
    if document is not None:
        _require_own(paths, paths.compute_manifest, document.manifest.symbol)
    return document


def whole_bar_manifest(paths: SymbolPaths) -> SealedManifest[BarManifest] | None:
    """manifest.json of a symbol; None also where it is damaged."""
    try:
        return read_bar_manifest(paths)
    except BarsError:
        return None


def whole_compute_manifest(paths: SymbolPaths) -> SealedManifest[ComputeManifest] | None:
    """compute_manifest.json of a symbol; None also where it is damaged."""
    try:
        return read_compute_manifest(paths)
    except BarsError:
        return None


def read_manifest(path: Path, facts: type[Facts]) -> SealedManifest[Facts] | None:
    """A manifest of today's version, else None; raises BarsError where it is not whole."""

    def parse(document: Any) -> SealedManifest[Facts] | None:
        if not all(isinstance(document.get(name), kind) for name, kind in _PARTS.items()):
            raise ValueError("has no facts, run and digest, so it is no manifest")
        version = document["manifest"].get("manifest_version")
        if isinstance(version, int) and version != MANIFEST_VERSION:
            return None  # whose seal is made in another way
        return parsed_whole(document, facts)

    return read_document(path, parse, remedy_of(path.parent.name), "manifest-damaged")


def other_symbol(paths: SymbolPaths, symbol: str | None) -> str:
    """Why a document about ``symbol`` does not belong here; empty where it does.

    A folder has documents of its former symbols after a rename, and of its next one during it.
    """
    if symbol in {None, paths.symbol}:
        return ""
    with suppress(ConfigError):
        renamed = read_former_manifests(paths)
        if any(symbol in {each.former, each.symbol} for each in renamed):
            return ""
    return f"it is about {symbol}, not about {paths.symbol}"


def read_chain(paths: SymbolPaths) -> list[ChainLink]:
    """All links in the order of writing; raises BarsError where a line is no link."""
    try:
        return _links(paths, paths.chain.read_bytes())
    except FileNotFoundError:
        return []


def read_newest(paths: SymbolPaths) -> list[ChainLink]:
    """The newest links, enough to go on from; raises as `read_chain`."""
    return _links(paths, _end_of_chain(paths))


def newest_number(paths: SymbolPaths, kind: str | None) -> int:
    """That of the newest link of one kind, 0 where there is none; raises as `read_chain`."""
    key = f'"kind":"{kind}"'.encode()
    lines = reversed(_end_of_chain(paths).split(b"\n")[:-1])
    line = next((line for line in lines if key in line), None)
    try:
        return 0 if line is None else int(load_json(line)["number"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise damaged_chain(paths, str(error)) from error


@read_once("chain")
def _end_of_chain(paths: SymbolPaths) -> bytes:
    """Whole lines."""
    try:
        with paths.chain.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            start = stream.seek(max(0, size - _TAIL))
            data = stream.read()
    except FileNotFoundError:
        return b""
    return data if start == 0 else data.partition(b"\n")[2]


def append_links(paths: SymbolPaths, links: Sequence[ChainLink]) -> None:
    """Adds links, all at once; hold the symbol's lock."""
    append_lines(paths.chain, [canonical_json(link.as_json()) for link in links])


def read_former_manifests(paths: SymbolPaths) -> tuple[FormerManifests, ...]:
    """All of them, the oldest first; raises ConfigError where the file is damaged."""
    remedy, code = f"`regime repair {paths.symbol}` writes it again", "former-manifests-damaged"
    document = read_document(paths.renames, _Renames.model_validate, remedy, code, ConfigError)
    return () if document is None else document.renames


def write_former_manifests(paths: SymbolPaths, entries: Sequence[FormerManifests]) -> None:
    """Replaces the file; each entry keeps the keys that it was made or read with."""
    document = {"renames": [entry.model_dump(mode="json", exclude_unset=True) for entry in entries]}
    write_json(paths.renames, document)


def _links(paths: SymbolPaths, data: bytes) -> list[ChainLink]:
    lines = data.split(b"\n")[:-1]  # what has no end of line was never written
    try:
        links = [ChainLink.model_validate(load_json(line)) for line in lines]
    except (ValueError, RecursionError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else str(error)
        raise damaged_chain(paths, reason) from error
    subjects = [link.about.symbol for link in links if link.kind in {BARS, RESULTS}]
    if subjects and (reason := other_symbol(paths, subjects[-1])):
        raise damaged_chain(paths, reason)
    return links


def damaged_chain(paths: SymbolPaths, reason: str) -> BarsError:
    """The error of a chain that is not as it was written."""
    return BarsError(
        f"{paths.chain} is damaged ({reason}); restore it from a backup, or "
        f"`regime repair {paths.symbol} --yes` starts it again",
        code="chain-damaged",
    )


def _require_own(paths: SymbolPaths, path: Path, symbol: str) -> None:
    if reason := other_symbol(paths, symbol):
        message = f"{path} is damaged ({reason}); {remedy_of(paths.symbol)}"
        raise BarsError(message, code="manifest-damaged")
