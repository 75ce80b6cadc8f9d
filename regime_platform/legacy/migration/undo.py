"""Undoes a migration: removes its files from the raw logs and promotes the symbols again.

The migration is identified by the name in its files, not by its record, so that a killed migration
can be undone too. The files are removed from the verdict in force first, so that their absence is
no missing raw file; after a kill the same command or the next run continues.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import RegimeError, UsageError
from regime_platform.legacy.migration.raw_files import migrations, withdraw
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.gate.raw_presence import release_raw_files, require_raw_files
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace


@dataclass(frozen=True)
class UndoOutcome:
    """Result of undoing a migration of one symbol."""

    symbol: str
    status: Status
    files: int = 0
    reason: str = ""


def stored_migrations(root: DataRoot, symbols: tuple[str, ...]) -> dict[str, Counter[str]]:
    """Map migration -> symbol -> number of its files in the raw logs.

    Raises:
        BarsError: a migrated file is damaged; names it.
    """
    stored: dict[str, Counter[str]] = {}
    for symbol in symbols:
        paths = root.symbol(symbol)
        for timeframe in TIMEFRAMES:
            for _file, name in migrations(paths.raw(timeframe)):
                stored.setdefault(name, Counter())[symbol] += 1
    return stored


def undo_migration(
    workspace: RunWorkspace, name: str, wanted: tuple[Instrument, ...]
) -> Iterator[UndoOutcome]:
    """Remove the migration ``name`` from each of ``wanted`` that has files of it.

    Raises:
        UsageError: none of their raw logs has a file of it.
    """
    stored = stored_migrations(workspace.root, tuple(instrument.symbol for instrument in wanted))
    if name not in stored:
        known = ", ".join(sorted(stored)) or "none"
        message = f"no files of a migration {name!r} are stored; known are: {known}"
        raise UsageError(message, code="unknown-migration")
    for instrument in wanted:
        if instrument.symbol in stored[name]:
            yield _undo_symbol(workspace, instrument, name)


def _undo_symbol(workspace: RunWorkspace, instrument: Instrument, name: str) -> UndoOutcome:
    paths = workspace.root.symbol(instrument.symbol)
    try:
        if read_verdict(paths) is None:
            promote(workspace, instrument)  # only a verdict can record that raw files were removed
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
