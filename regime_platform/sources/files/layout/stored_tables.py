"""The columns of Parquet and Arrow files, in types that bars are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from regime_platform.errors import BarsError
from regime_platform.sources.files.layout.container import ARROW, PARQUET, Content


@dataclass(frozen=True)
class StoredTable:
    """A table of a Parquet or Arrow file."""

    path: Path
    table: pa.Table

    @property
    def header(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(self.table.column_names)

    def columns(self, places: Sequence[int]) -> pl.DataFrame:
        """The columns at these places, named by them: text, numbers, dates or times.

        ``BarsError`` names column and type of another.
        """
        return pl.DataFrame({str(place): self._column(place) for place in dict.fromkeys(places)})

    def first_of_times(self) -> int | None:
        """The place of the only column whose type is of times or dates."""
        kinds = [
            types.is_timestamp(field.type) or types.is_date(field.type)
            for field in self.table.schema
        ]
        return kinds.index(True) if sum(kinds) == 1 else None

    def _column(self, place: int) -> pl.Series:
        column, name = self.table.column(place), self.table.column_names[place]
        try:
            series = pl.Series(str(place), pl.from_arrow(_plain(column)))
        except (pa.ArrowException, pl.exceptions.PolarsError, ValueError) as error:
            message = f"{self.path}: column {name} has the type {column.type} ({error}); expected "
            raise BarsError(
                message + "numbers, times, dates or text", code="column-type"
            ) from error
        return series


def _plain(column: Any) -> Any:
    """The column in a type that Polars has; others stay as they are."""
    kind = column.type
    if types.is_dictionary(kind):
        return _plain(pc.cast(column, kind.value_type))
    if types.is_decimal(kind) or types.is_float16(kind):
        return pc.cast(pc.cast(column, pa.string()), pa.float64())  # rounded once
    if types.is_timestamp(kind) and (kind.tz or "")[:1] in ("+", "-"):
        # of a fixed offset Polars has no zone: as text with its offset
        local = pc.local_timestamp(column)
        return pc.binary_join_element_wise(pc.strftime(local, "%Y-%m-%d %H:%M:%S"), kind.tz, "")
    if types.is_timestamp(kind) and kind.unit == "s":
        return pc.cast(column, pa.timestamp("ms", kind.tz))
    return column


def stored_table(content: Content, path: Path) -> StoredTable:
    """The table of a file; ``BarsError`` where it is damaged."""
    name = "Parquet" if content.kind == PARQUET else "Arrow"
    try:
        with content.open() as stream:
            if content.kind == PARQUET:
                table = pq.read_table(stream, page_checksum_verification=True)
            elif content.kind == ARROW:
                table = pa.ipc.open_file(stream.read()).read_all()
            else:
                table = pa.ipc.open_stream(stream.read()).read_all()
            table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path}: not a readable {name} file ({error}); export it again"
        raise BarsError(message, code="unreadable-file") from error
    return StoredTable(path, table)
