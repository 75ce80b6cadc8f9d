"""Documents of a migration: what became of every row, one JSON file per migration in the data root.

The record has no times of runs and no counts of them, so a run that changes nothing leaves the file
untouched.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, ConfigDict, Field, ValidationError

from regime_platform.errors import BarsError
from regime_platform.files import read_json, write_json
from regime_platform.model.document import Array, Document, first_fault

Counts = Mapping[str, int]
_FROM = Field(validation_alias=AliasChoices("from", "location"), serialization_alias="from")


def _adds_up(fields: dict[str, Any]) -> bool:
    return _accounted(fields) == fields["rows"] and not fields["lost"]


def _accounted(fields: Mapping[str, Any]) -> int:
    counts = [fields[name] for name in ("equal", "collapsed", "unfinished", "waiting")]
    for name in ("changed", "superseded", "rejected", "left_out"):
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
    changed: Counts = Field(default_factory=dict)  # canonical; kind of change -> rows
    collapsed: int = 0  # repetitions of an equal row
    superseded: Counts = Field(default_factory=dict)  # stored as an earlier version; reason -> rows
    rejected: Counts = Field(default_factory=dict)  # by the gate or when read; rule -> rows
    unfinished: int = 0  # still forming when the store was written
    waiting: int = 0  # valid, but their series is blocked
    left_out: Counts = Field(default_factory=dict)  # not tracked here; reason -> rows
    lost: int = 0  # in none of the places above: a defect
    adds_up: bool = Field(default_factory=_adds_up)  # every row counted once, none lost
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


class Totals(_RecordPart):
    """Sums over the accounts of many series."""

    series: int
    rows: int
    equal: int
    collapsed: int
    unfinished: int
    waiting: int
    lost: int
    by_order: int
    changed: Counts
    superseded: Counts
    rejected: Counts
    left_out: Counts
    adds_up: bool


def read_record(path: Path) -> MigrationRecord | None:
    """The record in ``path``; None where there is none.

    Raises:
        BarsError: it is damaged; names it.
    """
    document = read_json(path)
    if document is None:
        return None
    try:
        return MigrationRecord.model_validate(document)
    except ValidationError as error:
        message = f"{path} is damaged ({first_fault(error)}); restore it, or move it away"
        raise BarsError(message, code="migration-record-damaged") from error


def write_record(path: Path, record: MigrationRecord) -> None:
    """Add the accounts of ``record`` to those of symbols migrated before.

    Raises:
        RegimeError: the stored record is damaged; names it.
    """
    stored = read_record(path)
    symbols = {**(stored.symbols if stored else {}), **record.symbols}
    merged = record.model_copy(update={"symbols": dict(sorted(symbols.items()))})
    if merged != stored:
        write_json(path, merged.document())


def remove_accounts(path: Path, symbols: Iterable[str]) -> None:
    """Remove the accounts of ``symbols``, whose migration was undone.

    Raises:
        RegimeError: the stored record is damaged; names it.
    """
    stored = read_record(path)
    if stored is None:
        return
    undone = set(symbols)
    left = {symbol: accounts for symbol, accounts in stored.symbols.items() if symbol not in undone}
    if left:
        write_json(path, stored.model_copy(update={"symbols": left}).document())
    else:
        path.unlink()


def totals(accounts: Sequence[Account]) -> Totals:
    """Sums over ``accounts``."""

    def total(name: str) -> int:
        return sum(getattr(account, name) for account in accounts)

    def by_reason(name: str) -> Counts:
        counters = (Counter(getattr(account, name)) for account in accounts)
        return dict(sum(counters, Counter()))

    return Totals(
        series=len(accounts),
        rows=total("rows"),
        equal=total("equal"),
        collapsed=total("collapsed"),
        unfinished=total("unfinished"),
        waiting=total("waiting"),
        lost=total("lost"),
        by_order=total("by_order"),
        changed=by_reason("changed"),
        superseded=by_reason("superseded"),
        rejected=by_reason("rejected"),
        left_out=by_reason("left_out"),
        adds_up=all(account.adds_up for account in accounts),
    )
