"""The bars of files, named by their opens: what every reader of files of users calls."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.calendar.labels import Opens
from regime_platform.model.markets import Market
from regime_platform.sources.files.facts import Fact
from regime_platform.sources.files.mapping import AS_NAMED, FileMapping, read_mapping
from regime_platform.sources.files.opens import file_instants, file_opens
from regime_platform.sources.files.table import FileTable, read_table

_MOST_NAMED = 8  # symbols in a message


@dataclass(frozen=True)
class FileSeries:
    """The bars of one series in one file."""

    bars: pl.DataFrame  # ``BAR_SCHEMA``, with the rows and the order of the file
    opens: Opens
    table: FileTable
    facts: tuple[Fact, ...]


def read_bars_file(path: Path, mapping: FileMapping = AS_NAMED) -> pl.DataFrame:
    """The bars of one file in ``BAR_SCHEMA``, with the rows and the order of the file.

    Its times are the opens as they are stored: naive times are UTC, a date is its midnight.

    Raises:
        BarsError: names file, place, column and remedy.
    """
    table = read_table(path, mapping)
    return _bars(table, file_instants(table, mapping))


def read_series(
    path: Path, timeframe: str, market: Market, symbol: str = ""
) -> tuple[pl.DataFrame, Opens]:
    """As ``file_series``, with the mapping of the folder; ``symbol`` picks among several."""
    mapping = read_mapping(path.parent).for_series(timeframe, symbol)
    series = file_series(path, timeframe, market, mapping, symbol)
    return series.bars, series.opens


def file_series(
    path: Path, timeframe: str, market: Market, mapping: FileMapping, symbol: str = ""
) -> FileSeries:
    """The bars of one file by the opens that their labels stand for.

    ``symbol`` is the one whose rows are meant where the symbol column has several.

    Raises:
        BarsError: names file, place, column and remedy, or the key that decides.
        ConfigError: a key of the mapping cannot be used.
    """
    table = read_table(path, mapping)
    texts = table.symbol_texts
    if len(texts) > 1:
        if symbol not in texts:
            message = f"{path}: no row of {symbol}, but of {', '.join(texts[:_MOST_NAMED])}"
            raise BarsError(f"{message}; name one of these", code="other-symbols")
        table = table.of_symbol(symbol)
    return table_series(table, timeframe, market, mapping)


def table_series(
    table: FileTable, timeframe: str, market: Market, mapping: FileMapping
) -> FileSeries:
    """As ``file_series``, of rows that were read by the same mapping."""
    opened = file_opens(table, timeframe, market, mapping)
    bars = _bars(table, opened.opens.ts)
    return FileSeries(bars, opened.opens, table, (*table.facts, *opened.facts))


def _bars(table: FileTable, opens: pl.Series) -> pl.DataFrame:
    return pl.DataFrame([opens.alias("ts"), *table.numbers], schema=BAR_SCHEMA)
