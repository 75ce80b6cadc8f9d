"""One part of an old store into the raw log, and the proof that it is what the old store says.

Read, understand the times, keep what the log lacks, read it back from disk, and turn it back into
what stood in the old store: only bits that come out the same count as taken over. Rows whose time
or values cannot be understood stay out, each with its reason.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw import migrated
from regime_platform.bar_store.raw.raw_log import FetchFacts
from regime_platform.errors import BarsError
from regime_platform.legacy.migration.migration import Migration
from regime_platform.legacy.readers.source import VALUES, OldPart, OldRows, zone_of
from regime_platform.legacy.readers.times import LocalTimes, as_local, local_times, opens
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.digests import facts_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday

UNREADABLE_VALUE = "unreadable_value"
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Taken:
    """One part in the raw log."""

    part: OldPart
    rows: int
    fetched_at: dt.datetime  # as the log has it: no row was fetched later
    bars: pl.DataFrame  # understood and without repetitions, in BAR_SCHEMA
    repeated: int
    refused: Counter[str]
    by_order: int
    changes: tuple[str, ...]  # zone, type: what every row of the part went through
    written: int  # rows that the log lacked
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receiver:
    """The symbol into whose raw log the parts of one migration go."""

    paths: SymbolPaths
    instrument: Instrument
    migration: Migration
    now: dt.datetime
    hold: Callable[[], None]  # takes the symbol's lock where it is not held yet


def take_over(part: OldPart, into: Receiver) -> Taken:
    """Brings one part into the raw log and proves it against the old store.

    Raises:
        BarsError: the part is damaged, or what is in the log is not what the part says.
    """
    old = part.read()
    times = local_times(old.said, zone_of(into.instrument.asset_class, part.timeframe))
    read = opens(times, order_tells=old.order_tells, needs_time=is_intraday(part.timeframe))
    fault = _faults(read.refused, old)
    rows = pl.DataFrame([times.local.alias("local"), read.ts, *old.values.get_columns()])
    sound = rows if fault is None else rows.filter(fault.is_null())
    distinct = _distinct(sound)
    bars = _columns(distinct, BAR_COLUMNS)
    folder, facts = into.paths.raw(part.timeframe), _facts(part, old.written_at, into)
    kept = migrated.Kept(0)
    if migrated.missing(folder, bars, facts).height:
        into.hold()
        kept = migrated.keep(folder, bars, facts)
    if kept.file is not None and kept.rows == bars.height:
        _prove(migrated.read_file(folder, kept.file), distinct, times, part)
    else:
        _prove(migrated.read_migrated(folder, facts.source), distinct, times, part)
    return Taken(
        part=part,
        rows=old.height,
        fetched_at=facts.fetched_at,
        bars=bars,
        repeated=sound.height - distinct.height,
        refused=Counter() if fault is None else Counter(fault.drop_nulls()),
        by_order=read.by_order,
        changes=_changes(times, old),
        written=kept.rows,
        examples=_refused_examples(old, fault),
    )


def _prove(stored: pl.DataFrame, old: pl.DataFrame, times: LocalTimes, part: OldPart) -> None:
    """Turns what lies on disk back into what the old store said, and compares."""
    said = _columns(old, ("local", *VALUES))
    local = as_local(stored["ts"], times.zone).alias("local")
    back = pl.DataFrame([local, *(stored[name] for name in VALUES)])
    if back.equals(said):
        return
    if said.join(back, on=said.columns, how="anti", nulls_equal=True).height:
        raise BarsError(
            f"{part.name}: what was written is not what the old store says; withdraw it with "
            "`regime migrate undo`, check the disk, then migrate again"
        )


def _faults(refused: pl.Series | None, old: OldRows) -> pl.Series | None:
    if old.unreadable is None:
        return refused
    none = pl.Series([None], dtype=pl.String).new_from_index(0, old.height)
    told = none if refused is None else refused
    return told.set(old.unreadable & told.is_null(), UNREADABLE_VALUE)


def _distinct(rows: pl.DataFrame) -> pl.DataFrame:
    if rows["ts"].n_unique() == rows.height:
        return rows
    return rows.unique(BAR_COLUMNS, keep="first", maintain_order=True)


def _columns(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    # a selection would go through a query, and so short a series would wait for it
    return pl.DataFrame([frame[name] for name in names])


def _changes(times: LocalTimes, old: OldRows) -> tuple[str, ...]:
    zone = ("zone",) if times.zone != "UTC" else ()
    return (*zone, *(("type",) if old.has_integers else ()))


def _facts(part: OldPart, written_at: dt.datetime, into: Receiver) -> FetchFacts:
    instrument, source = into.instrument, into.migration.source
    named = {"symbol": instrument.symbol, "source": source, "theirs": part.symbol}
    return FetchFacts(
        fetched_at=min(written_at, into.now),
        source=source,
        timeframe=part.timeframe,
        asset_class=instrument.asset_class,
        # the old engine asked one vendor and let it adjust as it does by itself
        price_basis="unadjusted" if is_intraday(part.timeframe) else "split_adjusted",
        instrument_digest=facts_digest(named),
    )


def _refused_examples(old: OldRows, fault: pl.Series | None) -> tuple[str, ...]:
    if fault is None:
        return ()
    places = fault.is_not_null().arg_true()[:MOST_EXAMPLES]
    return tuple(f"{fault[at]}: {old.said[at]}" for at in places)
