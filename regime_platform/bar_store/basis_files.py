"""New price bases as a symbol's files record them: splits.json and price_factors.json.

What overlapping fetches show is recorded before the page that shows it is stored, and is pending
until all of the series was fetched again: a killed process leaves no series on two price bases.
The price factors of intraday bars follow from the raw log; every version is kept with its evidence.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.records import Record
from regime_platform.manifests.bar_manifest import PriceFactors, PriceStep
from regime_platform.model.document import Array, Document, Instant, is_absent
from regime_platform.model.ratios import Factor, effect_text, ratio_text
from regime_platform.revisions.basis_changes import BasisChange, Rebase
from regime_platform.revisions.contradictions import Disagreement
from regime_platform.revisions.price_factors import Adjustment


class BasisRecord(Document):
    """What a fetch showed of the stored bars of a timeframe, and what has become of it since."""

    timeframe: str  # to be fetched again
    ratio: Factor | None  # stored price / served price; None where no factor explains the bars
    seen_at: Instant
    seen_on: str  # the timeframe that showed it
    evidence: BasisChange | Disagreement
    refetched_at: Instant | None = None  # when the whole history was served again
    #: Number of the batch that showed it, and of the stored bars up to the last rewritten one;
    #: earlier releases did not record them.
    before: int | None = Field(default=None, exclude_if=is_absent)
    stored: int | None = Field(default=None, exclude_if=is_absent)

    def settled(self, at: dt.datetime | None) -> "BasisRecord":
        """The same, with the history fetched again at ``at``."""
        return self.model_copy(update={"refetched_at": at})

    def as_of(self, moment: dt.datetime | None) -> "BasisRecord | None":
        """What was known of it at a moment; None before it was seen."""
        if moment is None or (self.refetched_at is not None and self.refetched_at <= moment):
            return self
        return self.settled(None) if self.seen_at <= moment else None

    @property
    def rebase(self) -> Rebase | None:
        """What it does to older bars; None where that is not known."""
        if self.before is None or not isinstance(self.evidence, BasisChange):
            return None
        return Rebase(self.before, self.evidence)

    def describe(self) -> str:
        """What was seen and what is left to do, for messages."""
        since = f"{self.seen_at:%Y-%m-%d}"
        left = "" if self.refetched_at else f"; being read again since {since}"
        change = self.evidence
        if isinstance(change, Disagreement):
            return f"{change.describe()}{left}"
        count = "" if self.stored is None else f"{self.stored:,} "
        upto = (
            f"up to {change.last:%Y-%m-%d}"
            if change.same_from is None
            else f"before {change.same_from:%Y-%m-%d}"
        )
        what = f"all {count}bars {upto} were {effect_text(change.ratio)}"
        return f"{what}, seen on {since}{left}"


class _Splits(Document):
    splits: Array[BasisRecord]


BASES = Record[BasisRecord](
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


def basis_records(
    paths: SymbolPaths, timeframe: str, as_of: dt.datetime | None = None
) -> tuple[BasisRecord, ...]:
    """What fetches of ``timeframe`` showed by ``as_of``, and what was pending then."""
    shown = (
        entry.as_of(as_of)
        for entry in BASES.read(paths)
        if entry.timeframe == entry.seen_on == timeframe
    )
    return tuple(entry for entry in shown if entry is not None)


def pending_record(paths: SymbolPaths, timeframe: str) -> BasisRecord | None:
    """The latest one after which the history of ``timeframe`` was not fetched again yet."""
    known = (entry for entry in BASES.read(paths) if entry.timeframe == timeframe)
    return next((entry for entry in reversed([*known]) if entry.refetched_at is None), None)


def note_basis(paths: SymbolPaths, seen: BasisRecord) -> None:
    """Records what a page shows, before it is appended; hold the lock."""
    BASES.write(paths, (*BASES.read(paths), seen))


def settle_basis(paths: SymbolPaths, timeframe: str, at: dt.datetime) -> None:
    """Records that the whole history of ``timeframe`` was fetched again; hold the lock."""
    known = BASES.read(paths)
    settled = tuple(
        entry.settled(at) if entry.timeframe == timeframe and entry.refetched_at is None else entry
        for entry in known
    )
    if settled != known:
        BASES.write(paths, settled)


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
