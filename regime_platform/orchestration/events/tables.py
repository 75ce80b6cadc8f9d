"""Metadata values that Dagster's UI draws: tables, column schemas, inline images."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import dagster as dg
import polars as pl

from regime_platform.model.timeframes import is_intraday
from regime_platform.report.picture.picture import data_uri

_TYPES: Mapping[type, str] = {int: "int", float: "float", bool: "bool"}


def table(rows: Sequence[Mapping[str, Any]]) -> dg.MetadataValue[Any]:
    """A table whose columns and types are those of the first row."""
    if not rows:
        return dg.MetadataValue.text("none")
    columns = [
        dg.TableColumn(name, _TYPES.get(type(cell), "string")) for name, cell in rows[0].items()
    ]
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(row)) for row in rows], dg.TableSchema(columns=columns)
    )


def column_schema(
    schema: pl.Schema, notes: Mapping[str, str] = MappingProxyType({})
) -> dg.TableSchema:
    """The columns of a frame as the UI's column list, with notes on some of them."""
    return dg.TableSchema(
        columns=[_column(name, dtype, notes.get(name, "")) for name, dtype in schema.items()]
    )


def _column(name: str, dtype: pl.DataType, note: str) -> dg.TableColumn:
    if not isinstance(dtype, pl.Enum):
        return dg.TableColumn(name, str(dtype), note or None)
    # the UI draws a type with "num" in its name as a number
    words = f"one of {', '.join(dtype.categories)}"
    return dg.TableColumn(name, "String", f"{words}; {note}" if note else words)


def brief(digest: str) -> str:
    """The first 12 characters of a digest: a whole one pushes the columns after it off the page."""
    return digest[:12]


def when(instant: str, timeframe: str) -> str:
    """The open time of a bar as the UI shows it: only the date for daily and weekly bars."""
    return instant if is_intraday(timeframe) else instant.removesuffix("T00:00:00Z")


def picture(svg: str, text: str) -> dg.MetadataValue[Any]:
    """An inline picture; it is stored in the event's row, so it must not exceed about 10 kB."""
    return dg.MetadataValue.md(f"![{text}]({data_uri(svg)})")
