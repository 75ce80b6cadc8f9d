"""One stored number explained: the bar, its inputs and rules, and where all of it comes from."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.bars.canonical import read_in_force
from regime_platform.code_version import code_version
from regime_platform.compute.engine import bars_with_close
from regime_platform.compute.eras import Era, EraChoice
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db.reader import reading
from regime_platform.errors import ResultsError
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.explanation import Explanation, SeriesRows, explanation
from regime_platform.query.place import Where, place
from regime_platform.query.provenance import bar_origin, manifest_facts


@dataclass(frozen=True)
class Explained:
    """An explanation and what backs it."""

    explanation: Explanation
    origin: Mapping[str, Any]  # of the bar: its revisions in the raw log, decisions about it
    made_from: Mapping[str, Any]  # recipe and code of the results
    manifests: Mapping[str, Any]
    notes: tuple[str, ...]  # what to know before relying on it

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **self.explanation.facts(),
            "origin": dict(self.origin),
            "made_from": dict(self.made_from),
            "manifests": dict(self.manifests),
            "notes": list(self.notes),
        }


def explain(symbol: str, timeframe: str, ts: dt.datetime, *, where: Where = None) -> Explained:
    """Why the stored results of the bar that opens at ``ts`` (aware) are what they are.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: nothing was computed, or there is no such bar.
        BarsError: the bars in force or the raw log are damaged.
    """
    wanted = canonical_timeframe(timeframe)
    instrument, paths = place(where).computed(symbol)
    held = read_in_force(paths, wanted)
    if held is None:
        raise ResultsError(
            f"{instrument.symbol} has no {wanted} bars; `regime run {instrument.symbol}` fetches "
            "what its source offers"
        )
    with reading(paths.compute_db) as reader:
        lineage = reader.lineage()
        escalation = reader.table("escalation_history_v3", timeframe=wanted)
        state = reader.table("state_history", timeframe=wanted)
    promoted, bars = held
    recipe = lineage["recipe"]
    rows = SeriesRows(
        instrument.symbol,
        wanted,
        bars_with_close(bars),
        escalation,
        state,
        eras_of(recipe),
        DEFAULT_PARAMS,
    )
    told = explanation(rows, ts)
    manifests = manifest_facts(paths, lineage)
    return Explained(
        told,
        origin=bar_origin(paths, wanted, told.ts),
        made_from=made_from(recipe, lineage["code"], wanted),
        manifests=manifests,
        notes=tuple(_notes(recipe, promoted.digest, wanted, manifests)),
    )


def eras_of(recipe: Mapping[str, Any]) -> EraChoice:
    """The eras that results were ranked in, as their recipe names them."""
    told = recipe["eras"]
    eras = tuple(Era(index, *edges) for index, edges in enumerate(told["boundaries"]))
    return EraChoice(eras, told["version"], told["reason"])


def made_from(recipe: Mapping[str, Any], code: Mapping[str, Any], timeframe: str) -> dict[str, Any]:
    """What the results follow from, in short."""
    return {
        "bars_digest": recipe["bars"].get(timeframe),
        "params_fingerprint": recipe["params_fingerprint"],
        "compute_digest": recipe["compute_digest"],
        "libraries": dict(recipe["libraries"]),
        "code": dict(code),
        "is_installed_code": recipe["compute_digest"] == code_version().compute_digest,
    }


def _notes(
    recipe: Mapping[str, Any], in_force: str, timeframe: str, manifests: Mapping[str, Any]
) -> Iterator[str]:
    if recipe["bars"].get(timeframe) != in_force:
        yield (
            "the bars in force are newer than those that these results were made from; "
            "bar, count and digest are those of the newer ones"
        )
    if recipe["compute_digest"] != code_version().compute_digest:
        yield "the results were made by other code than that installed, which retells them here"
    if recipe["params_fingerprint"] != DEFAULT_PARAMS.fingerprint():
        yield "the results were made with other parameters than those they are retold with here"
    if not manifests["describes_results"]:
        yield "compute.db is ahead of its manifest: an unfinished run, which a rerun finishes"
