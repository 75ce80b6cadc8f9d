"""A migration as values: the legacy store, the plan per symbol and the outcome per symbol."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.raw.raw_log import LEGACY
from regime_platform.errors import UsageError
from regime_platform.legacy.migration.record import Account, MigrationRecord, SymbolAccounts
from regime_platform.legacy.readers.parquet import parquet_store
from regime_platform.legacy.readers.source import LegacyPart, LegacyStore, UnreadSeries
from regime_platform.legacy.readers.sqlite import sqlite_store
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.pipeline.outcomes import Status

KINDS = ("live", "frozen", "bars-v1", "bars-root")


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
            symbols={outcome.symbol: outcome.symbol_accounts for outcome in outcomes},
        )


@dataclass(frozen=True)
class MigrateOutcome:
    """Result of migrating one symbol."""

    symbol: str
    status: Status
    accounts: tuple[Account, ...] = ()
    written: int = 0  # rows added to the raw log
    reason: str = ""

    @property
    def symbol_accounts(self) -> SymbolAccounts:
        """The accounts as the record stores them."""
        return SymbolAccounts(series=self.accounts)

    def document(self) -> dict[str, Any]:
        """Values for JSON output and pages."""
        return {
            "symbol": self.symbol,
            "status": self.status.value,
            "reason": self.reason,
            "written": self.written,
            **self.symbol_accounts.document(),
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
        UsageError: there is none, or it is inside the data root.
        BarsError: a file of it is damaged; names it.
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
        name: instrument
        for instrument in universe.instruments
        for name in (*instrument.formerly, instrument.symbol)
    }
    parts: dict[str, list[LegacyPart]] = {}
    unread: dict[str, list[UnreadSeries]] = {}
    for part in store.parts:
        parts.setdefault(_our_symbol(part.symbol, ours), []).append(part)
    for series in store.unread:
        unread.setdefault(_our_symbol(series.symbol, ours), []).append(series)

    def plan(symbol: str, instrument: Instrument | None) -> SymbolPlan:
        return SymbolPlan(
            symbol, instrument, tuple(parts.get(symbol, ())), tuple(unread.get(symbol, ()))
        )

    tracked = [plan(instrument.symbol, instrument) for instrument in wanted]
    if len(wanted) < len(universe.instruments):
        return tracked
    untracked = sorted((set(parts) | set(unread)) - set(universe.symbols))
    with_parts = [known for known in tracked if known.parts or known.unread]
    return with_parts + [plan(symbol, None) for symbol in untracked]


def _our_symbol(theirs: str, ours: Mapping[str, Instrument]) -> str:
    plain = theirs.upper().replace("/", "")  # the vendor writes pairs with a slash
    return ours[plain].symbol if plain in ours else plain
