"""Withdrawing a migration: its files leave the raw logs, and every symbol they were in is judged
anew.

The migration is found by the name in its files and not by any record of it, so that one that was
killed half-way is withdrawn as well. The verdict in force stops naming the files before they are
removed, so that none of them is missed: killed itself, it goes on where it was, or the next run
does.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.migrated import migrations, withdraw
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import RegimeError, UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.gate.raw_presence import release_raw_files, require_raw_files
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import RunWorkspace


@dataclass(frozen=True)
class UndoOutcome:
    """What was withdrawn of one symbol."""

    symbol: str
    status: Status
    files: int = 0
    reason: str = ""


def held_migrations(root: DataRoot, symbols: tuple[str, ...]) -> dict[str, Counter[str]]:
    """Migration -> symbol -> how many files of it the raw logs hold.

    Raises:
        BarsError: a migrated file is damaged; names it.
    """
    held: dict[str, Counter[str]] = {}
    for symbol in symbols:
        paths = root.symbol(symbol)
        for timeframe in TIMEFRAMES:
            for _file, name in migrations(paths.raw(timeframe)):
                held.setdefault(name, Counter())[symbol] += 1
    return held


def undo_migration(
    workspace: RunWorkspace, name: str, wanted: tuple[Instrument, ...]
) -> Iterator[UndoOutcome]:
    """Withdraws the migration ``name`` from each of ``wanted`` that it is in.

    Raises:
        UsageError: no raw log of theirs has a file of it.
    """
    held = held_migrations(workspace.root, tuple(one.symbol for one in wanted))
    if name not in held:
        known = ", ".join(sorted(held)) or "none"
        raise UsageError(f"nothing of a migration {name!r} is held; known are: {known}")
    for instrument in wanted:
        if instrument.symbol in held[name]:
            yield _withdrawn(workspace, instrument, name)


def _withdrawn(workspace: RunWorkspace, instrument: Instrument, name: str) -> UndoOutcome:
    paths = workspace.root.symbol(instrument.symbol)
    try:
        if read_verdict(paths) is None:
            promote(workspace, instrument)  # so that no raw file is missed that leaves here
        files = _remove(paths, instrument, name)
        promoted = promote(workspace, instrument)
    except (RegimeError, OSError) as error:
        return UndoOutcome(instrument.symbol, Status.FAILED, reason=str(error))
    status = Status.BLOCKED if promoted.status is Status.BLOCKED else Status.DONE
    return UndoOutcome(instrument.symbol, status, files, promoted.reason)


def _remove(paths: SymbolPaths, instrument: Instrument, name: str) -> int:
    with writing(paths):
        require_raw_files(paths, read_verdict(paths), instrument.timeframes)
        logs = {timeframe: paths.raw(timeframe) for timeframe in TIMEFRAMES}
        release_raw_files(
            paths,
            {
                timeframe: [file for file, migration in migrations(log) if migration == name]
                for timeframe, log in logs.items()
            },
        )
        return sum(len(withdraw(log, name)) for log in logs.values())
