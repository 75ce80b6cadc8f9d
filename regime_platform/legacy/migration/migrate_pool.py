"""Migrating many symbols on several cores; a few are quicker without new processes."""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import partial

from regime_platform.legacy.migration.migrate import migrate_symbol
from regime_platform.legacy.migration.migration import MigrateOutcome, Migration, SymbolPlan
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.workers import in_turn

#: Below so many series of a database each, starting processes takes longer than it spares.
WORTH_A_PROCESS = 40
_DAY_FILES = 10  # a series in thousands of files takes as long as so many of a database


def migrate_many(
    workspace: RunWorkspace,
    plans: Sequence[SymbolPlan],
    migration: Migration,
    now: dt.datetime,
    workers: int = 1,
) -> Iterator[MigrateOutcome]:
    """One outcome per plan, in order, each as soon as it and those before it are known.

    Args:
        workspace: where the symbols are to live.
        plans: what the old store has of each.
        migration: the old store.
        now: no bar counts as fetched later.
        workers: processes, at most.
    """
    parts = [part for plan in plans for part in plan.parts]
    series = sum(1 if part.rows is not None else _DAY_FILES for part in parts)
    migrated = partial(_migrated, workspace, migration, now)
    return in_turn(min(workers, series // WORTH_A_PROCESS), migrated, plans, _unmigrated)


def _migrated(
    workspace: RunWorkspace, migration: Migration, now: dt.datetime, plan: SymbolPlan
) -> MigrateOutcome:
    try:
        return migrate_symbol(workspace, plan, migration, now)
    except Exception as error:  # noqa: BLE001 - a defect met on one symbol must not stop the others
        return _unmigrated(plan, f"unexpected {type(error).__name__}: {error}")


def _unmigrated(plan: SymbolPlan, why: str) -> MigrateOutcome:
    return MigrateOutcome(plan.symbol, Status.FAILED, reason=f"could not be taken over: {why}")
