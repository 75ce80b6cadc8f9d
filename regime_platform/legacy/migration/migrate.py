"""Migrates a legacy store symbol by symbol: import, promote, account for every row.

After a kill the next run continues with what is missing; a run with nothing to add writes nothing.
A failed symbol does not stop the others. Many symbols are migrated by several processes.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from regime_platform.bar_store.locks import writing_when_needed
from regime_platform.errors import RegimeError
from regime_platform.legacy.migration.account import account
from regime_platform.legacy.migration.import_part import ImportedPart, Importer
from regime_platform.legacy.migration.migration import MigrateOutcome, Migration, SymbolPlan
from regime_platform.legacy.migration.record import Account
from regime_platform.legacy.readers.source import LegacyPart
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.pipeline.workers import map_in_processes

#: Series per process below which starting processes takes longer than it saves.
WORTH_A_PROCESS = 40
_DAY_FILES = 10  # a series in thousands of files takes as long as 10 series of a database
#: Reasons in stored records: their wording must not change.
_NOT_TRACKED = "not followed on this timeframe"
_NOT_IN_UNIVERSE = "symbol not in the universe"
_FAILED = "could not be taken over"


def migrate_many(
    workspace: RunWorkspace,
    plans: Sequence[SymbolPlan],
    migration: Migration,
    now: dt.datetime,
    workers: int = 1,
) -> Iterator[MigrateOutcome]:
    """Yield one outcome per plan in order, each as soon as it and those before it are known.

    Args:
        workspace: where the symbols are stored.
        plans: the parts of the legacy store per symbol.
        migration: the legacy store.
        now: latest fetch time of any bar.
        workers: most processes.
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
        accounts += [account(workspace.root, plan.instrument, part) for part in imported]
    except (RegimeError, OSError) as error:
        return MigrateOutcome(plan.symbol, Status.FAILED, tuple(accounts), reason=str(error))
    written = sum(part.written for part in imported)
    status = Status.DONE if written or promoted.status is Status.DONE else Status.UNCHANGED
    outcome = MigrateOutcome(plan.symbol, status, tuple(accounts), written)
    failed += [_refused(part) for part in imported if part.refused]
    return _with_final_status(outcome, plan, failed, promoted.reason)


def _left_out(part: LegacyPart, reason: str) -> Account:
    rows = part.rows
    if rows is None:  # of day files; unknown where they cannot be read
        rows = 0 if reason == _FAILED else part.read().height
    return Account(timeframe=part.timeframe, location=part.name, rows=rows, left_out={reason: rows})


def _unread(plan: SymbolPlan) -> list[Account]:
    return [
        Account(
            timeframe=series.timeframe,
            location=series.name,
            rows=series.rows,
            left_out={series.reason: series.rows},
        )
        for series in plan.unread
        if series.rows is not None
    ]


def _untracked(plan: SymbolPlan) -> MigrateOutcome:
    reason = f"{plan.symbol} is not in the universe; `regime universe add` it, then migrate it"
    accounts = [_left_out(part, _NOT_IN_UNIVERSE) for part in plan.parts] + _unread(plan)
    return MigrateOutcome(plan.symbol, Status.FAILED, tuple(accounts), reason=reason)


def _with_final_status(
    outcome: MigrateOutcome, plan: SymbolPlan, failed: Sequence[str], blocked: str
) -> MigrateOutcome:
    """The outcome with the status that follows from its accounts and problems."""
    reasons = [*failed, *_problems(outcome, plan)]
    if reasons:
        return replace(
            outcome, status=Status.FAILED, reason=" | ".join([*reasons, blocked]).strip(" |")
        )
    if blocked:
        return replace(outcome, status=Status.BLOCKED, reason=blocked)
    return outcome


def _refused(imported: ImportedPart) -> str:
    rows = imported.refused.total()
    return (
        f"{imported.part.name}: {rows:,} rows whose time or value cannot be read are refused "
        f"({imported.examples[0]}); the legacy store keeps them"
    )


def _problems(outcome: MigrateOutcome, plan: SymbolPlan) -> Iterator[str]:
    for series in plan.unread:
        yield f"{series.message} ({series.name})"
    for entry in outcome.accounts:
        if not entry.adds_up:
            yield (
                f"{entry.location}: {entry.rows:,} rows, {entry.accounted:,} accounted for and "
                f"{entry.lost:,} lost; report it, and do not delete the legacy store"
            )
