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
from regime_platform.model.calendar.labels import Opens, intraday_opens
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import canonical_timeframe, is_intraday, known_timeframe
from regime_platform.regular_files import IrregularFileError, require_regular
from regime_platform.sources.files.mapping import (
    AS_NAMED,
    MAPPING_FILE,
    FileMapping,
    read_mapping,
)
from regime_platform.sources.files.times import date_labels, has_date_only, instants
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
        bars, opens = read_series(path, wanted, instrument.market, mapping)
        return BarPage(
            bars,
            "as_served",
            window=None,
            note=opens.note,
            reading=mapping.reading(mapping.labels.get(wanted, opens.meaning)),
            is_rolling=mapping.is_rolling,
        )

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
            names = f"{timeframe}.csv or {timeframe}.parquet"
            # without the path: the reason is stored, and is the same where the folder is moved
            raise NotOfferedError(f"the folder {symbol} of REGIME_FILES_ROOT has no {names}")
        if len(files) > 1:
            names = ", ".join(path.name for path in files)
            message = f"{symbol}: {names} in {folder} all mean {timeframe}; keep one"
            raise SourceError(message, code="ambiguous-file")
        return files[0]


def read_bars_file(path: Path) -> pl.DataFrame:
    """The bars of one CSV or Parquet file in ``BAR_SCHEMA``, with the rows and order of the file.

    Columns are ts, open, high, low, close and, where known, volume; ts is the open as it is stored:
    naive times are UTC, a date is its midnight. An empty number is null. ``BarsError`` names file,
    column, row and remedy.
    """
    table = _table(path, AS_NAMED)
    return _bars(table, path, _parsed(table, path, AS_NAMED, accept_dates=True))


def read_series(
    path: Path, timeframe: str, market: Market, mapping: FileMapping | None = None
) -> tuple[pl.DataFrame, Opens]:
    """As ``read_bars_file``, with columns and times as ``mapping`` (default: that of the folder)
    states and the opens that the labels stand for; also what was chosen for these."""
    mapping = mapping or read_mapping(path.parent)
    table = _table(path, mapping)
    column, are_dates = table["ts"], not is_intraday(timeframe)
    times = _parsed(table, path, mapping, accept_dates=are_dates)
    label = mapping.labels.get(timeframe, "")
    if are_dates:
        zones = [mapping.zone] if mapping.zone else ["UTC", market.zone]
        labels = date_labels(column, zones, mapping.time_format)
        opens = labels.opens(timeframe, market, label)
    else:
        remedy = "a date alone labels no intraday bar; give the UTC time at which it opens"
        _refuse(table, "ts", has_date_only(column, mapping.time_format), path, remedy)
        opens = intraday_opens(times, timeframe, market, label)
    if opens.unclear:
        raise BarsError(
            f"{path}: its labels can mean several dates; state {opens.unclear} in "
            f"{mapping.origin or path.parent / MAPPING_FILE}",
            code="unclear-labels",
        )
    _refuse_clashes(table, opens.ts, path)
    return _bars(table, path, opens.ts), opens


def _table(path: Path, mapping: FileMapping) -> pl.DataFrame:
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
    return table


def _bars(table: pl.DataFrame, path: Path, opens: pl.Series) -> pl.DataFrame:
    numbers = [_numbers(table, name, path) for name in BAR_COLUMNS if name != "ts"]
    return pl.DataFrame([opens, *numbers], schema=BAR_SCHEMA)


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


def _parsed(
    table: pl.DataFrame, path: Path, mapping: FileMapping, *, accept_dates: bool
) -> pl.Series:
    """The labels as instants in UTC."""
    column, form = table["ts"], mapping.time_format
    parsed = instants(column, mapping.zone or "UTC", form, accept_dates=accept_dates)
    if parsed is None:
        raise BarsError(
            f"{path}: column ts has the type {column.dtype}; expected timestamps, dates or text",
            code="column-type",
        )
    form = form or "YYYY-MM-DD HH:MM:SS with or without an offset, or YYYY-MM-DD"
    remedy = f"expected {form}"
    if mapping.zone not in ("", "UTC"):
        remedy += f", and a time that {mapping.zone} has once (else give it an offset)"
    _refuse(table, "ts", parsed.is_null(), path, remedy)
    return parsed


def _refuse_clashes(table: pl.DataFrame, opens: pl.Series, path: Path) -> None:
    """Different labels of one day or week, except of the newest, whose bar may be served twice."""
    rows = table.select("ts", _ROW, open=opens).filter(pl.col("open") != pl.col("open").max())
    clashing = rows.filter(pl.col("ts").n_unique().over("open") > 1)
    if clashing.is_empty():
        return
    label, row = clashing.select("ts", _ROW).row(0)
    opened = clashing["open"][0]
    other = clashing.filter((pl.col("open") == opened) & (pl.col("ts") != label))
    other_label, other_row = other.select("ts", _ROW).row(0)
    place = "line" if path.suffix == ".csv" else "row"
    raise BarsError(
        f"{path} {place} {row} and {place} {other_row}: {label!s} and {other_label!s} label one "
        f"bar, that of {opened:%Y-%m-%d}; keep the true one",
        code="clashing-labels",
    )


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
