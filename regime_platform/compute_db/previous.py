"""Reads a compute.db of the current or the previous version, for those who only ask.

The previous one, version 1, is the SQLite file of the engine this platform replaces. It is read as
it lies and never written: its rows are put into the tables of today, in memory and for the time of
the question. Compute, updates and proofs take the current version alone: see `reader`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from regime_platform.compute_db.connection import NOWHERE, attached
from regime_platform.compute_db.reader import Reader, is_sqlite, reading
from regime_platform.compute_db.store import create_tables, fill_tables
from regime_platform.compute_db.version_1 import current_tables
from regime_platform.errors import BarsError, ResultsError
from regime_platform.legacy.readers.results import (
    ESCALATION,
    STATE,
    OldResults,
    read_results,
    stated_versions,
)
from regime_platform.legacy.readers.source import zone_of
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import RESULT_SCHEMA_VERSION
from regime_platform.model.timeframes import is_intraday

PREVIOUS = 1
_UNREADABLE = (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError)


@contextmanager
def reading_any(
    path: Path, instrument: Instrument, timeframe: str | None = None
) -> Iterator[Reader]:
    """Opens a compute.db of either version; of the previous one ``read_as`` tells how.

    Args:
        path: the file.
        instrument: whose it is; its class tells the zone in which version 1 wrote its times.
        timeframe: of version 1, only this one is read.

    Raises:
        ResultsError: the file is missing, damaged, of another version, or being written for long.
    """
    if not is_sqlite(path):
        with reading(path) as reader:
            yield reader
        return
    try:
        _require_version(path)
        old = read_results(path, instrument.symbol, instrument.asset_class, timeframe)
        tables, left_out = current_tables(old, instrument.symbol)
    except (BarsError, *_UNREADABLE) as error:
        raise ResultsError(f"{path} is not readable as version {PREVIOUS}: {error}") from error
    if not any(old[table] for table in (ESCALATION, STATE)):
        raise ResultsError(f"{path}, of version {PREVIOUS}, has no results of {instrument.symbol}")
    with attached(NOWHERE, read_only=False) as connection:
        try:
            create_tables(connection)
            fill_tables(connection, tables, {"read_from_version": PREVIOUS})
        except ResultsError as error:
            raise ResultsError(f"{path} is not readable as version {PREVIOUS}: {error}") from error
        yield Reader(connection, _read_as(path, instrument, old, left_out))


def _require_version(path: Path) -> None:
    for version in stated_versions(path):
        if version.lower().removeprefix("v") != str(PREVIOUS):
            raise ResultsError(
                f"{path} is a SQLite file of version {version}; readable are version {PREVIOUS} "
                f"in SQLite and version {RESULT_SCHEMA_VERSION}; use the release that wrote it"
            )


def _read_as(path: Path, instrument: Instrument, old: OldResults, left_out: int) -> str:
    held = {timeframe for table in (ESCALATION, STATE) for timeframe in old[table]}
    intraday = [one for one in held if is_intraday(one)]
    zones = {zone_of(instrument.asset_class, one) for one in intraday}
    times = f": times read as {', '.join(sorted(zones))}" if zones else ""
    lost = f"; {left_out:,} rows whose key names no instant are left out" if left_out else ""
    return (
        f"{path} is of version {PREVIOUS}, the engine before this one{times}{lost}; "
        "`regime migrate` and `regime run` replace it"
    )
