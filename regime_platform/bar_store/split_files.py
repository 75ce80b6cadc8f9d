"""Splits as a symbol's files record them: splits.json and price_factors.json.

A split that overlapping fetches show is recorded before the page that shows it is stored, with the
timeframes that are still to be fetched again: a killed process leaves no series on two price bases.
The price factors of intraday bars follow from the raw log; every version is kept with its evidence.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.records import Record
from regime_platform.manifests.bar_manifest import PriceFactors, PriceStep
from regime_platform.model.document import Array, Document, Instant
from regime_platform.revisions.price_factors import Adjustment
from regime_platform.revisions.splits import Ratio, Split, ratio_text


class SplitRecord(Document):
    """A split, and what has become of one timeframe since."""

    timeframe: str  # to be fetched again
    ratio: Ratio  # new shares for one old
    seen_at: Instant
    seen_on: str  # the timeframe that showed it
    evidence: Split
    refetched_at: Instant | None = None  # when the whole history was served on the new basis

    def settled(self, at: dt.datetime | None) -> "SplitRecord":
        """The same, with the history fetched again at ``at``."""
        return self.model_copy(update={"refetched_at": at})


class _Splits(Document):
    splits: Array[SplitRecord]


SPLITS = Record[SplitRecord](
    name="splits",
    path=lambda paths: paths.splits,
    document=_Splits,
    key=lambda _, entry: (entry.timeframe, entry.ratio, entry.seen_at),
    describe=lambda entry: f"{entry.ratio} on {entry.timeframe}",
    follows=lambda stored, recorded: recorded in (stored, stored.settled(None)),
)


class FactorTable(Document):
    """One version of the adjustments of a timeframe; empty where nothing is adjusted."""

    version: int  # from 1 on
    raw_logs: dict[str, str]  # timeframe -> digest of the raw log that they were derived from
    steps: Array[Adjustment]

    @property
    def effect(self) -> list[tuple[dt.date, Fraction]]:
        """What the adjustments do, without their evidence."""
        return [(step.until, step.ratio) for step in self.steps]


#: Timeframe -> every version of its table, the one in force last.
_Tables = dict[str, Array[FactorTable]]
_Entry = tuple[str, FactorTable]  # timeframe and table


def _entries(tables: _Tables) -> tuple[_Entry, ...]:
    return tuple((name, table) for name, versions in tables.items() for table in versions)


def _tables(entries: Iterable[_Entry]) -> _Tables:
    tables: _Tables = {}
    for timeframe, table in entries:
        tables[timeframe] = (*tables.get(timeframe, ()), table)
    return tables


class _Factors(Document):
    price_factors: Annotated[_Tables, AfterValidator(_entries), PlainSerializer(_tables)]


FACTORS = Record[_Entry](
    name="price_factors",
    path=lambda paths: paths.price_factors,
    document=_Factors,
    key=lambda _, entry: (entry[0], entry[1].version),
    describe=lambda entry: f"{entry[0]} version {entry[1].version}",
    is_bare=True,
)


def pending_split(paths: SymbolPaths, timeframe: str) -> SplitRecord | None:
    """The latest split after which the history of ``timeframe`` was not fetched again yet."""
    waiting = [entry for entry in SPLITS.read(paths) if entry.timeframe == timeframe]
    return next((entry for entry in reversed(waiting) if entry.refetched_at is None), None)


def note_split(
    paths: SymbolPaths,
    timeframes: Iterable[str],
    split: Split,
    *,
    seen_on: str,
    seen_at: dt.datetime,
) -> None:
    """Records ``split`` and makes the refetch of ``timeframes`` pending; hold the lock.

    Call it before the page that shows the split is appended. A timeframe that is pending because of
    the same ratio already is not recorded again.
    """
    known = SPLITS.read(paths)
    waiting = {
        entry.timeframe
        for entry in known
        if entry.ratio == split.ratio and entry.refetched_at is None
    }
    added = [
        SplitRecord(
            timeframe=timeframe, ratio=split.ratio, seen_at=seen_at, seen_on=seen_on, evidence=split
        )
        for timeframe in timeframes
        if timeframe not in waiting
    ]
    if added:
        SPLITS.write(paths, (*known, *added))


def settle_split(paths: SymbolPaths, timeframe: str, at: dt.datetime) -> None:
    """Records that the whole history of ``timeframe`` was fetched again; hold the lock."""
    known = SPLITS.read(paths)
    settled = tuple(
        entry.settled(at) if entry.timeframe == timeframe and entry.refetched_at is None else entry
        for entry in known
    )
    if settled != known:
        SPLITS.write(paths, settled)


def read_factors(paths: SymbolPaths) -> Mapping[str, Sequence[FactorTable]]:
    """Timeframe -> every version of its table, the one in force last; raises as `Record.read`."""
    return _tables(FACTORS.read(paths))


def write_factors(
    paths: SymbolPaths, timeframe: str, steps: Sequence[Adjustment], logs: Mapping[str, str]
) -> None:
    """Puts ``steps`` in force as a new version where they differ; hold the lock.

    ``logs`` has by timeframe the digest of the raw log that they were derived from.
    """
    versions = read_factors(paths).get(timeframe, ())
    table = FactorTable(version=len(versions) + 1, raw_logs=dict(logs), steps=tuple(steps))
    if table.effect != (versions[-1].effect if versions else []):
        FACTORS.write(paths, (*FACTORS.read(paths), (timeframe, table)))


def factors_in_force(paths: SymbolPaths) -> dict[str, PriceFactors]:
    """Timeframe -> the table in force, as the bar manifest records it."""
    return {timeframe: _in_force(tables[-1]) for timeframe, tables in read_factors(paths).items()}


def _in_force(table: FactorTable) -> PriceFactors:
    steps = tuple(
        PriceStep(until=step.until.isoformat(), ratio=ratio_text(step.ratio))
        for step in table.steps
    )
    return PriceFactors(version=table.version, steps=steps)
