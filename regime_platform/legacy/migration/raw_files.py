"""Migrated files of a raw log: rows of legacy stores beside those that the source served since.

Each file holds rows of one part of a legacy store and names its migration as the source, so that a
migration can be undone file by file. A migration is compared with itself only: a legacy store is
kept whole even if other files have the same bars, so that undoing one leaves the others complete
and bars as of a past moment have no gaps. ``revisions`` decides which version of a bar counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from regime_platform.bar_store.raw.raw_file import batch_bytes, read_rows
from regime_platform.bar_store.raw.raw_log import LEGACY, FetchOrigin
from regime_platform.bar_store.raw.raw_names import RawName, batch_name, list_raw
from regime_platform.files import write_bytes
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.calendar.sessions import last_finished
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.series import GATE_SCHEMA

_VERSION = [*BAR_COLUMNS, "finished"]


@dataclass(frozen=True)
class Added:
    """Rows that were added to the log."""

    rows: int
    file: RawName | None = None  # the file written; None where nothing was missing


def add(folder: Path, bars: pl.DataFrame, origin: FetchOrigin) -> Added:
    """Add those of ``bars`` (``BAR_SCHEMA``, no repetitions) that this migration lacks yet.

    Hold the lock. Where one version of an open is missing, all its versions are added, so that the
    latest batch has all of them.

    Raises:
        BarsError: a file of the log is damaged.
    """
    log = list_raw(folder)
    lacking = missing(folder, bars, origin)
    if lacking.is_empty():
        return Added(0)
    data = batch_bytes(lacking, origin.texts(), _new(folder, log.files, lacking, origin))
    name = batch_name(log.next_sequence, origin.fetched_at, data, is_legacy=True)
    write_bytes(folder / name.text, data)
    return Added(lacking.height, name)


def missing(folder: Path, bars: pl.DataFrame, origin: FetchOrigin) -> pl.DataFrame:
    """Rows that ``add`` would add now; writes nothing and needs no lock.

    Raises:
        BarsError: a file of the log is damaged.
    """
    if not any(name.is_legacy for name in list_raw(folder).files):
        return bars
    stored = read_migrated(folder, origin.source)
    known = _with_finished(stored, origin).select(_VERSION)
    offered = _with_finished(_as_fetched(bars, origin), origin).select(_VERSION)
    if offered.equals(known):
        return bars.clear()
    lacking = offered.join(known, on=_VERSION, how="anti", nulls_equal=True)
    return bars.filter(bars["ts"].is_in(lacking["ts"].implode()))


def read_file(folder: Path, name: RawName) -> pl.DataFrame:
    """Read one migrated file in ``BAR_SCHEMA``.

    Raises:
        BarsError: it is damaged; names it.
    """
    table = read_rows(folder, name, BAR_COLUMNS)
    # column by column, since a whole table would be converted in a thread pool, which is slower
    return pl.DataFrame([pl.Series(name, table[name]) for name in BAR_COLUMNS])


def read_migrated(folder: Path, source: str) -> pl.DataFrame:
    """Read all rows of one migration in order of arrival, with ``fetched_at`` and ``batch``.

    Raises:
        BarsError: a file is damaged; names it.
    """
    names = [name for name in list_raw(folder).files if name.is_legacy]
    if not names:
        return pl.DataFrame(schema=GATE_SCHEMA)
    table = pa.concat_tables([read_rows(folder, name, (*GATE_SCHEMA, "source")) for name in names])
    return pl.DataFrame(pl.from_arrow(table)).filter(source=source).drop("source")


def migrations(folder: Path) -> Iterator[tuple[str, str]]:
    """Name of every migrated file of the log, and its migration.

    Raises:
        BarsError: a file is damaged; names it.
    """
    for name in list_raw(folder).files:
        if name.is_legacy:
            yield name.text, _source(folder, name).removeprefix(LEGACY)


def withdraw(folder: Path, migration: str) -> list[str]:
    """Remove the files of one migration from the log, and return their names; hold the lock.

    Raises:
        BarsError: a file is damaged; names it.
    """
    names = [name for name, origin in migrations(folder) if origin == migration]
    for name in names:
        (folder / name).unlink()
    return names


def _new(folder: Path, live: Sequence[RawName], rows: pl.DataFrame, origin: FetchOrigin) -> int:
    """Number of finished bars that the log has not as finished yet."""
    bound = last_finished(origin.fetched_at, origin.timeframe, origin.asset_class)
    opens = rows["ts"].filter(rows["ts"] < bound)
    if live:
        table = pa.concat_tables([read_rows(folder, name, list(GATE_SCHEMA)) for name in live])
        stored = _with_finished(pl.DataFrame(pl.from_arrow(table)), origin).filter("finished")
        opens = opens.filter(~opens.is_in(stored["ts"].implode()))
    return opens.n_unique()


def _as_fetched(bars: pl.DataFrame, origin: FetchOrigin) -> pl.DataFrame:
    return bars.with_columns(fetched_at=pl.lit(origin.fetched_at).cast(GATE_SCHEMA["fetched_at"]))


def _with_finished(rows: pl.DataFrame, origin: FetchOrigin) -> pl.DataFrame:
    over = finished_when_fetched(rows, origin.timeframe, origin.asset_class)
    return rows.with_columns(over.alias("finished"))


def _source(folder: Path, name: RawName) -> str:
    return str(read_rows(folder, name, ["source"])["source"][0])
