"""New bars into a compute.db that holds the results of the bars before them.

Every timeframe goes on from the first bar that differs from those its results were made from, to
the block of bars that this can be told by. A series that cannot go on is computed as a whole, and
when most rows would change a new file is cheaper than mending the old one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from regime_platform.compute.append import Past, past_of, why_not
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
from regime_platform.compute_db.reader import Reader, reading
from regime_platform.compute_db.update import Addition, Update
from regime_platform.manifests.recipe import differs_in_bars_alone
from regime_platform.model.digests import Blocks
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.pipeline.inputs import Inputs

#: Of all rows; beyond this share a new file is written.
_MOST_CHANGED = 0.25

_SHOCK, _UNSTABLE, _STRUCTURE = "downside_shock_risk", "instability_index", "structural_score"
_LABEL = "regime_label"


class CannotExtendError(Exception):
    """The results held are nothing to go on from; the message says why."""


@dataclass(frozen=True)
class _Changed:
    """One timeframe whose bars are not those that its results were made from."""

    timeframe: str
    bars: pl.DataFrame
    blocks: Blocks
    shared: int  # first rows that are what they were


@dataclass(frozen=True)
class Extension:
    """What changes in a compute.db, all but the recipe that it shall name."""

    additions: tuple[Addition, ...]
    before: Content
    bars: Mapping[str, Blocks]
    latest: pl.DataFrame
    series: list[dict[str, Any]]
    how: str

    def update(self, lineage: Mapping[str, Any]) -> Update:
        """The update to apply, with everything that the results were made from."""
        facts = {"series": self.series, **lineage}
        return Update(self.additions, self.before, self.bars, self.latest, facts)


def extension(inputs: Inputs, recipe: Mapping[str, Any]) -> Extension:
    """Computes what new bars change in the results of a symbol; writes nothing.

    Args:
        inputs: the bars in force and the terms.
        recipe: what the results shall be made from.

    Raises:
        CannotExtendError: more than bars changed, or too many of them, or what to go on from is not
            there.
        BarsError: the canonical bars are missing or damaged.
        ResultsError: there is no compute.db, or a damaged one.
    """
    if not inputs.paths.compute_db.exists():
        raise CannotExtendError("there are no results yet")
    with reading(inputs.paths.compute_db) as reader:
        return _Extender(inputs, reader).extension(recipe)


@dataclass(frozen=True)
class _Extender:
    inputs: Inputs
    reader: Reader

    def extension(self, recipe: Mapping[str, Any]) -> Extension:
        lineage = self.reader.lineage()
        if not differs_in_bars_alone(lineage["recipe"], recipe):
            raise CannotExtendError("parameters, eras, code or libraries are others")
        held = {one["timeframe"]: one for one in lineage["series"]}
        if set(held) != set(self.inputs.instrument.timeframes):
            raise CannotExtendError("the timeframes of the symbol have changed")
        before = self.reader.blocks()
        changed = self._changed(held, before)
        results = {one.timeframe: self._result(one, held[one.timeframe]) for one in changed}
        facts = [
            self.inputs.facts(one, results[one]) if one in results else held[one]
            for one in self.inputs.instrument.timeframes
        ]
        return Extension(
            additions=tuple(
                _addition(result, table)
                for result in results.values()
                for table in (ESCALATION, LABELS, STATE)
            ),
            before=before,
            bars={one.timeframe: one.blocks for one in changed},
            latest=self._latest(results, held),
            series=facts,
            how="; ".join(_told(one, results[one.timeframe]) for one in changed),
        )

    def _changed(self, held: Mapping[str, Mapping[str, Any]], before: Content) -> list[_Changed]:
        changed = []
        for timeframe, facts in held.items():
            promoted = self.inputs.promoted.get(timeframe)
            if promoted is None and facts["bars"]:
                raise CannotExtendError(f"{timeframe} has no bars any more")
            if promoted is None or promoted.digest == facts["bars_digest"]:
                continue
            bars, blocks = self.inputs.bars(timeframe)
            shared = before.get((BARS, timeframe), Blocks(0, ())).rows_shared(bars, blocks)
            changed.append(_Changed(timeframe, bars, blocks, shared))
        anew = sum(one.bars.height - one.shared for one in changed)
        total = sum(one.rows for one in self.inputs.promoted.values())
        if anew > _MOST_CHANGED * total:
            raise CannotExtendError(f"{anew} of {total} bars are new or changed")
        return changed

    def _result(self, one: _Changed, facts: Mapping[str, Any]) -> SeriesResult:
        added = None
        short = why_not(one.shared, self.inputs.params, one.timeframe)
        if facts["status"] == "complete" and not short:
            added = self.inputs.extended(one.timeframe, one.bars, self._past(one))
        return self.inputs.computed(one.timeframe, one.bars) if added is None else added

    def _past(self, one: _Changed) -> Past:
        state = self._stored(
            one, STATE, one.shared - FIRST_BARS.state, _SHOCK, _UNSTABLE, _STRUCTURE, _LABEL
        )
        horizon = self.inputs.params.at(one.timeframe).horizon
        return past_of(
            one.bars["close"].head(one.shared).to_numpy(),
            (state[_SHOCK].to_numpy(), state[_UNSTABLE].to_numpy(), state[_STRUCTURE].to_numpy()),
            self._stored(one, ESCALATION, one.shared, "esc_raw")["esc_raw"].to_numpy(),
            state[_LABEL].to_physical().to_numpy(),
            horizon,
        )

    def _stored(self, one: _Changed, table: str, rows: int, *columns: str) -> pl.DataFrame:
        found = self.reader.table(table, timeframe=one.timeframe, columns=columns).head(rows)
        if found.height < rows:
            raise CannotExtendError(f"{table} holds {found.height} of {rows} rows")
        return found

    def _latest(
        self, results: Mapping[str, SeriesResult], held: Mapping[str, Mapping[str, Any]]
    ) -> pl.DataFrame:
        kept = [name for name, facts in held.items() if name not in results and facts["state_rows"]]
        stored = self.reader.table("latest_state") if kept else LATEST_SCHEMA.to_frame()
        latest: dict[str, Latest] = {}
        for timeframe in self.inputs.instrument.timeframes:
            if timeframe in results:
                found = latest_of(results[timeframe])
            else:
                row = stored.filter(pl.col("timeframe") == timeframe)
                has_escalation = held[timeframe]["status"] == "complete"
                found = Latest(row, has_escalation) if row.height else None
            if found is not None:
                latest[timeframe] = found
        return latest_table(latest)


def _addition(result: SeriesResult, table: str) -> Addition:
    rows = result.frame(table)
    kept = result.rows_in(table) - rows.height
    opens = result.opens[result.bars_used - result.rows_in(table) :]
    return Addition(table, result.timeframe, kept, opens[:kept], rows)


def _told(one: _Changed, result: SeriesResult) -> str:
    rows = result.rows[STATE].first if STATE in result.rows else 0
    if rows > FIRST_BARS.state:
        return f"{one.timeframe}: went on from bar {rows} of {result.bars_used}"
    return f"{one.timeframe}: computed all {result.bars_used} bars"
