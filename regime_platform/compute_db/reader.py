"""Reads compute.db: opened read-only and closed at once, so that it can be updated.

All rows are verified before any is returned: see `proof`. A file of another schema version is
refused with both versions named; the SQLite file of the legacy engine is version 1, and
`previous` reads it for queries.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from regime_platform.bar_store.proven import stamp_of
from regime_platform.compute_db.connection import FileInUseError, attached
from regime_platform.compute_db.content import read_content
from regime_platform.compute_db.file_checks import require_current, require_version
from regime_platform.compute_db.ordering import KEY, ordered
from regime_platform.compute_db.physical_rows import physical_rows
from regime_platform.compute_db.proof import (
    UNREADABLE,
    damaged,
    first_line,
    is_file_proven,
    require_proven,
)
from regime_platform.errors import (
    ResultsError,
    UsageError,
)
from regime_platform.manifests.lineage import Lineage
from regime_platform.model.digests import Blocks
from regime_platform.model.result_schema import (
    TABLES,
)


@dataclass(frozen=True)
class ResultsReader:
    """A compute.db that is open for reading; see `reading`."""

    connection: duckdb.DuckDBPyConnection
    read_as: str = ""  # of a file of version 1: that it is one, and how it was read
    digests: Mapping[str, str] | None = None  # table digests of such a file, which has no lineage

    def table(  # noqa: PLR0913 - each argument narrows the same question
        self,
        table: str,
        *,
        timeframe: str | None = None,
        start: dt.datetime | None = None,
        end: dt.datetime | None = None,
        columns: Sequence[str] | None = None,
        last: int | None = None,
    ) -> pl.DataFrame:
        """Rows of one table of ``TABLES``, in its schema, ordered by timeframe and ts.

        Args:
            table: the name of the table.
            timeframe: only rows of this timeframe.
            start: first open wanted (aware).
            end: the open before which the rows end (aware).
            columns: a selection, in the given order; all by default.
            last: only so many rows, from the end; needs ``timeframe``.

        Raises:
            UsageError: there is no such table or column, or ``last`` comes without ``timeframe``.
        """
        schema = _known_schema(table, columns)
        if last is not None and timeframe is None:
            raise UsageError(
                f"the last {last} rows of {table}: give a timeframe", code="missing-timeframe"
            )
        wanted = tuple(schema) if columns is None else tuple(columns)
        conditions = {"timeframe = ?": timeframe, "ts >= ?": _naive(start), "ts < ?": _naive(end)}
        narrowed = {clause: value for clause, value in conditions.items() if value is not None}
        where = f"WHERE {' AND '.join(narrowed)}" if narrowed else ""
        # updates append rows, so only the rows of a single timeframe are in order
        read = (*KEY, *(name for name in wanted if name not in KEY))
        listed = ", ".join(f'"{name}"' for name in read)
        tail = f" ORDER BY ts DESC LIMIT {int(last)}" if last is not None else ""
        query = f'SELECT {listed} FROM "{table}" {where}{tail}'  # noqa: S608 - own names
        rows = typed_rows(self.connection.sql(query, params=list(narrowed.values())), schema)
        return ordered(rows).select(wanted)

    def physical(self, table: str, timeframe: str, *columns: str) -> pl.DataFrame:
        """Columns of all rows of one timeframe in physical values, see `physical_rows`."""
        return physical_rows(
            self.connection, table, "timeframe = ?", [timeframe], (*KEY, *columns)
        ).select(columns)

    def lineage(self) -> Lineage:
        """What the results were made from, as stored by ``store.build``.

        Raises:
            ValidationError: it is damaged; `reading` turns that into a ResultsError.
        """
        rows = self.connection.execute("SELECT lineage FROM schema_version").fetchall()
        return Lineage.model_validate_json(rows[0][0])

    def table_digests(self) -> Mapping[str, str]:
        """Table -> content digest, of a file of either version."""
        return self.lineage().tables if self.digests is None else self.digests

    def blocks(self) -> dict[tuple[str, str], Blocks]:
        """Block digests of the tables and of the bars used, by (table or "bars", timeframe)."""
        return read_content(self.connection)


@contextmanager
def reading(path: Path, *, prove: bool = True) -> Iterator[ResultsReader]:
    """Opens a compute.db for several queries to the same state of it.

    Args:
        path: the file.
        prove: verify every row first, unless that was done since the file last changed; False for
            callers that verify the rows themselves.

    Raises:
        ResultsError: the file is missing, damaged, of another version, or in use by a writer.
    """
    require_current(path)
    opened = stamp_of(path)
    try:
        with attached(path, read_only=True) as connection:
            require_version(path, connection)
            if prove:
                require_proven(path, connection, opened)
            yield ResultsReader(connection)
    except FileInUseError as error:
        raise ResultsError(
            f"{path} is being written: {error}; try again in a moment", code="results-in-use"
        ) from error
    except UNREADABLE as error:
        raise damaged(path, first_line(error)) from error


def require_proven_file(path: Path) -> None:
    """Verifies every row of a compute.db, unless that was done since the file last changed.

    Raises:
        ResultsError: see `reading`.
    """
    if not is_file_proven(path):
        with reading(path):
            pass


def read_table(path: Path, table: str, **narrowed: Any) -> pl.DataFrame:
    """One table of one file; ``narrowed`` as in `ResultsReader.table`.

    Raises:
        ResultsError: see `reading`.
        UsageError: see `ResultsReader.table`.
    """
    with reading(path) as reader:
        return reader.table(table, **narrowed)


def read_lineage(path: Path) -> Lineage:
    """The lineage of one file.

    Raises:
        ResultsError: see `reading`.
    """
    with reading(path) as reader:
        return reader.lineage()


def typed_rows(relation: duckdb.DuckDBPyRelation, schema: pl.Schema) -> pl.DataFrame:
    """The rows of a query with the types of ``schema``."""
    frame = pl.DataFrame(relation.to_arrow_table())
    others = {name: schema[name] for name, dtype in frame.schema.items() if dtype != schema[name]}
    return frame.with_columns(_as_typed(name, dtype) for name, dtype in others.items())


def _known_schema(table: str, columns: Sequence[str] | None) -> pl.Schema:
    if table not in TABLES:
        raise UsageError(
            f"no table {table!r} in compute.db; there are {', '.join(TABLES)}", code="no-such-table"
        )
    unknown = [name for name in columns or () if name not in TABLES[table]]
    if unknown:
        raise UsageError(
            f"{table} has no column {', '.join(unknown)}; see model.result_schema",
            code="no-such-column",
        )
    return TABLES[table]


def _as_typed(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return column.cast(dtype)


def _naive(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC).replace(tzinfo=None)
