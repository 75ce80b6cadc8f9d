"""Migrated files of a raw log: written, verified against the legacy store, and withdrawn.

A file names its migration as the source. A migration is compared with itself only: a legacy store
is kept whole even if other files have the same bars, so that undoing one leaves the others complete
and bars as of a past moment have no gaps. ``BarsError`` names a damaged file.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.page_update import FetchOrigin
from regime_platform.bar_store.raw.raw_file import batch_bytes, read_rows
from regime_platform.bar_store.raw.raw_log import LEGACY
from regime_platform.bar_store.raw.raw_names import RawName, batch_name, list_raw
from regime_platform.errors import BarsError
from regime_platform.files import write_bytes
from regime_platform.legacy.migration.migration import Migration
from regime_platform.legacy.store import VALUES, LegacyPart, LegacyRows
from regime_platform.legacy.times import as_local, zone_of
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.calendar.due import last_finished
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.series import GATE_SCHEMA

MOST_EXAMPLES = 5
_VERSION = [*BAR_COLUMNS, "finished"]


@dataclass(frozen=True)
class ImportedPart:
    """One part as it is stored in the raw log."""

    part: LegacyPart
    rows: int
    fetched_at: dt.datetime  # fetch time in the log: no row was fetched later
    bars: pl.DataFrame  # parsed and without repetitions, in BAR_SCHEMA
    repeated: int
    refused: Counter[str]
    by_order: int
    changes: tuple[str, ...]  # zone, type: conversions of every row of the part
    written: int  # rows that the log lacked
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Importer:
    """Imports parts of one migration into the raw log of one symbol.

    A part is imported only if all bits that were stored, converted back to the store's times, agree
    with it. Rows whose time or values cannot be parsed are refused, each with its reason.
    """

    paths: SymbolPaths
    instrument: Instrument
    migration: Migration
    now: dt.datetime
    lock: Callable[[], None]  # takes the symbol's lock unless it is taken already

    def import_part(self, part: LegacyPart) -> ImportedPart:
        """Import one part; ``BarsError`` where it is damaged, or the log differs from it."""
        stored = part.read()
        zone = zone_of(self.instrument.market, part.timeframe)
        times = stored.times(zone, needs_time=is_intraday(part.timeframe))
        fault = times.refused
        rows = pl.DataFrame([times.local.alias("local"), times.ts, *stored.values.get_columns()])
        valid = rows if fault is None else rows.filter(fault.is_null())
        distinct = valid
        if valid["ts"].n_unique() < valid.height:
            distinct = valid.unique(BAR_COLUMNS, keep="first", maintain_order=True)
        bars = _columns(distinct, BAR_COLUMNS)
        origin = self._origin(part, stored.written_at)
        expected = _columns(distinct, ("local", *VALUES))
        zone_changes = ("zone",) if times.zone != "UTC" else ()
        return ImportedPart(
            part=part,
            rows=rows.height,
            fetched_at=origin.fetched_at,
            bars=bars,
            repeated=valid.height - distinct.height,
            refused=Counter() if fault is None else Counter(fault.drop_nulls()),
            by_order=times.by_order,
            changes=(*zone_changes, *(("type",) if stored.has_integers else ())),
            written=self._write(part, bars, origin, expected, times.zone),
            examples=_refused_examples(stored, fault),
        )

    def _write(
        self,
        part: LegacyPart,
        bars: pl.DataFrame,
        origin: FetchOrigin,
        expected: pl.DataFrame,
        zone: str,
    ) -> int:
        """Add the rows that the log lacks, compare the log with the store; how many were added."""
        folder = self.paths.raw(part.timeframe)
        if missing(folder, bars, origin).height:
            self.lock()
            added, stored = add(folder, bars, origin)
        else:
            added, stored = 0, read_migrated(folder, origin.source)
        local = as_local(stored["ts"], zone).alias("local")
        back = pl.DataFrame([local, *(stored[name] for name in VALUES)])
        if not back.equals(expected) and not _is_within(expected, back):
            raise BarsError(
                f"{part.name}: the raw log differs from the legacy store; undo the migration with "
                "`regime migrate undo`, check the disk, then migrate again",
                code="import-differs",
            )
        return added

    def _origin(self, part: LegacyPart, written_at: dt.datetime) -> FetchOrigin:
        source = self.migration.source
        names = {"symbol": self.instrument.symbol, "source": source, "theirs": part.symbol}
        return FetchOrigin(
            fetched_at=min(written_at, self.now),
            source=source,
            timeframe=part.timeframe,
            market=self.instrument.market,
            # the legacy engine used one vendor with its default adjustment
            price_basis="unadjusted" if is_intraday(part.timeframe) else "split_adjusted",
            instrument_digest=document_digest(names),
        )


def add(folder: Path, bars: pl.DataFrame, origin: FetchOrigin) -> tuple[int, pl.DataFrame]:
    """Add those of ``bars`` (``BAR_SCHEMA``, no repetitions) that this migration lacks yet.

    Hold the lock. Where one version of an open is missing, all its versions are added, so that the
    latest batch has all of them.

    Returns:
        Number of rows added, and the rows of the migration as read back: of the file written where
        it has all ``bars``, else of all its files.
    """
    log = list_raw(folder)
    lacking = missing(folder, bars, origin)
    if not lacking.is_empty():
        data = batch_bytes(lacking, origin.texts(), _new(folder, log.files, lacking, origin))
        name = batch_name(log.next_sequence, origin.fetched_at, data, is_legacy=True)
        write_bytes(folder / name.text, data)
        if lacking.height == bars.height:
            return bars.height, read_rows(folder, name, BAR_COLUMNS)
    return lacking.height, read_migrated(folder, origin.source)


def missing(folder: Path, bars: pl.DataFrame, origin: FetchOrigin) -> pl.DataFrame:
    """Rows that ``add`` would add now; writes nothing and needs no lock."""
    if not any(name.is_legacy for name in list_raw(folder).files):
        return bars
    known = _with_finished(read_migrated(folder, origin.source), origin).select(_VERSION)
    fetched_at = pl.lit(origin.fetched_at).cast(GATE_SCHEMA["fetched_at"])
    offered = _with_finished(bars.with_columns(fetched_at=fetched_at), origin).select(_VERSION)
    if offered.equals(known):
        return bars.clear()
    lacking = offered.join(known, on=_VERSION, how="anti", nulls_equal=True)
    return bars.filter(bars["ts"].is_in(lacking["ts"].implode()))


def read_migrated(folder: Path, source: str) -> pl.DataFrame:
    """Read all rows of one migration in order of arrival, with ``fetched_at`` and ``batch``."""
    names = [name for name in list_raw(folder).files if name.is_legacy]
    if not names:
        return pl.DataFrame(schema=GATE_SCHEMA)
    rows = pl.concat([read_rows(folder, name, (*GATE_SCHEMA, "source")) for name in names])
    return rows.filter(source=source).drop("source")


def migrations(folder: Path) -> Iterator[tuple[str, str]]:
    """Name of every migrated file of the log, and its migration."""
    for name in list_raw(folder).files:
        if name.is_legacy:
            source = str(read_rows(folder, name, ["source"])["source"][0])
            yield name.text, source.removeprefix(LEGACY)


def withdraw(folder: Path, migration: str) -> list[str]:
    """Remove the files of one migration from the log, and return their names; hold the lock."""
    names = [name for name, origin in migrations(folder) if origin == migration]
    for name in names:
        (folder / name).unlink()
    return names


def _is_within(rows: pl.DataFrame, others: pl.DataFrame) -> bool:
    return rows.join(others, on=rows.columns, how="anti", nulls_equal=True).is_empty()


def _columns(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    # faster than select(), which runs a query
    return pl.DataFrame([frame[name] for name in names])


def _refused_examples(stored: LegacyRows, fault: pl.Series | None) -> tuple[str, ...]:
    if fault is None:
        return ()
    positions = fault.is_not_null().arg_true()[:MOST_EXAMPLES]
    return tuple(f"{fault[at]}: {stored.raw_ts[at]}" for at in positions)


def _new(folder: Path, live: Sequence[RawName], rows: pl.DataFrame, origin: FetchOrigin) -> int:
    """Number of finished bars that the log has not as finished yet."""
    bound = last_finished(origin.fetched_at, origin.timeframe, origin.market)
    opens = rows["ts"].filter(rows["ts"] < bound)
    if live:
        rows_now = pl.concat([read_rows(folder, name) for name in live])
        stored = _with_finished(rows_now, origin).filter("finished")
        opens = opens.filter(~opens.is_in(stored["ts"].implode()))
    return opens.n_unique()


def _with_finished(rows: pl.DataFrame, origin: FetchOrigin) -> pl.DataFrame:
    over = finished_when_fetched(rows, origin.timeframe, origin.market)
    return rows.with_columns(over.alias("finished"))
