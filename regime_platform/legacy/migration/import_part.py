"""Importing one part of a legacy store into the raw log, verified against the store.

Read the part, convert its times, write the rows that the log lacks, read them back from disk, and
convert them back to the store's times: the part is imported only if all bits agree. Rows whose time
or values cannot be parsed are refused, each with its reason.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.raw_log import FetchOrigin
from regime_platform.errors import BarsError
from regime_platform.legacy.migration import raw_files
from regime_platform.legacy.migration.migration import Migration
from regime_platform.legacy.readers.source import VALUES, LegacyPart, LegacyRows, zone_of
from regime_platform.legacy.readers.times import LocalTimes, as_local, local_times, opens
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday

UNREADABLE_VALUE = "unreadable_value"
MOST_EXAMPLES = 5


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
    """Imports parts of one migration into the raw log of one symbol."""

    paths: SymbolPaths
    instrument: Instrument
    migration: Migration
    now: dt.datetime
    lock: Callable[[], None]  # takes the symbol's lock unless it is taken already

    def import_part(self, part: LegacyPart) -> ImportedPart:
        """Write one part to the raw log and compare it with the store.

        Raises:
            BarsError: the part is damaged, or the log differs from the part.
        """
        stored = part.read()
        times = local_times(stored.raw_ts, zone_of(self.instrument.asset_class, part.timeframe))
        parsed = opens(
            times,
            is_chronological=stored.is_chronological,
            needs_time=is_intraday(part.timeframe),
        )
        fault = _faults(parsed.refused, stored)
        rows = pl.DataFrame([times.local.alias("local"), parsed.ts, *stored.values.get_columns()])
        valid = rows if fault is None else rows.filter(fault.is_null())
        distinct = _distinct(valid)
        bars = _columns(distinct, BAR_COLUMNS)
        facts = self._facts(part, stored.written_at)
        return ImportedPart(
            part=part,
            rows=stored.height,
            fetched_at=facts.fetched_at,
            bars=bars,
            repeated=valid.height - distinct.height,
            refused=Counter() if fault is None else Counter(fault.drop_nulls()),
            by_order=parsed.by_order,
            changes=_changes(times, stored),
            written=self._write(part, bars, facts, _columns(distinct, ("local", *VALUES)), times),
            examples=_refused_examples(stored, fault),
        )

    def _write(
        self,
        part: LegacyPart,
        bars: pl.DataFrame,
        facts: FetchOrigin,
        expected: pl.DataFrame,
        times: LocalTimes,
    ) -> int:
        """Add the rows that the log lacks, compare the log with the store; how many were added."""
        folder = self.paths.raw(part.timeframe)
        added = raw_files.Added(0)
        if raw_files.missing(folder, bars, facts).height:
            self.lock()
            added = raw_files.add(folder, bars, facts)
        if added.file is not None and added.rows == bars.height:
            stored = raw_files.read_file(folder, added.file)
        else:
            stored = raw_files.read_migrated(folder, facts.source)
        _require_equal(stored, expected, times.zone, part)
        return added.rows

    def _facts(self, part: LegacyPart, written_at: dt.datetime) -> FetchOrigin:
        source = self.migration.source
        names = {"symbol": self.instrument.symbol, "source": source, "theirs": part.symbol}
        return FetchOrigin(
            fetched_at=min(written_at, self.now),
            source=source,
            timeframe=part.timeframe,
            asset_class=self.instrument.asset_class,
            # the legacy engine used one vendor with its default adjustment
            price_basis="unadjusted" if is_intraday(part.timeframe) else "split_adjusted",
            instrument_digest=document_digest(names),
        )


def _require_equal(
    stored: pl.DataFrame, expected: pl.DataFrame, zone: str, part: LegacyPart
) -> None:
    """Convert the stored rows back to local times, and compare them with those of the part."""
    local = as_local(stored["ts"], zone).alias("local")
    back = pl.DataFrame([local, *(stored[name] for name in VALUES)])
    if back.equals(expected):
        return
    if expected.join(back, on=expected.columns, how="anti", nulls_equal=True).height:
        raise BarsError(
            f"{part.name}: the raw log differs from the legacy store; undo the migration with "
            "`regime migrate undo`, check the disk, then migrate again",
            code="import-differs",
        )


def _faults(refused: pl.Series | None, stored: LegacyRows) -> pl.Series | None:
    """Per row the reason why it is refused, or null; None where no row is."""
    if stored.unreadable is None:
        return refused
    no_fault = pl.Series([None], dtype=pl.String).new_from_index(0, stored.height)
    faults = no_fault if refused is None else refused
    return faults.set(stored.unreadable & faults.is_null(), UNREADABLE_VALUE)


def _distinct(rows: pl.DataFrame) -> pl.DataFrame:
    if rows["ts"].n_unique() == rows.height:
        return rows
    return rows.unique(BAR_COLUMNS, keep="first", maintain_order=True)


def _columns(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    # faster than select(), which runs a query
    return pl.DataFrame([frame[name] for name in names])


def _changes(times: LocalTimes, stored: LegacyRows) -> tuple[str, ...]:
    zone = ("zone",) if times.zone != "UTC" else ()
    return (*zone, *(("type",) if stored.has_integers else ()))


def _refused_examples(stored: LegacyRows, fault: pl.Series | None) -> tuple[str, ...]:
    if fault is None:
        return ()
    positions = fault.is_not_null().arg_true()[:MOST_EXAMPLES]
    return tuple(f"{fault[at]}: {stored.raw_ts[at]}" for at in positions)
