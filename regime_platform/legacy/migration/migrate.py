"""Migrates a legacy store symbol by symbol: import, promote, account for every row; and undoes it.

After a kill the next run continues with what is missing; a run with nothing to add writes nothing.
A failed symbol does not stop the others. Many symbols are migrated by several processes.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.locks import writing, writing_when_needed
from regime_platform.bar_store.raw.raw_log import extent
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import RegimeError, UsageError
from regime_platform.legacy.migration.account import account
from regime_platform.legacy.migration.migration import (
    Account,
    MigrateOutcome,
    Migration,
    SymbolPlan,
)
from regime_platform.legacy.migration.raw_files import ImportedPart, Importer, migrations, withdraw
from regime_platform.legacy.store import LegacyPart, UnreadSeries
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.gate.intact import release_raw_files, require_raw_files
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import SeriesIngest, Status
from regime_platform.pipeline.publish import publish_bars
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.workers import map_in_processes

#: Series per process below which starting processes takes longer than it saves.
WORTH_A_PROCESS = 40
_DAY_FILES = 10  # a series in thousands of files takes as long as 10 series of a database
#: Reasons in stored records: their wording must not change.
_NOT_TRACKED = "not followed on this timeframe"
_NOT_IN_UNIVERSE = "symbol not in the universe"
_FAILED = "could not be taken over"


@dataclass(frozen=True)
class UndoOutcome:
    """Result of undoing a migration of one symbol."""

    symbol: str
    status: Status
    files: int = 0
    reason: str = ""
    series: tuple[SeriesIngest, ...] = ()  # rows that the raw logs lack now


def migrate_many(
    workspace: RunWorkspace,
    plans: Sequence[SymbolPlan],
    migration: Migration,
    now: dt.datetime,
    workers: int = 1,
) -> Iterator[MigrateOutcome]:
    """Yield one outcome per plan in order, each as soon as it and those before it are known.

    No bar gets a later fetch time than ``now``; ``workers`` is the most processes.
    """
    parts = [part for plan in plans for part in plan.parts]
    series = sum(1 if part.rows is not None else _DAY_FILES for part in parts)
    migrate = partial(_migrate, workspace, migration, now)
    return map_in_processes(min(workers, series // WORTH_A_PROCESS), migrate, plans, _unmigrated)


def _migrate(
    workspace: RunWorkspace, migration: Migration, now: dt.datetime, plan: SymbolPlan
) -> MigrateOutcome:
    try:
        return migrate_symbol(workspace, plan, migration, now)
    except Exception as error:  # noqa: BLE001 - a defect on one symbol must not stop the others
        return _unmigrated(plan, f"unexpected {type(error).__name__}: {error}")


def _unmigrated(plan: SymbolPlan, reason: str) -> MigrateOutcome:
    return MigrateOutcome(plan.symbol, Status.FAILED, reason=f"migration failed: {reason}")


def migrate_symbol(
    workspace: RunWorkspace, plan: SymbolPlan, migration: Migration, now: dt.datetime
) -> MigrateOutcome:
    """Import all parts of one symbol and account for every row.

    A part that cannot be read fails the symbol; its other series are migrated.
    """
    if plan.instrument is None:
        return _untracked(plan)
    if not plan.parts and not plan.unread:
        reason = f"{migration.location} has no bars of {plan.symbol}"
        return MigrateOutcome(plan.symbol, Status.FAILED, reason=reason)
    tracked = [part for part in plan.parts if part.timeframe in plan.instrument.timeframes]
    accounts = [_left_out(part, _NOT_TRACKED) for part in plan.parts if part not in tracked]
    accounts += _unread(plan)
    imported: list[ImportedPart] = []
    failed: list[str] = []
    paths = workspace.root.symbol(plan.symbol)
    with writing_when_needed(paths) as lock:
        importer = Importer(paths, plan.instrument, migration, now, lock)
        for part in tracked:
            try:
                imported.append(importer.import_part(part))
            except (RegimeError, OSError) as error:
                failed.append(str(error))
                accounts.append(_left_out(part, _FAILED))
    try:
        promoted = promote(workspace, plan.instrument)
        publish_bars(workspace, plan.instrument, now)
        accounts += [account(workspace.root, plan.instrument, part) for part in imported]
    except (RegimeError, OSError) as error:
        return MigrateOutcome(plan.symbol, Status.FAILED, tuple(accounts), reason=str(error))
    written = sum(part.written for part in imported)
    reasons = [*failed, *(_refused(part) for part in imported if part.refused)]
    reasons += _problems(plan, accounts)
    if reasons:
        status, reasons = Status.FAILED, [*reasons, promoted.reason]
    elif not promoted.status.is_good:
        status = Status.BLOCKED if promoted.status is Status.BLOCKED else Status.FAILED
        reasons = [promoted.reason]
    else:
        is_done = written or promoted.status is Status.DONE
        status = Status.DONE if is_done else Status.UNCHANGED
    reason = " | ".join(filter(None, reasons))
    return MigrateOutcome(plan.symbol, status, tuple(accounts), written, reason, _written(imported))


def _written(imported: Sequence[ImportedPart]) -> tuple[SeriesIngest, ...]:
    rows = Counter[str]()
    for part in imported:
        rows[part.part.timeframe] += part.written
    return tuple(SeriesIngest(timeframe, new=rows[timeframe]) for timeframe in rows)


def stored_migrations(root: DataRoot, symbols: tuple[str, ...]) -> dict[str, Counter[str]]:
    """Migration -> symbol -> number of its files in the raw logs."""
    stored: dict[str, Counter[str]] = {}
    for symbol in symbols:
        for timeframe in TIMEFRAMES:
            for _file, name in migrations(root.symbol(symbol).raw(timeframe)):
                stored.setdefault(name, Counter())[symbol] += 1
    return stored


def undo_migration(
    workspace: RunWorkspace, name: str, wanted: tuple[Instrument, ...]
) -> Iterator[UndoOutcome]:
    """Remove the files of the migration ``name`` from the raw logs of ``wanted``; promote again.

    The name in the files counts, not the record, so that a killed migration can be undone too.
    ``UsageError`` where none of the raw logs has a file of it.
    """
    stored = stored_migrations(workspace.root, tuple(instrument.symbol for instrument in wanted))
    if name not in stored:
        known = ", ".join(sorted(stored)) or "none"
        message = f"no files of a migration {name!r} are stored; known are: {known}"
        raise UsageError(message, code="unknown-migration")
    for instrument in wanted:
        if instrument.symbol in stored[name]:
            try:
                yield _undo_symbol(workspace, instrument, name)
            except (RegimeError, OSError) as error:
                yield UndoOutcome(instrument.symbol, Status.FAILED, reason=str(error))


def _undo_symbol(workspace: RunWorkspace, instrument: Instrument, name: str) -> UndoOutcome:
    paths = workspace.root.symbol(instrument.symbol)
    if read_verdict(paths) is None:
        promote(workspace, instrument)  # only a verdict can record that raw files were removed
    logs = {timeframe: paths.raw(timeframe) for timeframe in TIMEFRAMES}
    with writing(paths):
        require_raw_files(paths, read_verdict(paths), instrument.timeframes)
        # first from the verdict in force, so that their absence is no missing raw file; after a
        # kill the same command or the next run continues
        release_raw_files(
            paths,
            {
                timeframe: [file for file, migration in migrations(log) if migration == name]
                for timeframe, log in logs.items()
            },
        )
        rows = {timeframe: _rows(log) for timeframe, log in logs.items()}
        files = sum(len(withdraw(log, name)) for log in logs.values())
        series = tuple(
            SeriesIngest(timeframe, withdrawn=rows[timeframe] - _rows(log))
            for timeframe, log in logs.items()
            if rows[timeframe]
        )
    promoted = promote(workspace, instrument)
    publish_bars(workspace, instrument, workspace.present())
    status = Status.BLOCKED if promoted.status is Status.BLOCKED else Status.DONE
    return UndoOutcome(instrument.symbol, status, files, promoted.reason, series)


def _rows(log: Path) -> int:
    stored = extent(log)
    return 0 if stored is None else stored.rows


def _left_out(part: LegacyPart | UnreadSeries, reason: str) -> Account:
    rows = part.rows or 0
    if part.rows is None and isinstance(part, LegacyPart) and reason != _FAILED:
        rows = part.read().raw_ts.len()
    return Account(timeframe=part.timeframe, location=part.name, rows=rows, left_out={reason: rows})


def _unread(plan: SymbolPlan) -> list[Account]:
    counted = (series for series in plan.unread if series.rows is not None)
    return [_left_out(series, series.reason) for series in counted]


def _untracked(plan: SymbolPlan) -> MigrateOutcome:
    reason = f"{plan.symbol} is not in the universe; `regime universe add` it, then migrate it"
    accounts = [_left_out(part, _NOT_IN_UNIVERSE) for part in plan.parts] + _unread(plan)
    return MigrateOutcome(plan.symbol, Status.FAILED, tuple(accounts), reason=reason)


def _refused(imported: ImportedPart) -> str:
    rows = imported.refused.total()
    return (
        f"{imported.part.name}: {rows:,} rows whose time or value cannot be read are refused "
        f"({imported.examples[0]}); the legacy store keeps them"
    )


def _problems(plan: SymbolPlan, accounts: Sequence[Account]) -> Iterator[str]:
    for series in plan.unread:
        yield series.message
    for entry in accounts:
        if not entry.adds_up:
            yield (
                f"{entry.location}: {entry.rows:,} rows, {entry.accounted:,} accounted for and "
                f"{entry.lost:,} lost; report it, and do not delete the legacy store"
            )
