"""The results of one series: columns, frames, and the latest state over all timeframes.

Kernels return numbers, codes and bit masks. Words, nulls and types are added here, for all columns
of a table in one Polars evaluation, since one evaluation per column is slower. pyarrow is not used:
it imports pandas where that is installed, which takes half a second.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from regime_platform.compute.kernels import Indices
from regime_platform.compute.params import FIRST_BARS
from regime_platform.model.result_schema import LATEST_SCHEMA, TABLES

Status = Literal["complete", "state_only", "too_short"]

ESCALATION = "escalation_history_v3"
LABELS = "forward_labels"
STATE = "state_history"

#: The code of a row without a word; it becomes null.
NO_CODE = 255


@dataclass(frozen=True)
class Words:
    """A text column in compact form: the position of each row's text among the distinct texts."""

    positions: Indices
    texts: pl.Series

    def __getitem__(self, rows: slice) -> "Words":
        return Words(self.positions[rows], self.texts)


def words_of(masks: Indices, *texts: Callable[[int], str]) -> tuple[Words, ...]:
    """One text column per function of ``texts``, which is called once per distinct bit mask."""
    distinct = np.unique(masks)
    positions = np.searchsorted(distinct, masks)
    listed = distinct.tolist()
    return tuple(Words(positions, pl.Series(map(text, listed), dtype=pl.String)) for text in texts)


#: Name -> one value per row: an array of floats (NaN is null), codes (`NO_CODE` is null) or flags,
#: `Words`, or a series.
Columns = Mapping[str, Any]


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


def columns_frame(table: str, columns: Columns) -> pl.DataFrame:
    """The given columns in the order and with the types of ``TABLES[table]``."""
    schema = TABLES[table]
    raw = pl.DataFrame([_as_series(name, columns[name]) for name in schema if name in columns])
    expressions = _expressions(table)
    return raw.with_columns(
        expressions[name] for name, dtype in raw.schema.items() if dtype != schema[name]
    )


def key_columns(symbol: str, timeframe: str, opens: pl.Series) -> dict[str, Any]:
    """Symbol, timeframe and ts for every row of a table."""
    words: pl.Enum = TABLES["state_history"]["timeframe"]  # type: ignore[assignment]
    code = words.categories.to_list().index(timeframe)
    rows = len(opens)
    named = pl.Series([symbol], dtype=pl.String).new_from_index(0, rows)
    return {"symbol": named, "timeframe": np.full(rows, code, np.uint8), "ts": opens}


@cache
def _expressions(table: str) -> dict[str, pl.Expr]:
    return {name: _typed(name, dtype) for name, dtype in TABLES[table].items()}


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Enum):
        # the only vocabulary with rows that have no word
        known = column.replace(NO_CODE, None) if name == "event_severity" else column
        return known.cat.to(dtype)
    return column.cast(dtype)


def _as_series(name: str, column: Any) -> pl.Series:
    if isinstance(column, Words):
        return column.texts.gather(column.positions).alias(name)
    # per column: the same option of a DataFrame takes seven times as long
    return pl.Series(name, column, nan_to_null=True)
