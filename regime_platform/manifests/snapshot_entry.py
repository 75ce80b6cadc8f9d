"""The entry of one symbol in a snapshot: its digests, ranges and recipe."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Discriminator, NonNegativeInt

from regime_platform.manifests.bar_manifest import BarManifest, SeriesBars
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.lineage import SeriesLineage
from regime_platform.manifests.manifest import SealedManifest, StoredDocument
from regime_platform.manifests.recipe import Code, Recipe
from regime_platform.model.timeframes import TIMEFRAMES

COMPLETE: Final = "complete"  # bars and results are there and belong together
UNFINISHED: Final = "unfinished"  # a run was interrupted; a rerun finishes it
NO_RESULTS: Final = "no_results"  # nothing was ever computed


def _timeframe(text: str) -> str:
    if text not in TIMEFRAMES:
        raise ValueError(f"{text!r} is no timeframe, expected one of {', '.join(TIMEFRAMES)}")
    return text


class ManifestReference(StoredDocument):
    """A manifest as a snapshot names it."""

    digest: str
    number: int
    seal: str


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

    status: Literal["unfinished", "no_results"]
    reason: str
    held_back: str = ""


SnapshotEntry = Annotated[SymbolEntry | AbsentEntry, Discriminator("status")]


def symbol_entry(
    bars: SealedManifest[BarManifest],
    results: SealedManifest[ComputeManifest],
    held_back: str,
) -> SymbolEntry:
    """The entry of a symbol whose manifests belong together."""
    about_bars, about_results = bars.manifest, results.manifest
    return SymbolEntry(
        status=COMPLETE,
        reason="",
        held_back=held_back,
        manifest=_place(bars),
        compute_manifest=_place(results),
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
    """Why two manifests are not of one state of a symbol; empty where they are."""
    for facts in (bars.manifest, results.manifest):
        if facts.symbol != symbol:
            return f"the manifest of the {facts.kind} is that of {facts.symbol}"
    promoted = {name: pointer.digest for name, pointer in bars.manifest.promoted.items()}
    if results.manifest.recipe.bars != promoted:
        return "the results were made from other bars than those of the bar manifest"
    return ""


def _place(document: SealedManifest[Any]) -> ManifestReference:
    return ManifestReference(digest=document.digest, number=document.number, seal=document.seal)


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
