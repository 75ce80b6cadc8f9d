"""Results as of a moment of the past, recomputed and compared with the records of that time.

The bars are those known then and the eras those in force then. Code and parameters are those that
are installed: a record of that time (a compute manifest, a snapshot) shows whether they are the
ones of then, and where it is about the same bars, whether the numbers are the same to the bit.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from regime_platform.audit.archives import before_archiving
from regime_platform.audit.as_of import SymbolAsOf, first_fetch, symbol_as_of
from regime_platform.audit.compute_record import ComputeRecord, record_by
from regime_platform.audit.provenance import Provenance, provenance_of
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import EraChoice, EraClass, era_class
from regime_platform.compute.results import SeriesResult
from regime_platform.compute_db.content import table_digest
from regime_platform.errors import ConfigError, ResultsError
from regime_platform.manifests.recipe import Recipe
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.compute import recipe_of
from regime_platform.pipeline.compute.inputs import Tables
from regime_platform.pipeline.eras import era_set, eras_as_of
from regime_platform.pipeline.run_workspace import RunWorkspace


@dataclass(frozen=True)
class ResultsAsOf:
    """The results of one symbol as of a moment, and their provenance."""

    symbol: str  # what the instrument was called then
    as_of: dt.datetime
    known: SymbolAsOf
    results: Mapping[str, SeriesResult]  # by timeframe, in their order
    eras: EraChoice
    recipe: Recipe
    record: ComputeRecord | None  # the latest of the symbol by then
    provenance: Provenance


def results_as_of(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime
) -> ResultsAsOf:
    """The results from the bars known by ``as_of`` (aware), in the eras in force then.

    All timeframes, since the mean escalation and the proof by a record need them; under the symbol
    that the instrument had then.

    Raises:
        ResultsError: there were no bars by then.
        BarsError, ConfigError: what was stored by then is damaged.
    """
    workspace, instrument = before_archiving(workspace, instrument, as_of)
    record = record_by(workspace.root.symbol(instrument.symbol), as_of)
    symbol = instrument.symbol if record is None else record.symbol
    wanted = era_class(symbol, instrument.asset_class)
    choice = _eras_then(workspace, wanted, as_of, record)
    known, recipe = _known_then(workspace, instrument, as_of, record, (wanted, choice))
    if not known.series:
        raise _nothing_known(workspace, instrument, as_of, known)
    results = {
        name: compute_series(
            series.bars,
            symbol=symbol,
            timeframe=name,
            eras=choice.eras,
            params=workspace.params,
        )
        for name, series in known.series.items()
    }
    provenance = provenance_of(record, recipe, table_digests_of(results))
    return ResultsAsOf(symbol, as_of, known, results, choice, recipe, record, provenance)


def table_digests_of(results: Mapping[str, SeriesResult]) -> dict[str, str]:
    """The content digest of every table, as compute.db would name it."""
    tables = Tables(results)
    return {name: table_digest(name, tables.whole(name)) for name in tables}


def _eras_then(
    workspace: RunWorkspace, wanted: EraClass, as_of: dt.datetime, record: ComputeRecord | None
) -> EraChoice:
    """The eras in force then, under the version that the record names where both are equal."""
    choice = eras_as_of(workspace.root, as_of).choose(wanted)
    if record is None or record.eras == choice.version:
        return choice
    try:
        named = era_set(workspace.root, record.eras).choose(wanted)
    except ConfigError:  # gone since; then the name is that of the adoption
        return choice
    return named if named.eras == choice.eras else choice


def _known_then(
    workspace: RunWorkspace,
    instrument: Instrument,
    as_of: dt.datetime,
    record: ComputeRecord | None,
    ranked: tuple[EraClass, EraChoice],
) -> tuple[SymbolAsOf, Recipe]:
    """The bars of then and the recipe they make.

    Where the gate blocked newer bars, the record has the time at which the results of then were
    made, and its recipe shows whether the bars of that time are theirs. Otherwise every moment is
    validated.
    """
    known = symbol_as_of(workspace, instrument, as_of, most=1)
    if known.series or not known.blocked_because:
        return known, _recipe(workspace, known, *ranked)
    if record is not None:
        made = symbol_as_of(workspace, instrument, record.written_at, most=1)
        recipe = _recipe(workspace, made, *ranked)
        if record.recipe_digest == recipe.digest:
            return replace(made, blocked_because=known.blocked_because), recipe
    known = symbol_as_of(workspace, instrument, as_of)
    return known, _recipe(workspace, known, *ranked)


def _recipe(
    workspace: RunWorkspace, known: SymbolAsOf, wanted: EraClass, choice: EraChoice
) -> Recipe:
    bars = {name: series.digest for name, series in known.series.items()}
    return recipe_of(workspace, bars, wanted, choice)


def _nothing_known(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime, known: SymbolAsOf
) -> ResultsError:
    symbol, then = instrument.symbol, iso(as_of)
    if known.blocked_because:
        reason = f"{symbol} had no results by {then}: the gate blocked it: {known.blocked_because}"
        return ResultsError(reason, code="blocked-then")
    first = first_fetch(workspace, instrument)
    if first is None:
        reason = f"{symbol} has no bars, of {then} or any other time; run `regime run {symbol}`"
        return ResultsError(reason, code="no-bars")
    return ResultsError(
        f"nothing of {symbol} was known by {then}: its first bars were fetched {iso(first)}; "
        f"`regime explain {symbol} TIMEFRAME DATE` shows today's results of an earlier bar",
        code="nothing-known-then",
    )
