"""Brings compute.db up to date: by what new bars change in it where that is enough, else whole.

Results are kept up to the first block of bars whose digest differs; the rows after it are
computed again. Where most rows would change, a new file is cheaper than an update.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import polars as pl

from regime_platform.bar_store.canonical import read_bars
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute.engine import compute_series, computed_bars
from regime_platform.compute.eras.eras import Era
from regime_platform.compute.incremental import Past, extend_series, past_of, why_not
from regime_platform.compute.params import FIRST_BARS, Params
from regime_platform.compute.results import (
    ESCALATION,
    LABELS,
    STATE,
    Latest,
    SeriesResult,
    latest_of,
)
from regime_platform.compute_db.content import BARS, Content
from regime_platform.compute_db.reader import ResultsReader, require_proven_file
from regime_platform.compute_db.store import build
from regime_platform.compute_db.update import Addition, StoredResults, Update, apply_update
from regime_platform.errors import ResultsError
from regime_platform.manifests.compute_manifest import (
    INPUT,
    ResultOrigin,
    SeriesLineage,
)
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.digests import BLOCK_ROWS, Blocks
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.latest import latest_rows, latest_states

_AT_ONCE = 32 * BLOCK_ROWS  # rows: as many as are hashed together


@dataclass(frozen=True)
class Inputs:
    """The bars in force of one symbol, with the eras and parameters for its results."""

    instrument: Instrument
    paths: SymbolPaths
    promoted: Mapping[str, PromotedBars]
    eras: tuple[Era, ...]
    params: Params

    def bars(self, timeframe: str) -> tuple[pl.DataFrame, Blocks]:
        """The bars in force, every byte verified (else `BarsError`), and their block digests."""
        return read_bars(self.paths.bars(timeframe), self.promoted[timeframe])

    def computed(self, timeframe: str, bars: pl.DataFrame) -> SeriesResult:
        """All rows of one timeframe."""
        symbol, eras, params = self.instrument.symbol, self.eras, self.params
        return compute_series(bars, symbol=symbol, timeframe=timeframe, eras=eras, params=params)

    def extended(self, timeframe: str, bars: pl.DataFrame, past: Past) -> SeriesResult | None:
        """The rows that bars after those of ``past`` add; None where they change earlier rows."""
        symbol, eras, params = self.instrument.symbol, self.eras, self.params
        return extend_series(
            bars, past, symbol=symbol, timeframe=timeframe, eras=eras, params=params
        )

    def lineage(self, timeframe: str, result: SeriesResult | None) -> SeriesLineage:
        """What the lineage states of one timeframe."""
        promoted = self.promoted.get(timeframe)
        return SeriesLineage(
            bars=result.bars_used if result else 0,
            bars_digest=promoted.digest if promoted else "",
            escalation_rows=result.rows_in(ESCALATION) if result else 0,
            max_ts=promoted.max_ts if promoted else None,
            min_ts=promoted.min_ts if promoted else None,
            reason=result.reason if result else "no canonical bars on this timeframe",
            state_rows=result.rows_in(STATE) if result else 0,
            status=result.status if result else "no_bars",
            timeframe=timeframe,
        )


def tables_of(
    results: Mapping[str, SeriesResult], left_out: Collection[str] = ()
) -> dict[str, Iterator[pl.DataFrame]]:
    """Every table of a compute.db in pieces, made when read: together they fill the memory.

    ``results`` are by timeframe, in their order; ``left_out`` are those without a mean escalation.
    """
    return {name: _pieces(name, results, left_out) for name in TABLES}


def _pieces(
    name: str, results: Mapping[str, SeriesResult], left_out: Collection[str]
) -> Iterator[pl.DataFrame]:
    if name == "latest_state":
        yield latest_states(results, left_out)
        return
    for result in results.values():
        yield from result.pieces(name, _AT_ONCE)


#: Share of all rows; if more would change, a new file is written.
_MOST_CHANGED = 0.25

_STATE_COLUMNS = ("downside_shock_risk", "instability_index", "structural_score", "regime_label")


class NotIncrementalError(Exception):
    """The stored results cannot be continued; the message is the reason."""


@dataclass(frozen=True)
class _Changed:
    """A timeframe whose bars differ from those of its results."""

    timeframe: str
    bars: pl.DataFrame
    blocks: Blocks
    shared: int  # number of first rows that are unchanged


def make_results(inputs: Inputs, made: ResultOrigin, *, force: bool) -> StoredResults:
    """Brings compute.db up to date; hold the symbol's lock.

    ``force`` computes everything, whatever is stored. Returns what is stored, with from where
    results were continued or why all were computed. `BarsError` where bars are missing or damaged.
    """
    database = inputs.paths.compute_db
    if force:
        return _build(inputs, made, "computed as a whole, as asked for")
    if not database.exists():
        return _build(inputs, made, "computed as a whole: there are no results yet")
    try:
        require_proven_file(database)
        return apply_update(database, lambda stored: _Increment(inputs, stored).update(made))
    except (NotIncrementalError, ResultsError) as error:
        return _build(inputs, made, f"computed as a whole: {error}")


def _build(inputs: Inputs, made: ResultOrigin, how: str) -> StoredResults:
    timeframes = inputs.instrument.timeframes
    results: dict[str, SeriesResult] = {}
    blocks: dict[str, Blocks] = {}
    for timeframe in (name for name in timeframes if name in inputs.promoted):
        bars, blocks[timeframe] = inputs.bars(timeframe)
        results[timeframe] = inputs.computed(timeframe, bars)
    series = [inputs.lineage(timeframe, results.get(timeframe)) for timeframe in timeframes]
    tables = tables_of(results, made.recipe.left_out)
    lineage = build(inputs.paths.compute_db, tables, made, series, blocks)
    return StoredResults(lineage, how, sum(each.state_rows for each in series))


@dataclass(frozen=True)
class _Increment:
    inputs: Inputs
    reader: ResultsReader

    def update(self, made: ResultOrigin) -> Update:
        lineage = self.reader.lineage()
        if not lineage.recipe.differs_in(made.recipe) <= INPUT:
            raise NotIncrementalError("parameters, eras, code or libraries are others")
        stored = {series.timeframe: series for series in lineage.series}
        if set(stored) != set(self.inputs.instrument.timeframes):
            raise NotIncrementalError("the timeframes of the symbol have changed")
        before = self.reader.blocks()
        changed = self._changed(stored, before)
        pasts = self._pasts([series for series in changed if self._goes_on(series, stored)])
        results = {
            series.timeframe: self._result(series, pasts.get(series.timeframe))
            for series in changed
        }
        made_anew = {name: self.inputs.lineage(name, result) for name, result in results.items()}
        by_timeframe = {**stored, **made_anew}
        return Update(
            additions=tuple(
                _addition(result, table)
                for result in results.values()
                for table in (ESCALATION, LABELS, STATE)
            ),
            before=before,
            bars={series.timeframe: series.blocks for series in changed},
            latest=self._latest(results, stored, made.recipe.left_out),
            made=made,
            series=[by_timeframe[name] for name in self.inputs.instrument.timeframes],
            how="; ".join(_summary(series, results[series.timeframe]) for series in changed)
            or "only the mean escalation changed",
        )

    def _changed(self, stored: Mapping[str, SeriesLineage], before: Content) -> list[_Changed]:
        changed = []
        for timeframe, lineage in stored.items():
            promoted = self.inputs.promoted.get(timeframe)
            if promoted is None and lineage.bars:
                raise NotIncrementalError(f"{timeframe} no longer has bars")
            if promoted is None or promoted.digest == lineage.bars_digest:
                continue
            bars, blocks = self.inputs.bars(timeframe)
            shared = before.get((BARS, timeframe), Blocks(0, ())).rows_shared(bars, blocks)
            changed.append(_Changed(timeframe, bars, blocks, shared))
        anew = sum(series.bars.height - series.shared for series in changed)
        total = sum(series.rows for series in self.inputs.promoted.values())
        if anew > _MOST_CHANGED * total:
            raise NotIncrementalError(f"{anew} of {total} bars are new or changed")
        return changed

    def _goes_on(self, series: _Changed, stored: Mapping[str, SeriesLineage]) -> bool:
        short = why_not(series.shared, self.inputs.params, series.timeframe)
        is_whole = computed_bars(series.bars).height == series.bars.height  # rows are those of bars
        return stored[series.timeframe].status == "complete" and is_whole and not short

    def _result(self, series: _Changed, past: Past | None) -> SeriesResult:
        added = None
        if past is not None:
            added = self.inputs.extended(series.timeframe, series.bars, past)
        return self.inputs.computed(series.timeframe, series.bars) if added is None else added

    def _pasts(self, continued: Sequence[_Changed]) -> dict[str, Past]:
        """What rows depend on, of each series; a query for all costs no more than for a single."""
        if not continued:
            return {}
        names = [series.timeframe for series in continued]
        states = self.reader.physical(STATE, names, _STATE_COLUMNS)
        ranks = self.reader.physical(ESCALATION, names, ("esc_raw",))
        pasts = {}
        for series in continued:
            rows = series.shared - FIRST_BARS.state
            shock, unstable, structure, label = _first(states, series, rows, _STATE_COLUMNS)
            (esc_raw,) = _first(ranks, series, series.shared, ("esc_raw",))
            horizon = self.inputs.params.at(series.timeframe).horizon
            close = series.bars["close"].head(series.shared).to_numpy()
            each = past_of(close, (shock, unstable, structure), esc_raw, label, horizon)
            pasts[series.timeframe] = each
        return pasts

    def _latest(
        self,
        results: Mapping[str, SeriesResult],
        stored: Mapping[str, SeriesLineage],
        left_out: Collection[str],
    ) -> pl.DataFrame:
        latest: dict[str, Latest] = {}
        for timeframe in self.inputs.instrument.timeframes:
            lineage = stored[timeframe]
            state = None
            if timeframe in results:
                state = latest_of(results[timeframe])
            elif lineage.state_rows:
                row = self.reader.table("latest_state", timeframe=timeframe)
                state = Latest(row, has_escalation=lineage.status == "complete")
            if state is not None:
                latest[timeframe] = state
        return latest_rows(latest, left_out)


def _first(
    stored: Mapping[str, pl.DataFrame], series: _Changed, rows: int, columns: Sequence[str]
) -> list[npt.NDArray[Any]]:
    """Columns of the first stored rows of a series."""
    kept = stored.get(series.timeframe, pl.DataFrame()).head(rows)
    if kept.height < rows:
        raise NotIncrementalError(f"{series.timeframe} holds {kept.height} of {rows} rows")
    return [kept[name].to_numpy() for name in columns]


def _addition(result: SeriesResult, table: str) -> Addition:
    rows = result.frame(table)
    kept = result.rows_in(table) - rows.height
    opens = result.opens[result.bars_used - result.rows_in(table) :]
    return Addition(table, result.timeframe, kept, opens[:kept], rows)


def _summary(series: _Changed, result: SeriesResult) -> str:
    rows = result.rows[STATE].first if STATE in result.rows else 0
    if rows > FIRST_BARS.state:
        return f"{series.timeframe}: went on from bar {rows} of {result.bars_used}"
    return f"{series.timeframe}: computed all {result.bars_used} bars"
