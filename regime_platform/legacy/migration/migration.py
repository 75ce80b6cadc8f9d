"""What a migration is, which series it is about, and how it accounts for every row of them.

Values only; `migrate` does it, `migration_account` finds out what became of the rows.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.raw.raw_log import LEGACY
from regime_platform.errors import UsageError
from regime_platform.legacy.readers.parquet import parquet_store
from regime_platform.legacy.readers.source import OldPart, OldStore, Unread
from regime_platform.legacy.readers.sqlite import sqlite_store
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.pipeline.outcomes import Status

KINDS = ("live", "frozen", "bars-v1", "bars-root")


@dataclass(frozen=True)
class Migration:
    """One old store in one place; its name is in every file that it brings."""

    kind: str
    place: Path  # absolute

    @property
    def name(self) -> str:
        """The kind, and enough of a hash of the place to tell several apart."""
        return f"{self.kind}-{hashlib.sha256(str(self.place).encode()).hexdigest()[:8]}"

    @property
    def source(self) -> str:
        """As the raw log names it."""
        return f"{LEGACY}{self.name}"


@dataclass(frozen=True)
class Account:
    """What became of every row of one part of an old store."""

    symbol: str
    timeframe: str
    place: str
    rows: int
    equal: int = 0  # canonical, as they were
    changed: Mapping[str, int] = field(default_factory=dict)  # canonical; what changed -> rows
    collapsed: int = 0  # repeat an equal row
    superseded: Mapping[str, int] = field(default_factory=dict)  # kept as earlier version; why
    rejected: Mapping[str, int] = field(default_factory=dict)  # kept out; rule -> rows
    unfinished: int = 0  # were still forming when the store was written
    waiting: int = 0  # in order, but the gate holds their series back
    left_out: Mapping[str, int] = field(default_factory=dict)  # not followed here; why -> rows
    lost: int = 0  # what must not be
    by_order: int = 0  # of all these, times that came twice, told apart by their order
    examples: tuple[str, ...] = ()  # of what was rejected or superseded

    @property
    def accounted(self) -> int:
        """Rows whose fate is known."""
        told = (self.changed, self.superseded, self.rejected, self.left_out)
        plain = self.equal + self.collapsed + self.unfinished + self.waiting
        return plain + sum(sum(one.values()) for one in told)

    @property
    def adds_up(self) -> bool:
        """True where every row went exactly one way, and none got lost."""
        return self.accounted == self.rows and not self.lost

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON and pages."""
        return {
            "timeframe": self.timeframe,
            "from": self.place,
            "rows": self.rows,
            "equal": self.equal,
            "changed": dict(self.changed),
            "collapsed": self.collapsed,
            "superseded": dict(self.superseded),
            "rejected": dict(self.rejected),
            "unfinished": self.unfinished,
            "waiting": self.waiting,
            "left_out": dict(self.left_out),
            "lost": self.lost,
            "adds_up": self.adds_up,
            "by_order": self.by_order,
            "examples": list(self.examples),
        }


@dataclass(frozen=True)
class MigrateOutcome:
    """How one symbol came out of a migration."""

    symbol: str
    status: Status
    accounts: tuple[Account, ...] = ()
    written: int = 0  # rows added to the raw log
    reason: str = ""

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON and pages."""
        return {
            "symbol": self.symbol,
            "status": self.status.value,
            "reason": self.reason,
            "written": self.written,
            "series": [account.facts() for account in self.accounts],
        }


@dataclass(frozen=True)
class SymbolPlan:
    """All parts of an old store that are about one symbol."""

    symbol: str  # ours where we follow it, else theirs
    instrument: Instrument | None  # None where we do not follow it
    parts: tuple[OldPart, ...]
    unread: tuple[Unread, ...] = ()

    @property
    def rows(self) -> int | None:
        """How many rows; None where only reading tells."""
        known = [part.rows for part in self.parts]
        return sum(one or 0 for one in known) if None not in known else None


def open_migration(root: DataRoot, kind: str, place: Path) -> tuple[Migration, OldStore]:
    """Finds the old store.

    Raises:
        UsageError: there is none, or it lies in the data root itself.
        BarsError: a file of it is damaged; names it.
    """
    if kind not in KINDS:
        raise UsageError(f"unknown store {kind!r}; expected one of {', '.join(KINDS)}")
    where, ours = place.expanduser().resolve(), root.path.resolve()
    if where == ours or ours in where.parents:
        raise UsageError(
            f"{where} is in the data root, where new bars and results would lie among the old; "
            "move the old files apart, or set REGIME_DATA_ROOT"
        )
    if not where.exists():
        raise UsageError(f"{where} does not exist; --from names the folder of the old store")
    find = sqlite_store if kind in ("live", "frozen") else parquet_store
    return Migration(kind, where), find(kind, where)


def plans(universe: Universe, store: OldStore, wanted: Sequence[Instrument]) -> list[SymbolPlan]:
    """The parts by symbol: those of ``wanted`` in order, then whatever nobody follows.

    Where not the whole universe is wanted, symbols that nobody follows are not told.
    """
    ours = {
        name: instrument
        for instrument in universe.instruments
        for name in (*instrument.formerly, instrument.symbol)
    }
    parts: dict[str, list[OldPart]] = {}
    unread: dict[str, list[Unread]] = {}
    for part in store.parts:
        parts.setdefault(_our_symbol(part.symbol, ours), []).append(part)
    for other in store.unread:
        unread.setdefault(_our_symbol(other.symbol, ours), []).append(other)
    told = [
        SymbolPlan(
            one.symbol, one, tuple(parts.get(one.symbol, ())), tuple(unread.get(one.symbol, ()))
        )
        for one in wanted
    ]
    if len(wanted) < len(universe.instruments):
        return told
    strangers = sorted((set(parts) | set(unread)) - set(universe.symbols))
    told = [one for one in told if one.parts or one.unread]
    return told + [
        SymbolPlan(stranger, None, tuple(parts.get(stranger, ())), tuple(unread.get(stranger, ())))
        for stranger in strangers
    ]


def total(accounts: Sequence[Account]) -> dict[str, Any]:
    """The sum of all accounts, as ``Account.facts`` has it."""
    told: dict[str, Any] = {"series": len(accounts)}
    for name in ("rows", "equal", "collapsed", "unfinished", "waiting", "lost", "by_order"):
        told[name] = sum(getattr(account, name) for account in accounts)
    for name in ("changed", "superseded", "rejected", "left_out"):
        told[name] = dict(sum((Counter(getattr(account, name)) for account in accounts), Counter()))
    told["adds_up"] = all(account.adds_up for account in accounts)
    return told


def _our_symbol(theirs: str, ours: Mapping[str, Instrument]) -> str:
    plain = theirs.upper().replace("/", "")  # the vendor writes pairs with a slash
    return ours[plain].symbol if plain in ours else plain
