"""The snapshot: one manifest per release over all symbols, naming everything that proves it.

An entry per symbol holds its digests, ranges and recipe; whole manifests stay with their symbols.
``content_digest`` identifies all the numbers, ``recipe_digest`` how they were made: neither
depends on the date, the name or the code that took the snapshot.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, NonNegativeInt, SerializeAsAny

from regime_platform.errors import ConfigError, ResultsError, remedy_of
from regime_platform.manifests.bar_manifest import BarManifest, SeriesBars
from regime_platform.manifests.compute_manifest import Code, ComputeManifest, Recipe, SeriesLineage
from regime_platform.manifests.manifest import (
    ManifestFacts,
    SealedManifest,
    StoredDocument,
    parsed_whole,
)
from regime_platform.model.digests import document_digest
from regime_platform.model.symbols import require_safe
from regime_platform.model.timeframes import TIMEFRAMES

SNAPSHOT: Final = "snapshot"
SNAPSHOT_VERSION = 1

COMPLETE: Final = "complete"  # bars and results are there and belong together
UNFINISHED: Final = "unfinished"  # a run was interrupted; a rerun finishes it
NO_RESULTS: Final = "no_results"  # nothing was computed from its bars yet
NO_BARS: Final = "no_bars"  # there is no bar to compute anything from


def _safe_symbol(text: str) -> str:
    try:
        require_safe(text)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return text


def _timeframe(text: str) -> str:
    if text not in TIMEFRAMES:
        raise ValueError(f"{text!r} is no timeframe, expected one of {', '.join(TIMEFRAMES)}")
    return text


class ManifestReference(StoredDocument):
    """A manifest as a snapshot names it."""

    digest: str
    number: int
    seal: str

    @classmethod
    def to(cls, document: SealedManifest[Any]) -> "ManifestReference":
        """The reference to a manifest."""
        return cls(digest=document.digest, number=document.number, seal=document.seal)


class SeriesEntry(StoredDocument):
    """Bars and results of one timeframe."""

    count: NonNegativeInt
    min_ts: str | None = None
    max_ts: str | None = None
    digest: str | None
    asof: str | None = None
    status: str = "no_bars"
    escalation_rows: int = 0
    state_rows: int = 0


class ContentDigests(StoredDocument):
    """The digests of all bars and of all results of a symbol."""

    bars: str
    results: str


class SymbolEntry(StoredDocument):
    """A symbol whose manifests belong together."""

    status: Literal["complete"]
    reason: str = ""
    held_back: str = ""  # why the gate blocks the symbol; empty where it does not
    manifest: ManifestReference
    compute_manifest: ManifestReference
    content_digests: ContentDigests
    recipe_digest: str
    timeframes: dict[Annotated[str, AfterValidator(_timeframe)], SeriesEntry]
    tables: dict[str, str]  # table -> content digest
    recipe: Recipe
    code: Code


class AbsentEntry(StoredDocument):
    """A symbol of which the snapshot can prove nothing."""

    status: Literal["unfinished", "no_results", "no_bars"]
    reason: str
    held_back: str = ""


class SnapshotTotals(StoredDocument):
    """Counts over all symbols."""

    symbols: int
    complete: int
    unfinished: int
    no_results: int
    no_bars: int = 0  # left out where there are none, as in older snapshots
    bars: int


class TakerCode(StoredDocument):
    """The code of the platform that took the snapshot: `Code` in the order of its keys here."""

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
    symbols: dict[
        Annotated[str, AfterValidator(_safe_symbol)],
        SerializeAsAny[Annotated[SymbolEntry | AbsentEntry, Discriminator("status")]],
    ]

    @property
    def complete(self) -> dict[str, SymbolEntry]:
        """Symbol -> entry of those that the snapshot can prove."""
        return _complete(self.symbols)


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

    @property
    def names(self) -> frozenset[str]:
        """By which commands know it; several snapshots may share a date or a name."""
        return frozenset({self.label, self.date, self.name, self.file})

    @classmethod
    def of(cls, file: str, document: SealedManifest[SnapshotManifest]) -> "SnapshotSummary":
        """A snapshot in short, and the name of its file."""
        facts = document.manifest
        values = {**dict(document), **dict(facts)}
        return cls(
            label=f"{facts.date}.{facts.revision}",
            file=file,
            taken_at=document.run.written_at,
            **{name: values[name] for name in cls.model_fields if name in values},
        )


def symbol_entry(
    bars: SealedManifest[BarManifest], results: SealedManifest[ComputeManifest], held_back: str
) -> SymbolEntry:
    """The entry of a symbol whose manifests belong together."""
    about_bars, about_results = bars.manifest, results.manifest
    return SymbolEntry(
        status=COMPLETE,
        reason="",
        held_back=held_back,
        manifest=ManifestReference.to(bars),
        compute_manifest=ManifestReference.to(results),
        content_digests=ContentDigests(
            bars=about_bars.content_digest, results=about_results.content_digest
        ),
        recipe_digest=about_results.recipe_digest,
        timeframes={
            timeframe: _series(series, about_results.series.get(timeframe))
            for timeframe, series in about_bars.timeframes.items()
        },
        tables=about_results.tables,
        recipe=about_results.recipe,
        code=about_results.code,
    )


def why_inconsistent(
    symbol: str, bars: SealedManifest[BarManifest], results: SealedManifest[ComputeManifest]
) -> str:
    """Why two manifests are not of one state of a symbol; empty where they are.

    `ResultsError` where one of them is about another symbol.
    """
    for facts in (bars.manifest, results.manifest):
        if facts.symbol != symbol:
            raise ResultsError(
                f"the manifest of the {facts.kind} is that of {facts.symbol}; {remedy_of(symbol)}",
                code="manifest-of-other-symbol",
            )
    promoted = {name: pointer.digest for name, pointer in bars.manifest.promoted.items()}
    if results.manifest.recipe.bars != promoted:
        return "the results were made from other bars than those of the bar manifest"
    if results.manifest.recipe.left_out != tuple(sorted(bars.manifest.left_out)):
        return "the results leave out other timeframes than those that the bar manifest blocks"
    return ""


def snapshot_manifest(
    date: str,
    name: str,
    revision: int,
    symbols: Mapping[str, SymbolEntry | AbsentEntry],
    code: Mapping[str, Any],
) -> SnapshotManifest:
    """The facts of a snapshot of these entries, in partition order; ``code`` takes it."""
    known = _complete(symbols)
    statuses: list[str] = [entry.status for entry in symbols.values()]
    without_bars = statuses.count(NO_BARS)
    totals = SnapshotTotals(
        symbols=len(symbols),
        complete=statuses.count(COMPLETE),
        unfinished=statuses.count(UNFINISHED),
        no_results=statuses.count(NO_RESULTS),
        **({"no_bars": without_bars} if without_bars else {}),
        bars=sum(series.count for entry in known.values() for series in entry.timeframes.values()),
    )
    content = {symbol: entry.content_digests.as_json() for symbol, entry in known.items()}
    return SnapshotManifest(
        kind=SNAPSHOT,
        snapshot_version=SNAPSHOT_VERSION,
        date=date,
        name=name,
        revision=revision,
        content_digest=document_digest(content),
        recipe_digest=document_digest({each: known[each].recipe_digest for each in known}),
        totals=totals,
        code=TakerCode.model_validate(dict(code)),
        symbols=dict(symbols),
    )


def parsed_snapshot(document: object) -> SealedManifest[SnapshotManifest]:
    """The snapshot that parsed JSON is, its names and types checked.

    A digest proves that nothing was changed after it was taken; it can be taken of any content.

    Raises:
        ValueError: it is no whole snapshot; the message goes on after the name of the file.
    """
    facts = document.get("manifest") if isinstance(document, dict) else None
    version = facts.get("snapshot_version") if isinstance(facts, dict) else None
    if isinstance(version, int) and version != SNAPSHOT_VERSION:
        raise ValueError(
            f"has version {version}, expected {SNAPSHOT_VERSION}; use the release that wrote it"
        )
    return parsed_whole(document, SnapshotManifest)


def _complete(symbols: Mapping[str, SymbolEntry | AbsentEntry]) -> dict[str, SymbolEntry]:
    return {name: entry for name, entry in symbols.items() if isinstance(entry, SymbolEntry)}


def _series(bars: SeriesBars, results: SeriesLineage | None) -> SeriesEntry:
    return SeriesEntry(
        count=bars.count,
        min_ts=bars.min_ts,
        max_ts=bars.max_ts,
        digest=bars.digest,
        asof=None if results is None else results.max_ts,
        status="no_bars" if results is None else results.status,
        escalation_rows=0 if results is None else results.escalation_rows,
        state_rows=0 if results is None else results.state_rows,
    )
