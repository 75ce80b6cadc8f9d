"""Reads a compute.db of the current or the previous version, for queries.

The previous version, 1, is the SQLite file of the legacy engine. It is never written: its rows are
put into the current tables, in memory and for the duration of the query. Compute, updates and
verification accept the current version only: see `reader`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from regime_platform.compute_db.connection import IN_MEMORY, attached
from regime_platform.compute_db.file_checks import is_sqlite
from regime_platform.compute_db.reader import ResultsReader, reading
from regime_platform.compute_db.store import create_tables, fill_tables
from regime_platform.errors import BarsError, ResultsError
from regime_platform.legacy.readers.results import (
    ESCALATION,
    STATE,
    LegacyResults,
    read_results,
    stated_versions,
)
from regime_platform.legacy.readers.source import zone_of
from regime_platform.legacy.results.conversion import current_tables
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import RESULT_SCHEMA_VERSION
from regime_platform.model.timeframes import is_intraday

PREVIOUS = 1
_UNREADABLE = (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError)


@contextmanager
def reading_any(
    path: Path, instrument: Instrument, timeframe: str | None = None
) -> Iterator[ResultsReader]:
    """Open a compute.db of either version; ``read_as`` describes the conversion of version 1.

    Args:
        path: the file.
        instrument: its instrument; the asset class determines the zone of times in version 1.
        timeframe: the only timeframe to read from version 1; None for all.

    Raises:
        ResultsError: the file is missing, damaged, of another version, or being written for long.
    """
    if not is_sqlite(path):
        with reading(path) as reader:
            yield reader
        return
    try:
        _require_version(path)
        legacy = read_results(path, instrument.symbol, instrument.asset_class, timeframe)
        tables, left_out = current_tables(legacy, instrument.symbol)
    except (BarsError, *_UNREADABLE) as error:
        raise _unreadable(path, error) from error
    if not any(legacy[table] for table in (ESCALATION, STATE)):
        message = f"{path}, of version {PREVIOUS}, has no results of {instrument.symbol}"
        raise ResultsError(message, code="no-results")
    with attached(IN_MEMORY, read_only=False) as connection:
        try:
            create_tables(connection)
            digests = fill_tables(connection, tables)
        except ResultsError as error:
            raise _unreadable(path, error) from error
        yield ResultsReader(connection, _read_as(path, instrument, legacy, left_out), digests)


def _unreadable(path: Path, error: Exception) -> ResultsError:
    message = f"{path} is not readable as version {PREVIOUS}: {error}"
    return ResultsError(message, code="legacy-results-damaged")


def _require_version(path: Path) -> None:
    for version in stated_versions(path):
        if version.lower().removeprefix("v") != str(PREVIOUS):
            raise ResultsError(
                f"{path} is a SQLite file of version {version}; readable are version {PREVIOUS} "
                f"in SQLite and version {RESULT_SCHEMA_VERSION}; use the release that wrote it",
                code="unknown-version",
            )


def _read_as(path: Path, instrument: Instrument, legacy: LegacyResults, left_out: int) -> str:
    timeframes = {timeframe for table in (ESCALATION, STATE) for timeframe in legacy[table]}
    intraday = [timeframe for timeframe in timeframes if is_intraday(timeframe)]
    zones = {zone_of(instrument.asset_class, timeframe) for timeframe in intraday}
    times = f": times read as {', '.join(sorted(zones))}" if zones else ""
    lost = f"; {left_out:,} rows whose key names no instant are left out" if left_out else ""
    return (
        f"{path} is of version {PREVIOUS}, the legacy engine{times}{lost}; "
        "`regime migrate` and `regime run` replace it"
    )
