"""The records of a symbol that only grow: overrides, splits, price factors and instruments.

What verdict and bar manifest recorded of them must still be in them. Entries that came later do not
count here: the next run applies and records them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from regime_platform.bar_store.factor_file import (
    as_json,
    lost_factors,
    read_factors,
    recorded_factors,
    restore_factors,
)
from regime_platform.bar_store.identity_file import (
    lost_identities,
    recorded_identities,
    restore_identities,
    stored_identities,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.overrides import (
    read_overrides,
    stored_overrides,
    write_overrides,
)
from regime_platform.bar_store.recorded import recorded_overrides
from regime_platform.bar_store.split_file import (
    lost_splits,
    read_splits,
    recorded_splits,
    restore_splits,
)
from regime_platform.errors import BarsError, ConfigError
from regime_platform.validation.overrides import restored


class RecordProblem(Enum):
    """What is wrong with the file of a record."""

    UNREADABLE = auto()
    CHANGED = auto()  # entries are missing from it
    MISSING = auto()


@dataclass(frozen=True)
class RecordFault:
    """A record that is not whole."""

    file: str
    problem: RecordProblem
    reason: str


def stored_records(paths: SymbolPaths) -> dict[str, Any]:
    """What a bar manifest records of splits, price factors and instruments, where there are any.

    Raises:
        BarsError: a file is damaged.
    """
    records = {
        "splits": [record.model_dump(mode="json") for record in read_splits(paths)],
        "price_factors": as_json(read_factors(paths)),
        "identities": [record.model_dump(mode="json") for record in stored_identities(paths)],
    }
    return {name: entries for name, entries in records.items() if entries}


def require_records(paths: SymbolPaths) -> None:
    """Refuses to go on from records that are not whole.

    Raises:
        BarsError, ConfigError: names the file, what it lost and the remedy.
    """
    read_overrides(paths)
    for fault in record_faults(paths):
        raise BarsError(
            f"{paths.folder / fault.file}: {fault.reason}; "
            f"`regime repair {paths.symbol}` writes it again",
            code="records-lost",
        )


def record_faults(paths: SymbolPaths) -> Iterator[RecordFault]:
    """What is wrong with splits, price factors and instruments, by what the bar manifest has."""

    def splits() -> list[str]:
        lost = lost_splits(read_splits(paths), recorded_splits(paths))
        return [f"{entry.ratio} on {entry.timeframe}" for entry in lost]

    def factors() -> list[str]:
        return lost_factors(read_factors(paths), recorded_factors(paths))

    def identities() -> list[str]:
        lost = lost_identities(stored_identities(paths), recorded_identities(paths))
        return [str(record.identity) for record in lost]

    yield from _faults(paths.splits, splits)
    yield from _faults(paths.price_factors, factors)
    yield from _faults(paths.identity, identities)


def restore_records(paths: SymbolPaths) -> None:
    """Writes the records again from what was recorded of them; hold the lock.

    Valid entries that came later stay; what was damaged is to be set aside before.
    """
    try:
        entries = stored_overrides(paths)
    except ConfigError:
        entries = ()
    whole = restored(entries, recorded_overrides(paths))
    if whole:
        write_overrides(paths, whole)
    else:
        paths.decisions.unlink(missing_ok=True)
    restore_splits(paths)
    restore_factors(paths)
    restore_identities(paths)


def _faults(path: Path, lost_entries: Callable[[], list[str]]) -> Iterator[RecordFault]:
    try:
        lost = lost_entries()
    except (BarsError, OSError) as error:
        reason = str(error).removeprefix(f"{path} ")
        yield RecordFault(path.name, RecordProblem.UNREADABLE, reason)
        return
    if lost:
        problem = RecordProblem.CHANGED if path.exists() else RecordProblem.MISSING
        reason = f"it no longer has what the bar manifest recorded: {', '.join(lost)}"
        yield RecordFault(path.name, problem, reason)
