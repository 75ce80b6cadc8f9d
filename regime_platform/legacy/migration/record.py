"""The account of a migration that stays: one JSON file beside the data, symbol by symbol.

It says what became of every row and nothing of when or how often: a run that changes nothing leaves
it untouched.
"""

from collections.abc import Iterable
from typing import Any

from regime_platform.bar_store.layout import DataRoot
from regime_platform.files import read_json, write_json
from regime_platform.legacy.migration.migration import MigrateOutcome, Migration


def keep_record(root: DataRoot, migration: Migration, outcomes: Iterable[MigrateOutcome]) -> None:
    """Puts the accounts of ``outcomes`` among those of symbols migrated before.

    Raises:
        RegimeError: the record is damaged; names it.
    """
    path = root.migration(migration.name)
    held: dict[str, Any] = read_json(path) or {}
    symbols = dict(held.get("symbols", {}))
    for outcome in outcomes:
        symbols[outcome.symbol] = {"series": [account.facts() for account in outcome.accounts]}
    told = {
        "migration": migration.name,
        "kind": migration.kind,
        "from": str(migration.place),
        "symbols": dict(sorted(symbols.items())),
    }
    if told != held:
        write_json(path, told)


def forget(root: DataRoot, name: str, symbols: Iterable[str]) -> None:
    """Takes the accounts of ``symbols``, whose migration was withdrawn, out of the record.

    Raises:
        RegimeError: the record is damaged; names it.
    """
    path = root.migration(name)
    held: dict[str, Any] | None = read_json(path)
    if held is None:
        return
    gone = set(symbols)
    left = {one: symbol for one, symbol in held["symbols"].items() if one not in gone}
    if left:
        write_json(path, {**held, "symbols": left})
    else:
        path.unlink()
