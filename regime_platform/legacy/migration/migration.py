"""A migration as values: the legacy store, the plan and outcome per symbol, and its record.

The record, one JSON file per migration in the data root, states what became of every row, not when:
a run that changes nothing leaves the file untouched.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, ConfigDict, Field, ValidationError

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.raw.raw_log import LEGACY
from regime_platform.errors import BarsError, UsageError
from regime_platform.files import read_json, write_json
from regime_platform.legacy.parquet import parquet_store
from regime_platform.legacy.sqlite import sqlite_store
from regime_platform.legacy.store import LegacyPart, LegacyStore, UnreadSeries
from regime_platform.model.document import Array, Document, first_fault
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.pipeline.outcomes import SeriesIngest, Status

KINDS = ("live", "frozen", "bars-v1", "bars-root")
_COUNTS = ("equal", "collapsed", "unfinished", "waiting")
_REASONS = ("changed", "superseded", "rejected", "left_out")
_FROM = Field(validation_alias=AliasChoices("from", "location"), serialization_alias="from")


def _accounted(fields: Mapping[str, Any]) -> int:
    counts: list[int] = [fields[name] for name in _COUNTS]
    for name in _REASONS:
        counts += fields[name].values()
    return sum(counts)


class _RecordPart(Document):
    # fields of later releases are kept when the record is written again
    model_config = ConfigDict(extra="allow")

    def document(self) -> dict[str, Any]:
        """JSON values with the keys of the file, in its order."""
        return self.model_dump(mode="json")


class Account(_RecordPart):
    """What became of every row of one part of a legacy store: each row is counted once."""

    timeframe: str
    location: str = _FROM
    rows: int
    equal: int = 0  # canonical, unchanged
    changed: Mapping[str, int] = Field(default_factory=dict)  # canonical; kind of change -> rows
    collapsed: int = 0  # repetitions of an equal row
    superseded: Mapping[str, int] = Field(default_factory=dict)  # an earlier version; by reason
    rejected: Mapping[str, int] = Field(default_factory=dict)  # by the gate or when read; by rule
    unfinished: int = 0  # still forming when the store was written
    waiting: int = 0  # valid, but their series is blocked
    left_out: Mapping[str, int] = Field(default_factory=dict)  # not tracked here; reason -> rows
    lost: int = 0  # in none of the places above: a defect
    #: every row counted once, none lost
    adds_up: bool = Field(
        default_factory=lambda fields: _accounted(fields) == fields["rows"] and not fields["lost"]
    )
    by_order: int = 0  # of all these, ambiguous times resolved by the order of the rows
    examples: Array[str] = ()  # of rejected and superseded rows

    @property
    def accounted(self) -> int:
        """Number of rows that are counted in one of the places."""
        return _accounted(dict(self))


class SymbolAccounts(_RecordPart):
    """The accounts of all series of one symbol."""

    series: Array[Account]


class MigrationRecord(_RecordPart):
    """The accounts of all symbols of one migration."""

    migration: str
    kind: str
    location: str = _FROM
    symbols: dict[str, SymbolAccounts]


@dataclass(frozen=True)
class Migration:
    """One legacy store in one location; every file that it adds to a raw log carries its name."""

    kind: str
    location: Path  # absolute

    @property
    def name(self) -> str:
        """The kind and 8 digits of a hash of the location, so that two stores differ."""
        return f"{self.kind}-{hashlib.sha256(str(self.location).encode()).hexdigest()[:8]}"

    @property
    def source(self) -> str:
        """Name of the source in the raw log."""
        return f"{LEGACY}{self.name}"

    def record(self, outcomes: "Sequence[MigrateOutcome]") -> MigrationRecord:
        """The record of the accounts of ``outcomes``."""
        return MigrationRecord(
            migration=self.name,
            kind=self.kind,
            location=str(self.location),
            symbols={
                outcome.symbol: SymbolAccounts(series=outcome.accounts) for outcome in outcomes
            },
        )


@dataclass(frozen=True)
class MigrateOutcome:
    """Result of migrating one symbol."""

    symbol: str
    status: Status
    accounts: tuple[Account, ...] = ()
    written: int = 0  # rows added to the raw log
    reason: str = ""
    series: tuple[SeriesIngest, ...] = ()  # the same by timeframe

    def document(self) -> dict[str, Any]:
        """Values for JSON output and pages."""
        return {
            "symbol": self.symbol,
            "status": self.status.value,
            "reason": self.reason,
            "written": self.written,
            "series": [account.document() for account in self.accounts],
        }


@dataclass(frozen=True)
class SymbolPlan:
    """All parts of a legacy store for one symbol."""

    symbol: str  # ours where it is tracked, else the store's
    instrument: Instrument | None  # None where it is not tracked
    parts: tuple[LegacyPart, ...]
    unread: tuple[UnreadSeries, ...] = ()


def open_migration(root: DataRoot, kind: str, location: Path) -> tuple[Migration, LegacyStore]:
    """List the parts of a legacy store.

    Raises:
        UsageError, BarsError: there is none, it is inside the data root, or damaged.
    """
    if kind not in KINDS:
        message = f"unknown store {kind!r}; expected one of {', '.join(KINDS)}"
        raise UsageError(message, code="unknown-store-kind")
    resolved, ours = location.expanduser().resolve(), root.path.resolve()
    if resolved == ours or ours in resolved.parents:
        raise UsageError(
            f"{resolved} is in the data root, where new bars and results would be mixed with the "
            "legacy files; move those elsewhere, or set REGIME_DATA_ROOT",
            code="store-in-data-root",
        )
    if not resolved.exists():
        message = f"{resolved} does not exist; --from names the folder of the legacy store"
        raise UsageError(message, code="no-legacy-store")
    list_parts = sqlite_store if kind in ("live", "frozen") else parquet_store
    return Migration(kind, resolved), list_parts(kind, resolved)


def plans(universe: Universe, store: LegacyStore, wanted: Sequence[Instrument]) -> list[SymbolPlan]:
    """Group the parts by symbol: those of ``wanted`` in order, then untracked symbols.

    Untracked symbols are listed only where ``wanted`` is the whole universe.
    """
    ours = {
        name: instrument.symbol
        for instrument in universe.instruments
        for name in (*instrument.formerly, instrument.symbol)
    }

    def our_symbol(theirs: str) -> str:
        plain = theirs.upper().replace("/", "")  # the vendor writes pairs with a slash
        return ours.get(plain, plain)

    parts: dict[str, list[LegacyPart]] = {}
    unread: dict[str, list[UnreadSeries]] = {}
    for part in store.parts:
        parts.setdefault(our_symbol(part.symbol), []).append(part)
    for series in store.unread:
        unread.setdefault(our_symbol(series.symbol), []).append(series)
    listed: dict[str, Instrument | None] = {instrument.symbol: instrument for instrument in wanted}
    if len(wanted) == len(universe.instruments):
        stored = {*parts, *unread}
        listed = {symbol: listed[symbol] for symbol in listed if symbol in stored}
        listed |= dict.fromkeys(sorted(stored - set(universe.symbols)))
    return [
        SymbolPlan(symbol, tracked, tuple(parts.get(symbol, ())), tuple(unread.get(symbol, ())))
        for symbol, tracked in listed.items()
    ]


def read_record(path: Path) -> MigrationRecord | None:
    """The record in ``path``; None where there is none, ``BarsError`` where it is damaged."""
    document = read_json(path)
    if document is None:
        return None
    try:
        return MigrationRecord.model_validate(document)
    except ValidationError as error:
        message = f"{path} is damaged ({first_fault(error)}); restore it, or move it away"
        raise BarsError(message, code="migration-record-damaged") from error


def write_record(path: Path, record: MigrationRecord) -> None:
    """Add the accounts of ``record`` to those of symbols migrated before."""
    stored = read_record(path)
    symbols = {**(stored.symbols if stored else {}), **record.symbols}
    merged = record.model_copy(update={"symbols": dict(sorted(symbols.items()))})
    if merged != stored:
        write_json(path, merged.document())


def remove_accounts(path: Path, undone: Iterable[str]) -> None:
    """Remove the accounts of symbols whose migration was undone."""
    stored = read_record(path)
    if stored is None:
        return
    gone = set(undone)
    left = {symbol: accounts for symbol, accounts in stored.symbols.items() if symbol not in gone}
    if left:
        write_json(path, stored.model_copy(update={"symbols": left}).document())
    else:
        path.unlink()


def totals(accounts: Sequence[Account]) -> dict[str, Any]:
    """Sums over ``accounts``, by the names of their fields, and the number of ``series``."""
    counts = {
        name: sum(getattr(account, name) for account in accounts)
        for name in ("rows", *_COUNTS, "lost", "by_order")
    }
    reasons = {
        name: dict(sum((Counter(getattr(account, name)) for account in accounts), Counter()))
        for name in _REASONS
    }
    adds_up = all(account.adds_up for account in accounts)
    return {"series": len(accounts), **counts, **reasons, "adds_up": adds_up}
