"""Are the manifests of a symbol, and their chain, what was written?"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from regime_platform.bar_store.chain_file import read_chain
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import whole_manifest
from regime_platform.errors import BarsError
from regime_platform.files import json_text
from regime_platform.manifests.chain import broken, place_of
from regime_platform.manifests.manifest import BARS, MANIFEST_VERSION, RESULTS, is_whole
from regime_platform.pipeline.finding import AuditFinding, FindingKind, Subject

Facts = Mapping[str, Any]
_SUBJECTS = {BARS: Subject.BAR_MANIFEST, RESULTS: Subject.COMPUTE_MANIFEST}


def read_manifests(paths: SymbolPaths) -> tuple[dict[str, Facts], list[AuditFinding]]:
    """Kind -> document of the manifests that are whole, and what is wrong with the others."""
    whole: dict[str, Facts] = {}
    findings = []
    for kind, path in ((BARS, paths.manifest), (RESULTS, paths.compute_manifest)):
        document, finding = _read(path, kind)
        if document is not None:
            whole[kind] = document
        if finding is not None:
            findings.append(finding)
    return whole, findings


def chain_findings(paths: SymbolPaths, documents: Mapping[str, Facts]) -> Iterator[AuditFinding]:
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
    for kind, document in documents.items():
        place = place_of(links, document)
        if place == "next":
            yield AuditFinding(
                FindingKind.MISSING,
                Subject.CHAIN,
                name,
                f"its last link, of the manifest of the {kind}, is gone",
            )
        elif place == "other":
            reason = "the chain has another manifest of this number"
            yield manifest_finding(FindingKind.CHANGED, kind, reason)
        elif place == "nowhere":
            yield AuditFinding(
                FindingKind.CHANGED,
                Subject.CHAIN,
                name,
                f"it does not have the manifest of the {kind}",
            )
        elif place == "earlier":
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
    documents = [whole_manifest(path) for path in (paths.manifest, paths.compute_manifest)]
    own = [
        document
        for document in documents
        if document is not None and document["manifest"].get("symbol") == symbol
    ]
    return all(place_of(links, document) != "nowhere" for document in own)


def _read(path: Path, kind: str) -> tuple[Facts | None, AuditFinding | None]:
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
    if document["manifest"].get("kind") != kind:
        return None, AuditFinding(
            FindingKind.CHANGED, _SUBJECTS[kind], path.name, f"this is not a manifest of {kind}"
        )
    if text != json_text(document):
        return document, AuditFinding(
            FindingKind.CHANGED, _SUBJECTS[kind], path.name, "its bytes are not those written"
        )
    return document, None


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
