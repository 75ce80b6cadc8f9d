"""One stored number explained: the bar, its inputs and rules, and where they come from."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.code_version import code_version
from regime_platform.compute.engine import bars_with_close
from regime_platform.compute.eras.eras import Era, EraChoice
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db.reader import reading
from regime_platform.errors import ResultsError
from regime_platform.manifests.recipe import Code, Recipe
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.explanation import Explanation, SeriesRows, explanation
from regime_platform.query.provenance import (
    BarOrigin,
    ManifestSummaries,
    bar_origin,
    manifest_summaries,
)
from regime_platform.query.stored_results import find_results
from regime_platform.workspace import Where, Workspace


@dataclass(frozen=True)
class MadeFrom:
    """The inputs of stored results, in short."""

    bars_digest: str | None
    params_fingerprint: str
    compute_digest: str  # of the sources of the compute
    libraries: Mapping[str, str]  # name to version
    code: Mapping[str, Any]  # package, commit, is_dirty
    is_installed_code: bool


@dataclass(frozen=True)
class Explained:
    """An explanation and its provenance."""

    explanation: Explanation
    origin: BarOrigin
    made_from: MadeFrom
    manifests: ManifestSummaries
    notes: tuple[str, ...]  # limits of this explanation


def explain(symbol: str, timeframe: str, ts: dt.datetime, *, where: Where = None) -> Explained:
    """Explains the stored results of the bar that opens at ``ts`` (aware).

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: nothing was computed, or there is no such bar.
        BarsError: the bars in force or the raw log are damaged.
    """
    wanted = canonical_timeframe(timeframe)
    instrument, paths = find_results(Workspace.open(where), symbol)
    in_force = read_in_force(paths, wanted)
    if in_force is None:
        raise ResultsError(
            f"{instrument.symbol} has no {wanted} bars; `regime run {instrument.symbol}` fetches "
            "what its source offers",
            code="no-bars",
        )
    with reading(paths.compute_db) as reader:
        lineage = reader.lineage()
        escalation = reader.table("escalation_history_v3", timeframe=wanted)
        state = reader.table("state_history", timeframe=wanted)
    promoted, bars = in_force
    recipe = lineage.recipe
    rows = SeriesRows(
        instrument.symbol,
        wanted,
        bars_with_close(bars),
        escalation,
        state,
        eras_of(recipe),
        DEFAULT_PARAMS,
    )
    explained = explanation(rows, ts)
    made_from = _made_from(recipe, lineage.code, wanted)
    manifests = manifest_summaries(paths, lineage)
    return Explained(
        explained,
        origin=bar_origin(paths, wanted, explained.ts),
        made_from=made_from,
        manifests=manifests,
        notes=tuple(_notes(made_from, promoted.digest, manifests)),
    )


def eras_of(recipe: Recipe) -> EraChoice:
    """The eras that results were ranked in, as their recipe records them."""
    eras = tuple(Era(index, *edges) for index, edges in enumerate(recipe.eras.boundaries))
    return EraChoice(eras, recipe.eras.version, recipe.eras.reason)


def _made_from(recipe: Recipe, code: Code, timeframe: str) -> MadeFrom:
    return MadeFrom(
        bars_digest=recipe.bars.get(timeframe),
        params_fingerprint=recipe.params_fingerprint,
        compute_digest=recipe.compute_digest,
        libraries=recipe.libraries,
        code=code.as_json(),
        is_installed_code=recipe.compute_digest == code_version().compute_digest,
    )


def _notes(made_from: MadeFrom, in_force: str, manifests: ManifestSummaries) -> Iterator[str]:
    if made_from.bars_digest != in_force:
        yield (
            "the bars in force are newer than those that these results were made from; "
            "bar, count and digest are those of the newer ones"
        )
    if not made_from.is_installed_code:
        yield "the results were made by other code than the installed one, which explains them here"
    if made_from.params_fingerprint != DEFAULT_PARAMS.fingerprint():
        yield "the results were made with other parameters than those that explain them here"
    if not manifests.describes_results:
        yield "compute.db is ahead of its manifest: an unfinished run, which a rerun finishes"
