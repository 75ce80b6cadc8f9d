"""The snapshot: one manifest per release over all symbols, naming everything that proves it.

An entry per symbol holds its digests, ranges and recipe; whole manifests stay with their symbols.
``content_digest`` identifies all the numbers, ``recipe_digest`` how they were made: neither
depends on the date, the name or the code that took the snapshot.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeInt,
    SerializeAsAny,
    ValidationError,
)

from regime_platform.errors import ConfigError
from regime_platform.manifests.manifest import (
    ManifestFacts,
    SealedManifest,
    StoredDocument,
    is_whole,
    parsed,
)
from regime_platform.manifests.snapshot_entry import (
    COMPLETE,
    NO_RESULTS,
    UNFINISHED,
    AbsentEntry,
    SnapshotEntry,
    SymbolEntry,
)
from regime_platform.model.digests import document_digest
from regime_platform.model.document import first_fault
from regime_platform.model.instruments import require_safe

SNAPSHOT: Final = "snapshot"
SNAPSHOT_VERSION = 1


def _safe_symbol(text: str) -> str:
    try:
        require_safe(text)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return text


class SnapshotTotals(StoredDocument):
    """Counts over all symbols."""

    symbols: int
    complete: int
    unfinished: int
    no_results: int
    bars: int


class TakerCode(StoredDocument):
    """The code of the platform that took the snapshot."""

    package: str
    commit: str | None
    is_dirty: bool | None
    compute_digest: str
    python: str
    libraries: dict[str, str]


class SnapshotManifest(ManifestFacts):
    """The facts of a snapshot."""

    kind: Literal["snapshot"]
    snapshot_version: int
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    name: str  # chosen by the user; empty where none was
    revision: NonNegativeInt  # 1 for the first of this date
    content_digest: str
    recipe_digest: str
    totals: SnapshotTotals
    code: TakerCode
    symbols: dict[Annotated[str, AfterValidator(_safe_symbol)], SerializeAsAny[SnapshotEntry]]

    @property
    def complete(self) -> dict[str, SymbolEntry]:
        """Symbol -> entry of those that the snapshot can prove."""
        return {
            symbol: entry
            for symbol, entry in self.symbols.items()
            if isinstance(entry, SymbolEntry)
        }


class SnapshotSummary(StoredDocument):
    """A snapshot in short, for lists: everything but its symbols."""

    label: str  # date and revision
    file: str
    taken_at: str = ""
    number: int
    digest: str = ""
    seal: str
    replaces: str | None = None
    date: str
    name: str
    revision: int = 1
    totals: SnapshotTotals
    content_digest: str = ""
    recipe_digest: str = ""


def snapshot_manifest(
    date: str,
    name: str,
    revision: int,
    symbols: Mapping[str, SymbolEntry | AbsentEntry],
    code: Mapping[str, Any],
) -> SnapshotManifest:
    """The facts of a snapshot.

    Args:
        date: the release's, ISO.
        name: chosen by the user; empty where none was.
        revision: 1 for the first of this date.
        symbols: entries in partition order.
        code: of the platform that takes it.
    """
    known = {symbol: entry for symbol, entry in symbols.items() if isinstance(entry, SymbolEntry)}
    recipes = {symbol: entry.recipe_digest for symbol, entry in known.items()}
    content = {symbol: entry.content_digests.as_json() for symbol, entry in known.items()}
    statuses: list[str] = [entry.status for entry in symbols.values()]
    totals = SnapshotTotals(
        symbols=len(symbols),
        complete=statuses.count(COMPLETE),
        unfinished=statuses.count(UNFINISHED),
        no_results=statuses.count(NO_RESULTS),
        bars=sum(series.count for entry in known.values() for series in entry.timeframes.values()),
    )
    return SnapshotManifest(
        kind=SNAPSHOT,
        snapshot_version=SNAPSHOT_VERSION,
        date=date,
        name=name,
        revision=revision,
        content_digest=document_digest(content),
        recipe_digest=document_digest(recipes),
        totals=totals,
        code=TakerCode.model_validate(dict(code)),
        symbols=dict(symbols),
    )


def summary_of(file: str, document: SealedManifest[SnapshotManifest]) -> SnapshotSummary:
    """A snapshot in short."""
    facts = document.manifest
    return SnapshotSummary(
        label=f"{facts.date}.{facts.revision}",
        file=file,
        taken_at=document.run.written_at,
        number=document.number,
        digest=document.digest,
        seal=document.seal,
        replaces=document.replaces,
        date=facts.date,
        name=facts.name,
        revision=facts.revision,
        totals=facts.totals,
        content_digest=facts.content_digest,
        recipe_digest=facts.recipe_digest,
    )


def parsed_snapshot(document: object) -> SealedManifest[SnapshotManifest]:
    """The snapshot that parsed JSON is.

    A digest proves that nothing was changed after it was taken; it can be taken of any content. So
    names and types are checked as well before they are used.

    Raises:
        ValueError: it is no whole snapshot; the message goes on after the name of the file.
    """
    if not isinstance(document, dict) or not is_whole(document):
        raise ValueError("was changed after it was written")
    facts = document["manifest"]
    if facts.get("kind") != SNAPSHOT:
        raise ValueError("is no snapshot")
    if facts.get("snapshot_version") != SNAPSHOT_VERSION:
        version = f"version {facts.get('snapshot_version')!r}, expected {SNAPSHOT_VERSION}"
        raise ValueError(f"has {version}; use the release that wrote it")
    try:
        return parsed(document, SnapshotManifest)
    except ValidationError as error:
        raise ValueError(f"is no snapshot of this platform ({first_fault(error)})") from error
