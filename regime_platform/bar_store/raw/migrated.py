"""Migrated files of a raw log: what an old store held, beside what the source served since.

Each holds rows of one part of an old store and names its migration as the source, so that a
migration can be withdrawn file by file. Each migration is compared with itself only: an old store
is kept whole, whatever else brought the same bars, so that withdrawing one leaves the others as
they are and bars as of a past moment have no holes. Which version counts is told by ``revisions``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from regime_platform.bar_store.raw.raw_file import batch_bytes, read_rows
from regime_platform.bar_store.raw.raw_log import LEGACY, FetchFacts
from regime_platform.bar_store.raw.raw_names import RawName, batch_name, list_raw
from regime_platform.files import write_bytes
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.calendar.sessions import last_finished
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.series import GATE_SCHEMA

_VERSION = [*BAR_COLUMNS, "finished"]


@dataclass(frozen=True)
class Kept:
    """What of a part was not in the log yet."""

    rows: int
    file: RawName | None = None  # the file written; None where nothing was missing


def keep(folder: Path, bars: pl.DataFrame, facts: FetchFacts) -> Kept:
    """Adds those of ``bars`` (``BAR_SCHEMA``, no repetitions) that this migration lacks yet.

    Hold the lock. Of an open of which a version is missing all versions are added, so that the
    latest batch has the whole of what was said of it.

    Raises:
        BarsError: a file of the log is damaged.
    """
    log = list_raw(folder)
    lacking = missing(folder, bars, facts)
    if lacking.is_empty():
        return Kept(0)
    data = batch_bytes(lacking, facts.texts(), _new(folder, log.files, lacking, facts))
    name = batch_name(log.next_sequence, facts.fetched_at, data, is_legacy=True)
    write_bytes(folder / name.text, data)
    return Kept(lacking.height, name)


def missing(folder: Path, bars: pl.DataFrame, facts: FetchFacts) -> pl.DataFrame:
    """What ``keep`` would add now; touches nothing and needs no lock.

    Raises:
        BarsError: a file of the log is damaged.
    """
    if not any(name.is_legacy for name in list_raw(folder).files):
        return bars
    held = read_migrated(folder, facts.source)
    known = _with_finished(held, facts).select(_VERSION)
    offered = _with_finished(_as_fetched(bars, facts), facts).select(_VERSION)
    if offered.equals(known):
        return bars.clear()
    untold = offered.join(known, on=_VERSION, how="anti", nulls_equal=True)
    return bars.filter(bars["ts"].is_in(untold["ts"].implode()))


def read_file(folder: Path, name: RawName) -> pl.DataFrame:
    """One migrated file as it lies on disk, in ``BAR_SCHEMA``.

    Raises:
        BarsError: it is damaged; names it.
    """
    table = read_rows(folder, name, BAR_COLUMNS)
    # column by column: a whole table would be taken over in pieces by the pool of threads
    return pl.DataFrame([pl.Series(bar_column, table[bar_column]) for bar_column in BAR_COLUMNS])


def read_migrated(folder: Path, source: str) -> pl.DataFrame:
    """All rows of one migration in order of arrival, with ``fetched_at`` and ``batch``.

    Raises:
        BarsError: a file is damaged; names it.
    """
    names = [name for name in list_raw(folder).files if name.is_legacy]
    if not names:
        return pl.DataFrame(schema=GATE_SCHEMA)
    table = pa.concat_tables([read_rows(folder, name, (*GATE_SCHEMA, "source")) for name in names])
    return pl.DataFrame(pl.from_arrow(table)).filter(source=source).drop("source")


def migrations(folder: Path) -> Iterator[tuple[str, str]]:
    """File name and migration of every migrated file of the log.

    Raises:
        BarsError: a file is damaged; names it.
    """
    for name in list_raw(folder).files:
        if name.is_legacy:
            yield name.text, _source(folder, name).removeprefix(LEGACY)


def withdraw(folder: Path, migration: str) -> list[str]:
    """Removes the files of one migration from the log and tells their names; hold the lock.

    Raises:
        BarsError: a file is damaged; names it.
    """
    names = [name for name, of in migrations(folder) if of == migration]
    for name in names:
        (folder / name).unlink()
    return names


def _new(folder: Path, live: Sequence[RawName], rows: pl.DataFrame, facts: FetchFacts) -> int:
    """How many finished bars the log did not hold as finished."""
    bound = last_finished(facts.fetched_at, facts.timeframe, facts.asset_class)
    opens = rows["ts"].filter(rows["ts"] < bound)
    if live:
        table = pa.concat_tables([read_rows(folder, name, list(GATE_SCHEMA)) for name in live])
        held = _with_finished(pl.DataFrame(pl.from_arrow(table)), facts).filter("finished")
        opens = opens.filter(~opens.is_in(held["ts"].implode()))
    return opens.n_unique()


def _as_fetched(bars: pl.DataFrame, facts: FetchFacts) -> pl.DataFrame:
    return bars.with_columns(fetched_at=pl.lit(facts.fetched_at).cast(GATE_SCHEMA["fetched_at"]))


def _with_finished(rows: pl.DataFrame, facts: FetchFacts) -> pl.DataFrame:
    over = finished_when_fetched(rows, facts.timeframe, facts.asset_class)
    return rows.with_columns(over.alias("finished"))


def _source(folder: Path, name: RawName) -> str:
    return str(read_rows(folder, name, ["source"])["source"][0])
