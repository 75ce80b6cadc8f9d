"""Results as of a moment of the past, recomputed and compared with the records of that time.

The bars are those known then and the eras those in force then. Code and parameters are those that
are installed: a record of that time (the link of a compute manifest) shows whether they are the
ones of then, and where it is about the same bars, whether the numbers are the same to the bit.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from regime_platform.audit.archives import before_archiving
from regime_platform.audit.as_of import BarsAsOf, SymbolAsOf, bars_as_of, first_fetch, symbol_as_of
from regime_platform.audit.provenance import Provenance, provenance_of, record_by
from regime_platform.audit.verify.results import table_digests_of
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import EraChoice, EraClass, era_class
from regime_platform.compute.results import SeriesResult
from regime_platform.errors import BarsError, ConfigError, ResultsError
from regime_platform.manifests.compute_manifest import Recipe
from regime_platform.manifests.manifest import ResultsLink
from regime_platform.model.instants import instant, iso
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.pipeline.compute import recipe_of
from regime_platform.pipeline.eras import era_set, eras_in_force
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.evaluate import Evaluation, choose_eras, written
from regime_platform.query.explanation import Explanation, SeriesRows, explanation


@dataclass(frozen=True)
class ResultsAsOf:
    """The results of one symbol as of a moment, and their provenance."""

    symbol: str  # what the instrument was called then
    as_of: dt.datetime
    known: SymbolAsOf
    results: Mapping[str, SeriesResult]  # by timeframe, in their order
    eras: EraChoice
    recipe: Recipe
    record: ResultsLink | None  # the latest of the symbol by then
    provenance: Provenance

    def series(self, timeframe: str) -> SeriesResult:
        """The results of one series; ResultsError where it had no bars by then."""
        if timeframe not in self.results:
            raise ResultsError(
                f"{self.symbol} had no {timeframe} bars by {iso(self.as_of)}; leave --as-of out",
                code="no-such-series-then",
            )
        return self.results[timeframe]

    def as_json(self) -> dict[str, Any]:
        """One symbol of ``regime verify --as-of --json``, without the results themselves."""
        known = self.known
        return {
            "symbol": self.symbol,
            "as_of": iso(self.as_of),
            "known_at": None if known.known_at is None else iso(known.known_at),
            "blocked": known.blocked_because,
            "held_back": known.blocked_because,  # its old name
            "left_out": dict(known.left_out),
            "bars": {
                name: {"count": series.bars.height, "digest": series.digest}
                for name, series in known.series.items()
            },
            "eras": {"version": self.eras.version, "reason": self.eras.reason},
            "terms": self.provenance.model_dump(mode="json"),
            "record": None if self.record is None else _record_as_json(self.record),
        }


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
    symbol = instrument.symbol if record is None else record.about.symbol
    wanted = era_class(symbol, instrument.asset_class)
    choice = _eras_then(workspace, wanted, as_of, record)
    known, recipe = _known_then(workspace, instrument, as_of, record, (wanted, choice))
    if not known.series:
        raise _nothing_known(workspace, instrument, as_of, known)
    results = {
        name: compute_series(
            series.bars, symbol=symbol, timeframe=name, eras=choice.eras, params=workspace.params
        )
        for name, series in known.series.items()
    }
    provenance = provenance_of(record, recipe, table_digests_of(results, recipe.left_out))
    return ResultsAsOf(symbol, as_of, known, results, choice, recipe, record, provenance)


def explain_as_of(
    workspace: RunWorkspace,
    instrument: Instrument,
    timeframe: str,
    ts: dt.datetime,
    as_of: dt.datetime,
) -> tuple[Explanation, ResultsAsOf]:
    """Why the bar that opens at ``ts`` had the numbers it had at ``as_of`` (both aware).

    Raises:
        UsageError: the timeframe is unknown.
        ResultsError: there was no such bar, or nothing at all, by then.
        BarsError, ConfigError: what was stored by then is damaged.
    """
    wanted = canonical_timeframe(timeframe)
    then = results_as_of(workspace, instrument, as_of)
    result = then.series(wanted)
    rows = SeriesRows(
        then.symbol,
        wanted,
        then.known.series[wanted].bars,
        result.escalation,
        result.state,
        then.eras,
        workspace.params,
    )
    return explanation(rows, ts), then


def known_bars(
    workspace: RunWorkspace, instrument: Instrument, timeframe: str, as_of: dt.datetime
) -> BarsAsOf:
    """As `bars_as_of`; BarsError where no bars of the series were in force by then."""
    known = bars_as_of(workspace, instrument, timeframe, as_of)
    if known.bars.is_empty():
        raise BarsError(
            f"no {timeframe} bars of {instrument.symbol} were in force by {iso(as_of)} (gate: "
            f"{known.status}); `regime bars {instrument.symbol} {timeframe}` shows those of now",
            code="no-bars-then",
        )
    return known


def evaluate_as_of(  # noqa: PLR0913 - the parts of one question
    workspace: RunWorkspace,
    *,
    symbol: str,
    timeframe: str,
    as_of: dt.datetime,
    eras_file: Path | None,
    output: Path,
) -> Evaluation:
    """Writes what `query.evaluate` writes of a file for one series as of a moment (aware).

    It needs no record; the store itself is not touched.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        BarsError: no bars of the series were in force by then, or the raw log is damaged.
        ConfigError: the era file, or the set in force then, cannot be read.
    """
    instrument, frame = workspace.universe.instrument(symbol), canonical_timeframe(timeframe)
    name, known = instrument.symbol, known_bars(workspace, instrument, frame, as_of)
    choice = (
        choose_eras(name, workspace.universe, eras_file)
        if eras_file is not None
        else eras_in_force(workspace.root, as_of).choose(era_class(name, instrument.asset_class))
    )
    result = compute_series(
        known.bars, symbol=name, timeframe=frame, eras=choice.eras, params=workspace.params
    )
    return written(result, choice, output)


def _eras_then(
    workspace: RunWorkspace, wanted: EraClass, as_of: dt.datetime, record: ResultsLink | None
) -> EraChoice:
    """The eras in force then, under the version that the record names where both are equal."""
    choice = eras_in_force(workspace.root, as_of).choose(wanted)
    if record is None or record.about.eras == choice.version:
        return choice
    try:
        named = era_set(workspace.root, record.about.eras).choose(wanted)
    except ConfigError:  # gone since; then the name is that of the adoption
        return choice
    return named if named.eras == choice.eras else choice


def _known_then(
    workspace: RunWorkspace,
    instrument: Instrument,
    as_of: dt.datetime,
    record: ResultsLink | None,
    ranked: tuple[EraClass, EraChoice],
) -> tuple[SymbolAsOf, Recipe]:
    """The bars of then and the recipe they make.

    Where the gate blocked newer bars, the record has the time at which the results of then were
    made, and its recipe shows whether the bars of that time are theirs. Otherwise every moment is
    validated.
    """
    known = symbol_as_of(workspace, instrument, as_of, most=1)
    recipe = _recipe(workspace, known, *ranked)
    if not known.blocked_because:
        return known, recipe
    if record is not None and record.about.recipe_digest != recipe.digest:
        made = symbol_as_of(workspace, instrument, instant(record.run.written_at), most=1)
        recipe = _recipe(workspace, made, *ranked)
        if record.about.recipe_digest == recipe.digest:
            made = replace(made, findings=known.findings)
            return replace(made, blocked_because=known.blocked_because), recipe
    if not known.series:
        known = symbol_as_of(workspace, instrument, as_of)
    return known, _recipe(workspace, known, *ranked)


def _recipe(
    workspace: RunWorkspace, known: SymbolAsOf, wanted: EraClass, choice: EraChoice
) -> Recipe:
    bars = {name: series.digest for name, series in known.series.items()}
    return recipe_of(workspace, bars, wanted, choice, known.left_out)


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


def _record_as_json(record: ResultsLink) -> dict[str, Any]:
    about = record.about.as_json()
    return {
        "symbol": about.pop("symbol"),
        "compute_manifest": record.digest,
        "number": record.number,
        "written_at": record.run.written_at,
        **about,
    }
