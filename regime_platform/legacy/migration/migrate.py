"""An old store into this one, symbol by symbol: taken over, promoted, accounted for.

Killed anywhere, the next run finds what is kept and goes on; a run with nothing to add writes
nothing. One symbol's failure stops no other.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace

from regime_platform.bar_store.locks import writing_when_needed
from regime_platform.errors import RegimeError
from regime_platform.legacy.migration.account import account
from regime_platform.legacy.migration.import_part import Receiver, Taken, take_over
from regime_platform.legacy.migration.migration import (
    Account,
    MigrateOutcome,
    Migration,
    SymbolPlan,
)
from regime_platform.legacy.readers.source import OldPart, Unread
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import RunWorkspace

_NOT_FOLLOWED = "not followed on this timeframe"
_STRANGER = "symbol not in the universe"
_FAILED = "could not be taken over"


def migrate_symbol(
    workspace: RunWorkspace, plan: SymbolPlan, migration: Migration, now: dt.datetime
) -> MigrateOutcome:
    """Takes all parts of one symbol over and accounts for every row.

    What cannot be read leaves the other series migrated, and the symbol failed.
    """
    if plan.instrument is None:
        return _stranger(plan)
    if not plan.parts and not plan.unread:
        reason = f"{migration.place} has nothing of {plan.symbol}"
        return MigrateOutcome(plan.symbol, Status.FAILED, reason=reason)
    paths = workspace.root.symbol(plan.symbol)
    followed = [one for one in plan.parts if one.timeframe in plan.instrument.timeframes]
    taken: list[Taken] = []
    failed: list[str] = []
    accounts = [_left_out(one, _NOT_FOLLOWED) for one in plan.parts if one not in followed]
    accounts += [_unread(one) for one in plan.unread if one.rows is not None]
    with writing_when_needed(paths) as hold:
        into = Receiver(paths, plan.instrument, migration, now, hold)
        for part in followed:
            try:
                taken.append(take_over(part, into))
            except (RegimeError, OSError) as error:
                failed.append(str(error))
                accounts.append(_left_out(part, _FAILED))
    try:
        promoted = promote(workspace, plan.instrument)
        accounts += [account(workspace.root, plan.instrument, one) for one in taken]
    except (RegimeError, OSError) as error:
        failed.append(str(error))
        return MigrateOutcome(plan.symbol, Status.FAILED, tuple(accounts), reason=failed[-1])
    written = sum(one.written for one in taken)
    did = Status.DONE if written or promoted.status is Status.DONE else Status.UNCHANGED
    outcome = MigrateOutcome(plan.symbol, did, tuple(accounts), written)
    failed += [_refused(one) for one in taken if one.refused]
    return _judged(outcome, plan, failed, promoted.reason)


def _left_out(part: OldPart, why: str) -> Account:
    rows = part.rows
    if rows is None:  # of day files; where they cannot be read, nobody can tell
        rows = 0 if why == _FAILED else part.read().height
    return Account(part.symbol, part.timeframe, part.name, rows, left_out={why: rows})


def _unread(one: Unread) -> Account:
    rows = one.rows or 0
    return Account(one.symbol, one.timeframe, one.name, rows, left_out={one.reason: rows})


def _stranger(plan: SymbolPlan) -> MigrateOutcome:
    reason = f"{plan.symbol} is not in the universe; `regime universe add` it, then migrate it"
    accounts = [_left_out(part, _STRANGER) for part in plan.parts]
    accounts += [_unread(one) for one in plan.unread if one.rows is not None]
    return MigrateOutcome(plan.symbol, Status.FAILED, tuple(accounts), reason=reason)


def _judged(
    outcome: MigrateOutcome, plan: SymbolPlan, failed: Sequence[str], blocked: str
) -> MigrateOutcome:
    """The outcome with the status that its accounts deserve."""
    reasons = [*failed, *_problems(outcome, plan)]
    if reasons:
        return replace(
            outcome, status=Status.FAILED, reason=" | ".join([*reasons, blocked]).strip(" |")
        )
    if blocked:
        return replace(outcome, status=Status.BLOCKED, reason=blocked)
    return outcome


def _refused(taken: Taken) -> str:
    rows = taken.refused.total()
    return (
        f"{taken.part.name}: {rows:,} rows whose time or value cannot be understood stay out "
        f"({taken.examples[0]}); the old store keeps them"
    )


def _problems(outcome: MigrateOutcome, plan: SymbolPlan) -> Iterator[str]:
    for other in plan.unread:
        yield f"{other.told} ({other.name})"
    for one in outcome.accounts:
        if not one.adds_up:
            yield (
                f"{one.place}: {one.rows:,} rows, {one.accounted:,} accounted for and {one.lost:,} "
                "lost; report it, and do not delete the old store"
            )
