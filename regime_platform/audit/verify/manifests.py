"""Verifies the manifests of a symbol and their chain."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from regime_platform.audit.verify.finding import AuditFinding, FindingKind, Subject
from regime_platform.bar_store.chain_file import read_chain
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import whole_bar_manifest, whole_compute_manifest
from regime_platform.errors import BarsError
from regime_platform.files import json_text
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.chain import LinkStatus, broken, link_status
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.manifest import (
    BARS,
    MANIFEST_VERSION,
    RESULTS,
    ManifestFacts,
    SealedManifest,
    is_whole,
    parsed,
)
from regime_platform.model.document import first_fault

Facts = TypeVar("Facts", bound=ManifestFacts)
_SUBJECTS = {BARS: Subject.BAR_MANIFEST, RESULTS: Subject.COMPUTE_MANIFEST}


@dataclass(frozen=True)
class Manifests:
    """The manifests of a symbol, as far as they are whole."""

    bars: SealedManifest[BarManifest] | None = None
    results: SealedManifest[ComputeManifest] | None = None

    def __iter__(self) -> Iterator[SealedManifest[BarManifest] | SealedManifest[ComputeManifest]]:
        """Those that there are."""
        if self.bars is not None:
            yield self.bars
        if self.results is not None:
            yield self.results


def read_manifests(paths: SymbolPaths) -> tuple[Manifests, list[AuditFinding]]:
    """The manifests that are whole, and what is wrong with the others."""
    bars, of_bars = _read(paths.manifest, BarManifest, BARS)
    results, of_results = _read(paths.compute_manifest, ComputeManifest, RESULTS)
    return Manifests(bars, results), [each for each in (of_bars, of_results) if each is not None]


def chain_findings(
    paths: SymbolPaths, documents: Iterable[SealedManifest[Any]]
) -> Iterator[AuditFinding]:
    """What is wrong with the chain, and with the place of the manifests in it."""
    name = paths.chain.name
    try:
        links = read_chain(paths)
    except BarsError as error:
        yield AuditFinding(FindingKind.UNREADABLE, Subject.CHAIN, name, str(error))
        return
    if not paths.chain.exists():
        yield AuditFinding(
            FindingKind.MISSING, Subject.CHAIN, name, "the chain of manifests is gone"
        )
        return
    for reason in broken(links):
        yield AuditFinding(FindingKind.CHANGED, Subject.CHAIN, name, reason)
    for document in documents:
        kind = document.manifest.kind
        place = link_status(links, document)
        if place is LinkStatus.NEXT:
            yield AuditFinding(
                FindingKind.MISSING,
                Subject.CHAIN,
                name,
                f"its last link, of the manifest of the {kind}, is gone",
            )
        elif place is LinkStatus.OTHER:
            reason = "the chain has another manifest of this number"
            yield manifest_finding(FindingKind.CHANGED, kind, reason)
        elif place is LinkStatus.ABSENT:
            yield AuditFinding(
                FindingKind.CHANGED,
                Subject.CHAIN,
                name,
                f"it does not have the manifest of the {kind}",
            )
        elif place is LinkStatus.EARLIER:
            reason = f"a later manifest of the {kind} was begun and is not in place"
            yield AuditFinding(FindingKind.UNFINISHED, Subject.CHAIN, name, reason)


def manifest_finding(kind: FindingKind, manifest: str, reason: str) -> AuditFinding:
    """A finding about what the manifest of ``bars`` or ``results`` states."""
    return AuditFinding(kind, _SUBJECTS[manifest], f"manifest of the {manifest}", reason)


def is_chain_whole(paths: SymbolPaths, symbol: str) -> bool:
    """True where the chain can be gone on from: it has lost nothing but its end."""
    try:
        links = read_chain(paths)
    except BarsError:
        return False
    if not links or any(broken(links)):
        return False
    documents = Manifests(
        whole_bar_manifest(paths),
        whole_compute_manifest(paths),
    )
    own = (document for document in documents if document.manifest.symbol == symbol)
    return all(link_status(links, document) is not LinkStatus.ABSENT for document in own)


def _read(
    path: Path, facts: type[Facts], kind: str
) -> tuple[SealedManifest[Facts] | None, AuditFinding | None]:
    try:
        text = path.read_bytes().decode()
        document = json.loads(text)
    except FileNotFoundError:
        return None, AuditFinding(
            FindingKind.MISSING, _SUBJECTS[kind], path.name, "there is no manifest"
        )
    except (OSError, ValueError, RecursionError) as error:  # of the encoding, or of the JSON
        return None, AuditFinding(
            FindingKind.UNREADABLE, _SUBJECTS[kind], path.name, f"no JSON ({error})"
        )
    if not isinstance(document, dict) or not is_whole(document):
        return None, _not_whole(path, kind, document)
    try:
        manifest = parsed(document, facts)
    except ValidationError as error:
        reason = f"this is not a manifest of {kind} ({first_fault(error)})"
        return None, manifest_finding(FindingKind.CHANGED, kind, reason)
    other = AuditFinding(
        FindingKind.CHANGED, _SUBJECTS[kind], path.name, "its bytes are not those written"
    )
    return manifest, None if text == json_text(document) else other


def _not_whole(path: Path, kind: str, document: Any) -> AuditFinding:
    version = None
    if isinstance(document, dict) and isinstance(document.get("manifest"), dict):
        version = document["manifest"].get("manifest_version")
    if version == MANIFEST_VERSION or not isinstance(version, int):
        return AuditFinding(
            FindingKind.CHANGED, _SUBJECTS[kind], path.name, "was changed after it was written"
        )
    if version > MANIFEST_VERSION:
        reason = (
            f"version {version}, this release knows {MANIFEST_VERSION}; use the one that wrote it"
        )
        return AuditFinding(FindingKind.NEWER, _SUBJECTS[kind], path.name, reason)
    reason = f"of version {version}, before {MANIFEST_VERSION}, which this release writes"
    return AuditFinding(FindingKind.UNFINISHED, _SUBJECTS[kind], path.name, reason)
