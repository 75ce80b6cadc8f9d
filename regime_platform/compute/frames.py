"""Turns computed columns into data frames with the schemas of the result tables.

Kernels return numbers, codes and bit masks. Words, nulls and types are added here, for all columns
of a table in one Polars evaluation, since one evaluation per column is slower. pyarrow is not used:
it imports pandas where that is installed, which takes half a second.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.result_schema import TABLES

#: The code of a row without a word; it becomes null.
NO_CODE = 255


@dataclass(frozen=True)
class Words:
    """A text column in compact form: the position of each row's text among the distinct texts."""

    positions: npt.NDArray[np.int64]
    texts: pl.Series

    def __getitem__(self, rows: slice) -> "Words":
        return Words(self.positions[rows], self.texts)


def words_of(masks: npt.NDArray[np.int64], *texts: Callable[[int], str]) -> tuple[Words, ...]:
    """One text column per function of ``texts``, which is called once per distinct bit mask."""
    distinct = np.unique(masks)
    positions = np.searchsorted(distinct, masks)
    listed = distinct.tolist()
    return tuple(Words(positions, pl.Series(map(text, listed), dtype=pl.String)) for text in texts)


#: Name -> one value per row: an array of floats (NaN is null), codes (`NO_CODE` is null) or flags,
#: `Words`, or a series.
Columns = Mapping[str, Any]


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
