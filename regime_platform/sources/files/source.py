"""Bars from CSV or Parquet files that a user supplies, and the strict reader of such files.

What cannot be parsed is refused with its location; rows that are wrong (a null price, a duplicate,
rows out of order) pass unchanged, for the gate to validate.
"""

import csv
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.errors import BarsError, SourceError
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import canonical_timeframe, is_intraday, known_timeframe
from regime_platform.regular_files import IrregularFileError, require_regular
from regime_platform.sources.files.mapping import AS_NAMED, FileMapping, read_mapping
from regime_platform.sources.files.times import has_date_only, instants
from regime_platform.sources.protocol import BarPage, NotOfferedError

_SUFFIXES = (".csv", ".parquet")
_MOST = 1 << 30  # bytes; 20 years of minutes have a fifth of that
_ROW = "_row"  # place in the file, for messages: the line of a CSV, the row of a Parquet file


class FilesSource:
    """Serves ``{root}/{SYMBOL}/{timeframe}.csv`` or ``.parquet``, always the whole file.

    A ``mapping.yaml`` beside the files or in the folder above describes foreign columns and times.
    """

    name = "files"

    def __init__(self, root: Path) -> None:
        self._root = root

    def series(self, instrument: Instrument, timeframe: str) -> BarPage:
        """One page with everything in the file, so that a change anywhere in it shows.

        Raises:
            NotOfferedError: the symbol's folder has no file of this timeframe.
            SourceError, BarsError, ConfigError: names the folder, file or mapping at fault.
        """
        wanted = canonical_timeframe(timeframe)
        path = self._file(instrument.symbol, wanted)
        mapping = read_mapping(path.parent)
        bars = read_bars_file(path, accept_dates=not is_intraday(wanted), mapping=mapping)
        return BarPage(bars, "as_served", window=None)

    def _file(self, symbol: str, timeframe: str) -> Path:
        folder = self._root / symbol
        if not folder.is_dir():
            raise SourceError(
                f"{symbol}: no folder {folder}; create it with one file per timeframe, "
                "for example 1day.csv",
                code="no-symbol-folder",
            )
        files = sorted(
            path
            for path in folder.iterdir()
            if path.suffix in _SUFFIXES and known_timeframe(path.stem) == timeframe
        )
        if not files:
            raise NotOfferedError(f"{folder} has no {timeframe}.csv or {timeframe}.parquet")
        if len(files) > 1:
            names = ", ".join(path.name for path in files)
            message = f"{symbol}: {names} in {folder} all mean {timeframe}; keep one"
            raise SourceError(message, code="ambiguous-file")
        return files[0]


def read_bars_file(
    path: Path, *, accept_dates: bool = True, mapping: FileMapping = AS_NAMED
) -> pl.DataFrame:
    """The bars of one CSV or Parquet file in ``BAR_SCHEMA``, with the rows and order of the file.

    Without a ``mapping``, columns are ts, open, high, low, close and, where known, volume, and
    naive times are UTC. A date means its midnight where dates are accepted. An empty number is
    null. ``BarsError`` names file, column, row and remedy.
    """
    if path.suffix not in _SUFFIXES:
        message = f"{path}: expected a name ending in {' or '.join(_SUFFIXES)}"
        raise BarsError(message, code="file-suffix")
    try:
        require_regular(path, _MOST)
        table = (_csv_table if path.suffix == ".csv" else _parquet_table)(path, mapping)
    except IrregularFileError as error:
        raise BarsError(str(error), code="irregular-file") from error
    except OSError as error:
        message = f"{path}: cannot be read ({error}); restore or export it again"
        raise BarsError(message, code="unreadable-file") from error
    if "volume" not in table.columns:
        table = table.with_columns(pl.lit(None, pl.Float64).alias("volume"))
    ts = _timestamps(table, path, mapping, accept_dates=accept_dates)
    numbers = [_numbers(table, name, path) for name in BAR_COLUMNS if name != "ts"]
    return pl.DataFrame([ts, *numbers], schema=BAR_SCHEMA)


def _csv_table(path: Path, mapping: FileMapping) -> pl.DataFrame:
    # the csv module and not a frame reader, because a line cut short must not become nulls
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            mapping.refuse_header(header, path)
            rows = [_fields(row, header, reader.line_num, path) for row in reader if row]
        except (csv.Error, UnicodeDecodeError) as error:
            message = f"{path} line {reader.line_num}: not CSV in UTF-8 ({error}); export it again"
            raise BarsError(message, code="unreadable-file") from error
    schema = {**dict.fromkeys(header, pl.String), _ROW: pl.Int64}
    return mapping.named(pl.DataFrame(rows, schema=schema, orient="row"), _ROW)


def _fields(row: list[str], header: list[str], line: int, path: Path) -> list[str | int | None]:
    if len(row) != len(header):
        raise BarsError(
            f"{path} line {line}: {len(row)} fields where the header has {len(header)}; "
            "complete or remove the line",
            code="csv-fields",
        )
    return [*(text.strip() or None for text in row), line]


def _parquet_table(path: Path, mapping: FileMapping) -> pl.DataFrame:
    try:
        table = pl.from_arrow(pq.read_table(path, page_checksum_verification=True))
    except pa.ArrowException as error:
        message = f"{path}: not a readable Parquet file ({error}); export it again"
        raise BarsError(message, code="unreadable-file") from error
    assert isinstance(table, pl.DataFrame)
    mapping.refuse_header(table.columns, path)
    return mapping.named(table.with_row_index(_ROW, offset=1), _ROW)


def _timestamps(
    table: pl.DataFrame, path: Path, mapping: FileMapping, *, accept_dates: bool
) -> pl.Series:
    column = table["ts"]
    parsed = instants(column, mapping.zone, mapping.time_format, accept_dates=accept_dates)
    if parsed is None:
        raise BarsError(
            f"{path}: column ts has the type {column.dtype}; expected timestamps, dates or text",
            code="column-type",
        )
    _refuse(table, "ts", parsed.is_null(), path, _expected_time(mapping))
    if not accept_dates:
        remedy = "a date alone labels no intraday bar; give the UTC time at which it opens"
        _refuse(table, "ts", has_date_only(column, mapping.time_format), path, remedy)
    return parsed


def _expected_time(mapping: FileMapping) -> str:
    form = mapping.time_format or "YYYY-MM-DD HH:MM:SS with or without an offset, or YYYY-MM-DD"
    if mapping.zone == "UTC":
        return f"expected {form}"
    return f"expected {form}, and a time that {mapping.zone} has once (else give it an offset)"


def _numbers(table: pl.DataFrame, name: str, path: Path) -> pl.Series:
    column = table[name]
    if not (column.dtype.is_numeric() or column.dtype in (pl.String, pl.Null)):
        message = f"{path}: column {name} has the type {column.dtype}; expected numbers"
        raise BarsError(message, code="column-type")
    parsed = column.cast(pl.Float64, strict=False)
    remedy = "expected a number such as 101.25, or nothing where it is not known"
    _refuse(table, name, parsed.is_null() & column.is_not_null(), path, remedy)
    return parsed


def _refuse(table: pl.DataFrame, name: str, bad: pl.Series, path: Path, remedy: str) -> None:
    if not bad.any():
        return
    value, row = table.filter(bad).select(name, _ROW).row(0)
    place = "line" if path.suffix == ".csv" else "row"
    more = f" (and {bad.sum() - 1} more)" if bad.sum() > 1 else ""
    raise BarsError(f"{path} {place} {row}{more}: {name} is {value!r}; {remedy}", code="bad-value")
