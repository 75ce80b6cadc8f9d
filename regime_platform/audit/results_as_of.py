"""What the platform would have said at a moment of the past, computed anew and held to the records.

The bars are those known then and the eras those in force then. Code and parameters are those that
are installed: a record of that time (a compute manifest, a snapshot) tells whether they are the
ones of then, and where it is about the same bars, whether the numbers are the same to the bit.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from regime_platform.audit.archives import before_archiving
from regime_platform.audit.as_of import SymbolAsOf, first_fetch, symbol_as_of
from regime_platform.audit.provenance import Provenance, provenance_of
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import EraChoice, EraClass, era_class
from regime_platform.compute.results import SeriesResult
from regime_platform.compute_db.content import table_digest
from regime_platform.errors import ConfigError, ResultsError
from regime_platform.manifests.recipe import recipe_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import iso
from regime_platform.pipeline.compute.compute import recipe_of
from regime_platform.pipeline.compute.inputs import Tables
from regime_platform.pipeline.eras import era_set, eras_as_of
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.publish.records import Record, record_by


@dataclass(frozen=True)
class ResultsAsOf:
    """The results of one symbol as of a moment, and by what they are backed."""

    symbol: str  # what the instrument was called then
    as_of: dt.datetime
    known: SymbolAsOf
    results: Mapping[str, SeriesResult]  # by timeframe, in their order
    eras: EraChoice
    recipe: Mapping[str, Any]
    record: Record | None  # the latest of the symbol by then
    terms: Provenance

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON, the results left out."""
        known = self.known
        return {
            "symbol": self.symbol,
            "as_of": iso(self.as_of),
            "known_at": None if known.known_at is None else iso(known.known_at),
            "held_back": known.held_back,
            "bars": {
                name: {"count": series.bars.height, "digest": series.digest}
                for name, series in known.series.items()
            },
            "eras": {"version": self.eras.version, "reason": self.eras.reason},
            "terms": self.terms.facts(),
            "record": None if self.record is None else self.record.facts(),
        }


def results_as_of(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime
) -> ResultsAsOf:
    """The results from the bars known by ``as_of`` (aware), in the eras in force then.

    All timeframes, since the consensus and the proof by a record need them; under the symbol that
    the instrument had then.

    Raises:
        ResultsError: there were no bars by then.
        BarsError, ConfigError: what was known or decided then is damaged.
    """
    workspace, instrument = before_archiving(workspace, instrument, as_of)
    record = record_by(workspace.root.symbol(instrument.symbol), as_of)
    symbol = instrument.symbol if record is None else record.symbol
    wanted = era_class(symbol, instrument.asset_class)
    choice = _eras_then(workspace, wanted, as_of, record)
    known, recipe = _known_then(workspace, instrument, as_of, record, (wanted, choice))
    if not known.series:
        raise ResultsError(
            _nothing_known(workspace, instrument, as_of, known), code="nothing-known-then"
        )
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
    terms = provenance_of(record, recipe, table_digests_of(results))
    return ResultsAsOf(symbol, as_of, known, results, choice, recipe, record, terms)


def table_digests_of(results: Mapping[str, SeriesResult]) -> dict[str, str]:
    """The content digest of every table, as compute.db would name it."""
    tables = Tables(results)
    return {name: table_digest(name, tables.whole(name)) for name in tables}


def _eras_then(
    workspace: RunWorkspace, wanted: EraClass, as_of: dt.datetime, record: Record | None
) -> EraChoice:
    """Those in force then, under the name that the results had them by where they lie the same."""
    choice = eras_as_of(workspace.root, as_of).choose(wanted)
    if record is None or record.eras == choice.version:
        return choice
    try:
        named = era_set(workspace.root, record.eras).choose(wanted)
    except ConfigError:  # gone since; then the name told is that of the adoption
        return choice
    return named if named.eras == choice.eras else choice


def _known_then(
    workspace: RunWorkspace,
    instrument: Instrument,
    as_of: dt.datetime,
    record: Record | None,
    ranked: tuple[EraClass, EraChoice],
) -> tuple[SymbolAsOf, dict[str, Any]]:
    """The bars of then and the recipe they make.

    Where the gate held newer bars back, the record tells when the results of then were made, and
    its recipe whether the bars found there are theirs. Otherwise every moment is judged.
    """
    known = symbol_as_of(workspace, instrument, as_of, most=1)
    if known.series or not known.held_back:
        return known, _recipe(workspace, known, *ranked)
    if record is not None:
        made = symbol_as_of(workspace, instrument, record.written_at, most=1)
        recipe = _recipe(workspace, made, *ranked)
        if record.recipe_digest == recipe_digest(recipe):
            return replace(made, held_back=known.held_back), recipe
    known = symbol_as_of(workspace, instrument, as_of)
    return known, _recipe(workspace, known, *ranked)


def _recipe(
    workspace: RunWorkspace, known: SymbolAsOf, wanted: EraClass, choice: EraChoice
) -> dict[str, Any]:
    bars = {name: series.digest for name, series in known.series.items()}
    return recipe_of(workspace, bars, wanted, choice)


def _nothing_known(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime, known: SymbolAsOf
) -> str:
    symbol = instrument.symbol
    if known.held_back:
        return f"{symbol} had no results by {iso(as_of)}: the gate held it back: {known.held_back}"
    first = first_fetch(workspace, instrument)
    if first is None:
        return f"{symbol} has no bars, of {iso(as_of)} or any other time; run `regime run {symbol}`"
    return (
        f"nothing of {symbol} was known by {iso(as_of)}: its first bars were fetched "
        f"{iso(first)}; `regime explain {symbol} TIMEFRAME DATE` tells what today's results say "
        "of an earlier bar"
    )
