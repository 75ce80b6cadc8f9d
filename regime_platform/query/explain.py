"""One stored number explained: the bar, its inputs and rules, and where they come from."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pydantic_core import to_jsonable_python

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import read_bar_manifest, read_compute_manifest
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw.compaction import locate
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.code_version import code_version
from regime_platform.compute.eras.eras import EraChoice
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db.reader import reading
from regime_platform.errors import ResultsError
from regime_platform.manifests.compute_manifest import Lineage, Recipe
from regime_platform.manifests.manifest import SealedManifest
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.calendar.lateness import NO_AGE, SeriesAge, series_age
from regime_platform.model.instants import iso
from regime_platform.model.moments import When, moment
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.explanation import (
    Explanation,
    SeriesRows,
    explanation,
    explanation_document,
)
from regime_platform.query.stored_results import find_results, no_bars
from regime_platform.validation.overrides import OverrideKind
from regime_platform.validation.overrides import in_force as in_force_of
from regime_platform.workspace import Where, Workspace

_RAW_COLUMNS = (*BAR_COLUMNS, "fetched_at", "batch", "source", "price_basis")

_NEAR = dt.timedelta(days=366)

Facts = Mapping[str, Any]  # by the key of the JSON document


@dataclass(frozen=True)
class Explained:
    """An explanation and its provenance."""

    explanation: Explanation
    #: revisions: the values of the bar in the raw log in order of arrival; decisions: about it;
    #: actions: splits that the series is adjusted for, later than the bar or up to a year before
    origin: Facts
    made_from: Facts  # digests of bars, parameters and code; libraries; is_installed_code
    #: bars and results: their manifests in short, or None; describes_results: whether the tables
    #: that the latter names are those of compute.db
    manifests: Facts
    notes: tuple[str, ...]  # limits of this explanation
    age: SeriesAge | None = None  # of the results of the series; None where no ``now`` was given

    def document(self) -> dict[str, Any]:
        """The document of ``regime explain --json``."""
        provenance = {"origin": self.origin, "made_from": self.made_from}
        age = NO_AGE if self.age is None else self.age.document()
        rest = {**provenance, "manifests": self.manifests, "notes": self.notes, **age}
        document: dict[str, Any] = to_jsonable_python(rest, inf_nan_mode="null")
        return explanation_document(self.explanation) | document


def explain(
    symbol: str,
    timeframe: str,
    ts: When,
    *,
    now: dt.datetime | None = None,
    where: Where = None,
) -> Explained:
    """Explains the stored results of the bar that opens at ``ts``.

    With ``now`` (aware) also how old the last bar of the series is.

    Raises:
        UsageError: the symbol or timeframe is unknown, or ``ts`` is no time.
        ResultsError: nothing was computed, or there is no such bar.
        BarsError: the bars in force, the raw log or a manifest are damaged.
        ConfigError: decisions.yaml is damaged.
    """
    wanted, opens = canonical_timeframe(timeframe), moment(ts, "ts")
    instrument, paths = find_results(Workspace.open(where), symbol)
    in_force = read_in_force(paths, wanted)
    if in_force is None:
        raise no_bars(instrument, paths, wanted)
    with reading(paths.compute_db) as reader:
        lineage = reader.lineage()
        escalation = reader.table("escalation_history_v3", timeframe=wanted)
        state = reader.table("state_history", timeframe=wanted)
    promoted, bars = in_force
    if opens not in bars["ts"]:
        _require_included(paths, wanted, opens)
    recipe = lineage.recipe
    rows = SeriesRows(
        instrument.symbol,
        wanted,
        bars,
        escalation,
        state,
        eras_of(recipe),
        DEFAULT_PARAMS,
    )
    explained = explanation(rows, opens)
    made_from = _made_from(paths, lineage, wanted)
    manifests = _manifests(paths, lineage)
    notes = tuple(_notes(made_from, promoted.digest, manifests))
    age = None
    if now is not None:
        finer = made_from["derived_from"]
        age = series_age(instrument, wanted, _last(state), now, built_from=finer)
    return Explained(explained, _origin(paths, wanted, opens), made_from, manifests, notes, age)


def _require_included(paths: SymbolPaths, timeframe: str, ts: dt.datetime) -> None:
    """ResultsError that names the override, where one excludes the bar."""
    for override in in_force_of(read_overrides(paths)):
        is_of_bar = override.timeframe == timeframe and override.is_about(ts)
        if is_of_bar and override.kind is OverrideKind.EXCLUDE:
            symbol = paths.symbol
            raise ResultsError(
                f"the bar of {symbol} {timeframe} at {iso(ts)} is excluded by override "
                f"{override.id} of {override.by}, {override.at}: {override.reason}; "
                f"`regime bars undo {symbol} {override.id} --reason TEXT` takes it back",
                code="bar-excluded",
            )


def _made_from(paths: SymbolPaths, lineage: Lineage, timeframe: str) -> Facts:
    recipe, verdict = lineage.recipe, read_verdict(paths)
    return {
        "bars_digest": recipe.bars.get(timeframe),
        "derived_from": "" if verdict is None else verdict.derived_from.get(timeframe, ""),
        "params_fingerprint": recipe.params_fingerprint,
        "compute_digest": recipe.compute_digest,
        "libraries": recipe.libraries,
        "code": lineage.code.as_json(),
        "is_installed_code": recipe.compute_digest == code_version().compute_digest,
    }


def _last(rows: pl.DataFrame) -> dt.datetime | None:
    last = rows["ts"].max()
    return last if isinstance(last, dt.datetime) else None


def eras_of(recipe: Recipe) -> EraChoice:
    """The eras that results were ranked in, as their recipe records them."""
    return EraChoice(recipe.eras.eras, recipe.eras.version, recipe.eras.reason)


def _origin(paths: SymbolPaths, timeframe: str, ts: dt.datetime) -> Facts:
    folder = paths.raw(timeframe)
    rows = read_raw(folder, None, _RAW_COLUMNS).filter(pl.col("ts") == ts)
    revisions = [
        {
            **{name: row[name] for name in ("fetched_at", "source", "price_basis")},
            "raw_file": locate(folder, row["batch"]),
            **{name: row[name] for name in BAR_COLUMNS if name != "ts"},
        }
        for row in rows.iter_rows(named=True)
    ]
    decisions = [
        override.model_dump(mode="json")
        for override in read_overrides(paths)
        if override.timeframe == timeframe and override.is_about(ts)
    ]
    verdict, near = read_verdict(paths), ts.date() - _NEAR
    adjusted_for = () if verdict is None else verdict.adjusted_for(timeframe)
    actions = [each.model_dump(mode="json") for each in adjusted_for if each.date > near]
    return {"revisions": revisions, "decisions": decisions, "actions": actions}


def _manifests(paths: SymbolPaths, lineage: Lineage) -> Facts:
    bars, results = read_bar_manifest(paths), read_compute_manifest(paths)
    facts = None if results is None else results.manifest
    return {
        "bars": bars and _in_short(paths.manifest, bars),
        "results": results
        and {
            **_in_short(paths.compute_manifest, results),
            "recipe_digest": results.manifest.recipe_digest,
        },
        "describes_results": facts is not None and facts.tables == lineage.tables,
    }


def _in_short(path: Path, document: SealedManifest[Any]) -> dict[str, Any]:
    return {
        "file": path.name,
        "digest": document.digest,
        "number": document.number,
        "written_at": document.run.written_at,
        "content_digest": document.manifest.content_digest,
        "is_whole": True,  # any other is refused when it is read
    }


def _notes(made_from: Facts, in_force: str, manifests: Facts) -> Iterator[str]:
    if made_from["bars_digest"] != in_force:
        yield (
            "the bars in force are newer than those that these results were made from; "
            "bar, count and digest are those of the newer ones"
        )
    if not made_from["is_installed_code"]:
        yield "the results were made by other code than the installed one, which explains them here"
    if made_from["params_fingerprint"] != DEFAULT_PARAMS.fingerprint():
        yield "the results were made with other parameters than those that explain them here"
    if not manifests["describes_results"]:
        yield "compute.db is ahead of its manifest: an unfinished run, which a rerun finishes"
