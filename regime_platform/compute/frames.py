"""Computed columns as the frames of their tables.

Kernels give numbers, codes and bit masks. Words, nulls and types are added here, for all columns of
a table in one go: a Polars expression evaluated by itself costs more than most columns hold. By way
of Polars alone: pyarrow imports pandas where it is installed, which takes half a second.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.result_schema import TABLES

#: The code of a row that has no word of its vocabulary.
NO_CODE = 255


@dataclass(frozen=True)
class Words:
    """A text column before it is written out: of every row, the position of its text."""

    positions: npt.NDArray[np.int64]
    texts: pl.Series

    def __getitem__(self, rows: slice) -> "Words":
        return Words(self.positions[rows], self.texts)


def words_of(masks: npt.NDArray[np.int64], *said: Callable[[int], str]) -> tuple[Words, ...]:
    """What a bit mask per row says, in one way or several; each mask is put into words once."""
    distinct = np.unique(masks)
    positions = np.searchsorted(distinct, masks)
    listed = distinct.tolist()
    return tuple(Words(positions, pl.Series(map(one, listed), dtype=pl.String)) for one in said)


#: Name -> one value per row: an array of floats (NaN is null), codes (`NO_CODE` is null) or flags,
#: `Words`, or a series.
Columns = Mapping[str, Any]


def columns_frame(table: str, columns: Columns) -> pl.DataFrame:
    """The given columns in the order and with the types that ``TABLES[table]`` has them in."""
    schema = TABLES[table]
    raw = pl.DataFrame([_as_series(name, columns[name]) for name in schema if name in columns])
    shape = _shape(table)
    return raw.with_columns(
        shape[name] for name, dtype in raw.schema.items() if dtype != schema[name]
    )


def key_columns(symbol: str, timeframe: str, opens: pl.Series) -> dict[str, Any]:
    """Symbol, timeframe and ts for every row of a table."""
    words: pl.Enum = TABLES["state_history"]["timeframe"]  # type: ignore[assignment]
    code = words.categories.to_list().index(timeframe)
    rows = len(opens)
    named = pl.Series([symbol], dtype=pl.String).new_from_index(0, rows)
    return {"symbol": named, "timeframe": np.full(rows, code, np.uint8), "ts": opens}


@cache
def _shape(table: str) -> dict[str, pl.Expr]:
    return {name: _typed(name, dtype) for name, dtype in TABLES[table].items()}


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Enum):
        # of all vocabularies, this one alone has rows without a word
        known = column.replace(NO_CODE, None) if name == "event_severity" else column
        return known.cat.to(dtype)
    return column.cast(dtype)


def _as_series(name: str, column: Any) -> pl.Series:
    if isinstance(column, Words):
        return column.texts.gather(column.positions).alias(name)
    # one by one: a frame that is to do so for all its columns takes seven times as long
    return pl.Series(name, column, nan_to_null=True)
