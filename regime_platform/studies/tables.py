"""Tables from rows, with the types that the units of their columns need."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from regime_platform.studies.result import Column, StudyTable, Unit

_TYPES: Mapping[Unit, pl.DataType] = {
    Unit.TEXT: pl.String(),
    Unit.DATE: pl.Datetime("us", "UTC"),
    Unit.COUNT: pl.Int64(),
}


def table_of(  # noqa: PLR0913 - the parts of a table
    key: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, Any]],
    note: str = "",
    *,
    is_detail: bool = False,
) -> StudyTable:
    """A table; a row may have further keys, which are left out, and NaN becomes null."""
    schema = {each.key: _TYPES.get(each.unit, pl.Float64()) for each in columns}
    values = [[row[name] for name in schema] for row in rows]
    frame = pl.DataFrame(values, schema, orient="row").fill_nan(None)
    return StudyTable(key, title, tuple(columns), frame, note, is_detail)
