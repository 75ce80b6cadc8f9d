"""The results of one series: columns, frames, and the latest state over all timeframes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl

from regime_platform.compute.frames import Columns, columns_frame, key_columns
from regime_platform.compute.params import FIRST_BARS
from regime_platform.model.result_schema import LATEST_SCHEMA, TABLES

Status = Literal["complete", "state_only", "too_short"]

ESCALATION = "escalation_history_v3"
LABELS = "forward_labels"
STATE = "state_history"


@dataclass(frozen=True)
class Rows:
    """Rows of one table without their keys: one per bar from bar ``first`` to the last."""

    first: int
    columns: Columns


@dataclass(frozen=True)
class SeriesResult:
    """The results of one symbol and timeframe; without rows where the history is too short.

    A result of ``compute_series`` has every row, one of ``extend_series`` those that changed.
    """

    symbol: str
    timeframe: str
    status: Status
    reason: str  # why it is not complete, "" if it is
    opens: pl.Series  # of all bars that have a close
    rows: Mapping[str, Rows]  # table -> its computed columns
    regime_first: int = 0  # bar at which the unbroken run of the last label began

    @property
    def bars_used(self) -> int:
        """Bars with a close."""
        return len(self.opens)

    def rows_in(self, table: str) -> int:
        """How many rows the table has for all bars, including unchanged ones."""
        if table not in self.rows:
            return 0
        return self.bars_used - (FIRST_BARS.state if table == STATE else 0)

    @cached_property
    def escalation(self) -> pl.DataFrame:
        """``ESCALATION_SCHEMA``, one row per bar."""
        return self.frame(ESCALATION)

    @cached_property
    def labels(self) -> pl.DataFrame:
        """``LABEL_SCHEMA``, one row per bar; these look ahead."""
        return self.frame(LABELS)

    @cached_property
    def state(self) -> pl.DataFrame:
        """``STATE_SCHEMA``, one row per bar from bar 20 on."""
        return self.frame(STATE)

    def frame(self, table: str) -> pl.DataFrame:
        """The rows of one table in its schema."""
        return self._frame(table, slice(None))

    def pieces(self, table: str, at_once: int) -> Iterator[pl.DataFrame]:
        """The same in pieces of ``at_once`` rows, to limit memory."""
        for start in range(0, self.rows_in(table), at_once):
            yield self._frame(table, slice(start, start + at_once))

    def _frame(self, table: str, part: slice) -> pl.DataFrame:
        if table not in self.rows:
            return TABLES[table].to_frame()
        rows = self.rows[table]
        key = key_columns(self.symbol, self.timeframe, self.opens[rows.first :][part])
        own = {name: column[part] for name, column in rows.columns.items()}
        return columns_frame(table, {**key, **own})


@dataclass(frozen=True)
class Latest:
    """The last state of one timeframe, one row of ``LATEST_SCHEMA`` without the mean escalation."""

    row: pl.DataFrame
    has_escalation: bool


def latest_of(result: SeriesResult) -> Latest | None:
    """The last state of one series; None where it has none.

    hazard_score is the escalation score: clamp(100 esc_pctl, 0, 100), null without escalation
    (section 13). It is a percentile times 100, not a hazard rate.
    """
    if STATE not in result.rows:
        return None
    known = ESCALATION in result.rows
    last = slice(-1, None)
    percentile = np.full(1, np.nan)
    if known:
        percentile = np.asarray(result.rows[ESCALATION].columns["esc_pctl"][last])
    columns = {
        **key_columns(result.symbol, result.timeframe, result.opens[last]),
        **{name: column[last] for name, column in result.rows[STATE].columns.items()},
        "esc_pctl": percentile,
        "hazard_score": np.clip(100.0 * percentile, 0.0, 100.0),
        "cross_tf_consensus": np.full(1, np.nan),
        "regime_since": result.opens[result.regime_first : result.regime_first + 1],
        "regime_bars": np.full(1, result.bars_used - result.regime_first),
    }
    return Latest(columns_frame("latest_state", columns), known)


def latest_table(latest: Mapping[str, Latest]) -> pl.DataFrame:
    """The last state of every timeframe of one symbol.

    cross_tf_consensus is the mean escalation: the mean of esc_pctl over all timeframes that have
    one, in [0, 1]; null for a timeframe without escalation (section 13).
    """
    if not latest:
        return LATEST_SCHEMA.to_frame()
    rows = pl.concat(state.row for state in latest.values())
    known = rows["esc_pctl"].drop_nulls().to_list()
    mean_escalation = sum(known) / len(known) if known else None
    counted = pl.Series([state.has_escalation for state in latest.values()])
    return rows.with_columns(
        cross_tf_consensus=pl.when(counted).then(pl.lit(mean_escalation, pl.Float64))
    )


def latest_state(results: Mapping[str, SeriesResult]) -> pl.DataFrame:
    """The last state row of every timeframe that has one, in ``LATEST_SCHEMA``."""
    rows = {name: latest_of(result) for name, result in results.items()}
    return latest_table({name: row for name, row in rows.items() if row is not None})
