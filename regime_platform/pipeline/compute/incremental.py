"""Updates a compute.db by what new bars change in it.

The results of a timeframe are kept up to the first block of bars whose digest differs from the one
stored with the results; the rows after it are computed again. Where a series cannot be continued it
is computed as a whole, and where most rows would change a new file is cheaper than an update.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import polars as pl

from regime_platform.compute.incremental import Past, past_of, why_not
from regime_platform.compute.params import FIRST_BARS
from regime_platform.compute.results import (
    ESCALATION,
    LABELS,
    STATE,
    Latest,
    SeriesResult,
    latest_of,
    latest_table,
)
from regime_platform.compute_db.content import BARS, Content
from regime_platform.compute_db.reader import ResultsReader
from regime_platform.compute_db.update import Addition, Update
from regime_platform.manifests.lineage import ResultOrigin, SeriesLineage
from regime_platform.model.digests import Blocks
from regime_platform.pipeline.compute.inputs import Inputs

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


def incremental_update(inputs: Inputs, reader: ResultsReader, made: ResultOrigin) -> Update:
    """Computes what new bars change in the results of a symbol; writes nothing.

    Args:
        inputs: the bars in force, the eras and the parameters.
        reader: of the stored results.
        made: the recipe and the code, for the lineage.

    Raises:
        NotIncrementalError: more than bars changed, or too many of them, or rows to continue from
            are missing.
        BarsError: the canonical bars are missing or damaged.
    """
    return _Increment(inputs, reader).update(made)


@dataclass(frozen=True)
class _Increment:
    inputs: Inputs
    reader: ResultsReader

    def update(self, made: ResultOrigin) -> Update:
        lineage = self.reader.lineage()
        if not lineage.recipe.differs_in_bars_alone(made.recipe):
            raise NotIncrementalError("parameters, eras, code or libraries are others")
        stored = {series.timeframe: series for series in lineage.series}
        if set(stored) != set(self.inputs.instrument.timeframes):
            raise NotIncrementalError("the timeframes of the symbol have changed")
        before = self.reader.blocks()
        changed = self._changed(stored, before)
        results = {
            series.timeframe: self._result(series, stored[series.timeframe]) for series in changed
        }
        series_lineage = [
            self.inputs.lineage(timeframe, results[timeframe])
            if timeframe in results
            else stored[timeframe]
            for timeframe in self.inputs.instrument.timeframes
        ]
        return Update(
            additions=tuple(
                _addition(result, table)
                for result in results.values()
                for table in (ESCALATION, LABELS, STATE)
            ),
            before=before,
            bars={series.timeframe: series.blocks for series in changed},
            latest=self._latest(results, stored),
            made=made,
            series=series_lineage,
            how="; ".join(_summary(series, results[series.timeframe]) for series in changed),
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

    def _result(self, series: _Changed, lineage: SeriesLineage) -> SeriesResult:
        added = None
        short = why_not(series.shared, self.inputs.params, series.timeframe)
        if lineage.status == "complete" and not short:
            added = self.inputs.extended(series.timeframe, series.bars, self._past(series))
        return self.inputs.computed(series.timeframe, series.bars) if added is None else added

    def _past(self, series: _Changed) -> Past:
        rows = series.shared - FIRST_BARS.state
        shock, unstable, structure, label = self._stored(series, STATE, rows, *_STATE_COLUMNS)
        (esc_raw,) = self._stored(series, ESCALATION, series.shared, "esc_raw")
        horizon = self.inputs.params.at(series.timeframe).horizon
        close = series.bars["close"].head(series.shared).to_numpy()
        return past_of(close, (shock, unstable, structure), esc_raw, label, horizon)

    def _stored(
        self, series: _Changed, table: str, rows: int, *columns: str
    ) -> list[npt.NDArray[Any]]:
        kept = self.reader.physical(table, series.timeframe, *columns).head(rows)
        if kept.height < rows:
            raise NotIncrementalError(f"{table} holds {kept.height} of {rows} rows")
        return [kept[name].to_numpy() for name in columns]

    def _latest(
        self, results: Mapping[str, SeriesResult], stored: Mapping[str, SeriesLineage]
    ) -> pl.DataFrame:
        latest: dict[str, Latest] = {}
        for timeframe in self.inputs.instrument.timeframes:
            if timeframe in results:
                state = latest_of(results[timeframe])
            else:
                state = self._latest_stored(stored[timeframe])
            if state is not None:
                latest[timeframe] = state
        return latest_table(latest)

    def _latest_stored(self, lineage: SeriesLineage) -> Latest | None:
        if not lineage.state_rows:
            return None
        row = self.reader.table("latest_state", timeframe=lineage.timeframe)
        return Latest(row, has_escalation=lineage.status == "complete")


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
