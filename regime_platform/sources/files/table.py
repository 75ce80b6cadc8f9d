"""The columns of one file of bars, whatever its container and its layout.

What a file lacks to be understood is refused with its place, or asked for by the name of a key;
rows that are wrong (a null price, a duplicate, rows out of order) pass, for the gate to validate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from regime_platform.errors import BarsError
from regime_platform.sources.files.facts import STATED, Fact, require_certain
from regime_platform.sources.files.layout.column_names import plain_name
from regime_platform.sources.files.layout.columns import Columns, columns_of, pairs_of
from regime_platform.sources.files.layout.container import TEXT, Content, content_of
from regime_platform.sources.files.layout.dialect import Dialect, dialect_of
from regime_platform.sources.files.layout.encoding import encoding_of
from regime_platform.sources.files.layout.stored_tables import StoredTable, stored_table
from regime_platform.sources.files.layout.table_rows import TableRows
from regime_platform.sources.files.layout.text_rows import (
    TextRows,
    in_utf_8,
    pieces_of,
    sample_of,
)
from regime_platform.sources.files.layout.unnamed_columns import looks_like_time, unnamed_columns
from regime_platform.sources.files.layout.written_numbers import Marks, is_number, marks_of
from regime_platform.sources.files.mapping import FileMapping

_SAMPLE_ROWS = 1000


@dataclass(frozen=True)
class FileTable:
    """The rows of a file in its order, without those that have no price."""

    path: Path
    container: str  # what the bytes are: csv, csv in gz, csv in zip, arrow, parquet
    facts: tuple[Fact, ...]  # what was understood, in the order of the reading
    #: Labels as the file has them: text, dates, times or numbers. It has the name of the column in
    #: the file: where that is ``ts``, ISO times without an offset are UTC.
    times: pl.Series
    numbers: pl.DataFrame  # open, high, low, close, volume as Float64
    symbols: pl.Series | None  # text of the symbol column, where the file has one
    skipped: int  # rows without any price
    place: Callable[[int], str]  # of a row by its index, as in "line 4" or "row 3"

    @property
    def symbol_texts(self) -> list[str]:
        """The values of the symbol column."""
        return [] if self.symbols is None else self.symbols.unique().drop_nulls().sort().to_list()

    def of_symbol(self, symbol: str) -> "FileTable":
        """The rows of one symbol; all of them where the file has no symbol column."""
        if self.symbols is None:
            return self
        rows = (self.symbols == symbol).arg_true()
        return replace(
            self,
            times=self.times.gather(rows),
            numbers=self.numbers[rows],
            symbols=self.symbols.gather(rows),
            place=lambda row: self.place(rows[row]),
        )


def read_table(path: Path, mapping: FileMapping) -> FileTable:
    """The columns of ``path``, every row of it parsed.

    Raises:
        AmbiguousReadingError: a key of the mapping decides between several meanings.
        BarsError: names file, line or row, column and remedy.
    """
    content = content_of(path)
    facts = (Fact("container", content.container, "its content"),)
    if content.kind == TEXT:
        return _of_text(path, content, mapping, facts)
    return _of_stored(stored_table(content, path), content.container, mapping, facts)


def _of_text(
    path: Path, content: Content, mapping: FileMapping, facts: tuple[Fact, ...]
) -> FileTable:
    pieces = pieces_of(content)
    encoding, encoded = encoding_of(pieces[0], b"".join(pieces), mapping.encoding, path)
    if encoding.startswith(("utf-16", "utf-32")):
        content = in_utf_8(content, encoding, path)
        encoding, pieces = "utf-8-sig", pieces_of(content)
    sample = sample_of(pieces, encoding)
    dialect = dialect_of(sample, mapping, path)
    columns, marks = _columns(dialect, mapping, path)
    facts = (*facts, encoded, *dialect.facts, *columns.facts, *marks.facts)
    require_certain(path, *facts)
    source = TextRows(
        path,
        content,
        encoding,
        dialect,
        mapping.comment,
        has_quotes=content.has_quotes(),
        has_returns=b"\r" in pieces[0] and b"\n" not in pieces[0],
    )
    note = (
        ""
        if encoding.startswith("utf-8")
        else f"; the text is no UTF-8, but read in {encoding}: state `encoding`"
    )
    rows = TableRows(path, columns, replace(marks, note=note), mapping, source.place)
    for chunk in source.chunks(columns.used(mapping.where)):
        rows.add(chunk)
    return _table(path, content.container, facts, rows)


def _of_stored(
    stored: StoredTable, container: str, mapping: FileMapping, facts: tuple[Fact, ...]
) -> FileTable:
    path = stored.path
    columns = columns_of(
        stored.header, mapping, path, f"it has {', '.join(stored.header)}", stored.first_of_times()
    )
    chunk = stored.columns(columns.used(mapping.where))
    texts, prices = (
        [text for place in places for text in _texts(chunk[str(place)])]
        for places in (columns.numeric, columns.numeric[:4])
    )
    marks = marks_of(texts, prices, ",", mapping)
    facts = (*facts, *columns.facts, *marks.facts)
    require_certain(path, *facts)
    rows = TableRows(path, columns, marks, mapping, lambda row: f"row {row + 1}")
    rows.add(chunk)
    return _table(path, container, facts, rows)


def _table(path: Path, container: str, facts: tuple[Fact, ...], rows: TableRows) -> FileTable:
    facts = (*facts, *rows.facts)
    require_certain(path, *facts)
    return FileTable(
        path, container, facts, rows.times, rows.numbers, rows.symbols, rows.skipped, rows.place
    )


def _texts(column: pl.Series) -> Sequence[str]:
    return column.head(_SAMPLE_ROWS).drop_nulls().to_list() if column.dtype == pl.String else ()


def _columns(dialect: Dialect, mapping: FileMapping, path: Path) -> tuple[Columns, Marks]:
    """The columns of a text, by their names or by their values, and how its numbers are written."""
    if dialect.header:
        time = _unnamed_time(dialect)
        columns = columns_of(dialect.header, mapping, path, dialect.seen, time)
    else:
        columns = _unnamed_columns(dialect, mapping, path)
    return columns, _marks(dialect, columns.numeric, columns.numeric[:4], mapping)


def _unnamed_time(dialect: Dialect) -> int | None:
    """The place of the only column without a name whose values are times, as of an index."""
    places = [
        place
        for place, name in enumerate(dialect.header)
        if plain_name(name) in ("", "unnamed 0")
        and all(looks_like_time(row[place]) for row in dialect.rows)
    ]
    return places[0] if len(places) == 1 and dialect.rows else None


def _unnamed_columns(dialect: Dialect, mapping: FileMapping, path: Path) -> Columns:
    numeric, texts = _kinds(dialect)
    fits = [mapping.columns]
    if not mapping.names_all_columns:
        marks = _marks(dialect, numeric, numeric, mapping)
        first = dialect.rows[: dialect.first_rows]
        fits = [
            fit
            for fit in unnamed_columns(first, dialect.rows[-1], marks)
            if all(fit.get(name) == of for name, of in mapping.columns.items())
        ]
    if not fits:
        raise BarsError(
            f"{path}: {dialect.seen}, and by their values its {dialect.width} columns are no bars; "
            "number them in mapping.yaml, as "
            "`columns: {ts: 1, open: 2, high: 3, low: 4, close: 5}`",
            code="bar-columns",
        )
    names = tuple(str(place + 1) for place in range(dialect.width))
    columns = columns_of(names, replace(mapping, columns=fits[0]), path, dialect.seen)
    values = tuple(pairs_of(fit) for fit in fits)
    evidence = STATED if mapping.names_all_columns else "the values of the rows"
    fact = Fact("columns", values[0], evidence, values if len(values) > 1 else ())
    used = {place for of in columns.places.values() for place in of}
    symbol = next((place for place in texts if place not in used), None)
    return replace(
        columns, symbol=symbol if columns.symbol is None else columns.symbol, facts=(fact,)
    )


def _kinds(dialect: Dialect) -> tuple[Sequence[int], Sequence[int]]:
    """The places of columns of numbers, and of those that are neither numbers nor times."""
    numeric: list[int] = []
    texts: list[int] = []
    for place in range(dialect.width):
        values = [row[place] for row in dialect.rows]
        if not all(map(looks_like_time, values)):
            (numeric if all(map(is_number, values)) else texts).append(place)
    return numeric, texts


def _marks(
    dialect: Dialect, numeric: Sequence[int], prices: Sequence[int], mapping: FileMapping
) -> Marks:
    texts, of_prices = (
        [row[place] for row in dialect.rows for place in places] for places in (numeric, prices)
    )
    return marks_of(texts, of_prices, dialect.delimiter, mapping)
