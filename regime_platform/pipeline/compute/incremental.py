"""New bars into a compute.db that holds the results of the bars before them.

Every timeframe goes on from the first bar that differs from those its results were made from, to
the block of bars that this can be told by. A series that cannot go on is computed as a whole, and
when most rows would change a new file is cheaper than mending the old one.
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
from regime_platform.compute_db.reader import Reader
from regime_platform.compute_db.update import Addition, Update
from regime_platform.manifests.recipe import differs_in_bars_alone
from regime_platform.model.digests import Blocks
from regime_platform.pipeline.compute.inputs import Inputs

#: Of all rows; beyond this share a new file is written.
_MOST_CHANGED = 0.25

_STATE_COLUMNS = ("downside_shock_risk", "instability_index", "structural_score", "regime_label")


class CannotExtendError(Exception):
    """The results held are nothing to go on from; the message says why."""


@dataclass(frozen=True)
class _Changed:
    """One timeframe whose bars are not those that its results were made from."""

    timeframe: str
    bars: pl.DataFrame
    blocks: Blocks
    shared: int  # first rows that are what they were


def extension(inputs: Inputs, reader: Reader, made: Mapping[str, Any]) -> Update:
    """Computes what new bars change in the results of a symbol; writes nothing.

    Args:
        inputs: the bars in force and the terms.
        reader: of the results held.
        made: the recipe and the code, as the lineage shall name them.

    Raises:
        CannotExtendError: more than bars changed, or too many of them, or what to go on from is not
            there.
        BarsError: the canonical bars are missing or damaged.
    """
    return _Extender(inputs, reader).extension(made)


@dataclass(frozen=True)
class _Extender:
    inputs: Inputs
    reader: Reader

    def extension(self, made: Mapping[str, Any]) -> Update:
        lineage = self.reader.lineage()
        if not differs_in_bars_alone(lineage["recipe"], made["recipe"]):
            raise CannotExtendError("parameters, eras, code or libraries are others")
        held = {series["timeframe"]: series for series in lineage["series"]}
        if set(held) != set(self.inputs.instrument.timeframes):
            raise CannotExtendError("the timeframes of the symbol have changed")
        before = self.reader.blocks()
        changed = self._changed(held, before)
        results = {one.timeframe: self._result(one, held[one.timeframe]) for one in changed}
        facts = [
            self.inputs.facts(timeframe, results[timeframe])
            if timeframe in results
            else held[timeframe]
            for timeframe in self.inputs.instrument.timeframes
        ]
        return Update(
            additions=tuple(
                _addition(result, table)
                for result in results.values()
                for table in (ESCALATION, LABELS, STATE)
            ),
            before=before,
            bars={one.timeframe: one.blocks for one in changed},
            latest=self._latest(results, held),
            lineage={"series": facts, **made},
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
        rows = one.shared - FIRST_BARS.state
        shock, unstable, structure, label = self._stored(one, STATE, rows, *_STATE_COLUMNS)
        (esc_raw,) = self._stored(one, ESCALATION, one.shared, "esc_raw")
        horizon = self.inputs.params.at(one.timeframe).horizon
        close = one.bars["close"].head(one.shared).to_numpy()
        return past_of(close, (shock, unstable, structure), esc_raw, label, horizon)

    def _stored(
        self, one: _Changed, table: str, rows: int, *columns: str
    ) -> list[npt.NDArray[Any]]:
        found = self.reader.plain(table, one.timeframe, *columns).head(rows)
        if found.height < rows:
            raise CannotExtendError(f"{table} holds {found.height} of {rows} rows")
        return [found[name].to_numpy() for name in columns]

    def _latest(
        self, results: Mapping[str, SeriesResult], held: Mapping[str, Mapping[str, Any]]
    ) -> pl.DataFrame:
        latest: dict[str, Latest] = {}
        for timeframe in self.inputs.instrument.timeframes:
            if timeframe in results:
                found = latest_of(results[timeframe])
            else:
                found = self._latest_held(held[timeframe])
            if found is not None:
                latest[timeframe] = found
        return latest_table(latest)

    def _latest_held(self, facts: Mapping[str, Any]) -> Latest | None:
        if not facts["state_rows"]:
            return None
        row = self.reader.table("latest_state", timeframe=facts["timeframe"])
        return Latest(row, has_escalation=facts["status"] == "complete")


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
