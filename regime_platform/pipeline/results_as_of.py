"""What the platform would have said at a moment of the past, computed anew and held to the records.

The bars are those known then and the eras those in force then. Code and parameters are those that
are installed: a record of that time (a compute manifest, a snapshot) tells whether they are the
ones of then, and where it is about the same bars, whether the numbers are the same to the bit.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras import EraChoice, era_class
from regime_platform.compute.results import SeriesResult
from regime_platform.compute_db.content import table_digest
from regime_platform.errors import ResultsError
from regime_platform.manifests.recipe import recipe_facts
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import iso
from regime_platform.pipeline.as_of import SymbolAsOf, first_fetch, symbol_as_of
from regime_platform.pipeline.eras import eras_as_of
from regime_platform.pipeline.inputs import Tables
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.records import Record, record_by
from regime_platform.pipeline.terms import Terms, compared_terms


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
    terms: Terms

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON, the results left out."""
        known = self.known
        return {
            "symbol": self.symbol,
            "as_of": iso(self.as_of),
            "known_at": None if known.known_at is None else iso(known.known_at),
            "held_back": known.held_back,
            "bars": {
                name: {"count": one.bars.height, "digest": one.digest}
                for name, one in known.series.items()
            },
            "eras": {"version": self.eras.version, "reason": self.eras.reason},
            "terms": self.terms.facts(),
            "record": None if self.record is None else self.record.facts(),
        }


def results_as_of(platform: Platform, instrument: Instrument, as_of: dt.datetime) -> ResultsAsOf:
    """The results from the bars known by ``as_of`` (aware), in the eras in force then.

    All timeframes, since the consensus and the proof by a record need them; under the symbol that
    the instrument had then.

    Raises:
        ResultsError: there were no bars by then.
        BarsError, ConfigError: what was known or decided then is damaged.
    """
    known = symbol_as_of(platform, instrument, as_of)
    if not known.series:
        raise ResultsError(_nothing_known(platform, instrument, as_of, known))
    record = record_by(platform.root.symbol(instrument.symbol), as_of)
    symbol = instrument.symbol if record is None else record.symbol
    wanted = era_class(symbol, instrument.asset_class)
    choice = eras_as_of(platform.root, as_of).choose(wanted)
    results = {
        name: compute_series(
            one.bars,
            symbol=symbol,
            timeframe=name,
            eras=choice.eras,
            params=platform.params,
        )
        for name, one in known.series.items()
    }
    recipe = recipe_facts(
        bars={name: one.digest for name, one in known.series.items()},
        params_fingerprint=platform.params.fingerprint(),
        eras={
            "version": choice.version,
            "class": wanted.name,
            "reason": choice.reason,
            "boundaries": [[era.start_us, era.end_us] for era in choice.eras],
        },
        compute_digest=platform.code.compute_digest,
        libraries=platform.code.calculating,
    )
    terms = compared_terms(record, recipe, table_digests_of(results))
    return ResultsAsOf(symbol, as_of, known, results, choice, recipe, record, terms)


def table_digests_of(results: Mapping[str, SeriesResult]) -> dict[str, str]:
    """The content digest of every table, as compute.db would name it."""
    tables = Tables(results)
    return {name: table_digest(name, tables.whole(name)) for name in tables}


def _nothing_known(
    platform: Platform, instrument: Instrument, as_of: dt.datetime, known: SymbolAsOf
) -> str:
    symbol = instrument.symbol
    if known.held_back:
        return f"{symbol} had no results by {iso(as_of)}: the gate held it back: {known.held_back}"
    first = first_fetch(platform, instrument)
    if first is None:
        return f"{symbol} has no bars, of {iso(as_of)} or any other time; run `regime run {symbol}`"
    return (
        f"nothing of {symbol} was known by {iso(as_of)}: its first bars were fetched "
        f"{iso(first)}; `regime explain {symbol} TIMEFRAME DATE` tells what today's results say "
        "of an earlier bar"
    )
