"""The body of the one step: walk, report each symbol as it is done, name at the end who is not.

Separate assets in one ranged run would mark every partition green or hold every partition back;
one step that reports per symbol lets a bad symbol stop nobody. Dagster turns red exactly the
planned partitions that a failed run did not report.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from regime_platform.errors import RunEndingError
from regime_platform.orchestration.alerts.heartbeat import send_heartbeat
from regime_platform.orchestration.events.events import (
    SymbolEvent,
    evaluations,
    materializations,
    stage_status,
)
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.freshness import IS_FRESH, freshness
from regime_platform.orchestration.targets import Targets
from regime_platform.orchestration.work import Work
from regime_platform.pipeline.board import refreshed_board
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.parallel import Task, run_in_parallel
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.settings import Settings

OnOutcome = Callable[[SymbolOutcome], None]
#: Symbols whose checks name what was reported of them after one query; a dead run leaves at most so
#: many untold.
_GROUP = 16
_NAMED = 5  # symbols spelled out in the one-line description; the table has all


def report_walk(
    workspace: RunWorkspace, settings: Settings, work: Work, now: dt.datetime, on_outcome: OnOutcome
) -> Iterator[SymbolEvent]:
    """Walks and reports, a group of symbols at a time; ``workspace`` is that of ``settings``.

    Raises:
        dagster.Failure: some symbols are not through; never retried, since they would fail again.
    """
    outcomes: list[SymbolOutcome] = []
    trouble = [f"not in the universe: {', '.join(work.unknown)}"] if work.unknown else []
    task = Task(now, work.stages, work.force)
    told, ended_early = 0, False
    try:
        for outcome in run_in_parallel(workspace, work.instruments, task, settings.workers):
            outcomes.append(outcome)
            on_outcome(outcome)
            if len(outcomes) - told == _GROUP:
                yield from _group_events(workspace, work, outcomes[told:])
                told = len(outcomes)
    except RunEndingError as error:  # the source refuses everybody
        ended_early = True
        missed = len(work.instruments) - len(outcomes)
        trouble.append(f"the run ended early, {missed} not reached: {error}")
    except dg.DagsterExecutionInterruptedError:  # somebody cancels: what is done shall be green
        yield from _group_events(workspace, work, outcomes[told:])
        raise
    finally:
        problem = refreshed_board(workspace, outcomes)
        if problem:
            trouble.append(problem)
    yield from _group_events(workspace, work, outcomes[told:])
    if _wants_freshness(work, outcomes):
        yield freshness(workspace, now)
    if work.is_pass and not ended_early:
        send_heartbeat(settings)
    if trouble or any(not outcome.status.is_good for outcome in outcomes):
        raise _failure(work, outcomes, trouble)


def _group_events(
    workspace: RunWorkspace, work: Work, group: Sequence[SymbolOutcome]
) -> Iterator[SymbolEvent]:
    began = time.time()
    made = [
        materialization
        for outcome in group
        for materialization in materializations(workspace, work, outcome)
    ]
    yield from made
    targets = Targets(work.instance, made, began)
    for outcome in group:
        yield from evaluations(workspace, work, outcome, targets)


def _wants_freshness(work: Work, outcomes: Sequence[SymbolOutcome]) -> bool:
    made = any(stage_status(outcome, Stage.COMPUTE_DB) is Status.DONE for outcome in outcomes)
    return IS_FRESH in work.checks and (work.is_partitioned or made)


def _failure(work: Work, outcomes: Sequence[SymbolOutcome], trouble: Sequence[str]) -> dg.Failure:
    bad = [outcome for outcome in outcomes if not outcome.status.is_good]
    names = [f"{one.symbol} ({one.status} at {one.stage}: {one.reason})" for one in bad[:_NAMED]]
    more = [f"and {len(bad) - _NAMED} more"] if len(bad) > _NAMED else []
    reached = {outcome.symbol for outcome in outcomes}
    missed = [
        instrument.symbol for instrument in work.instruments if instrument.symbol not in reached
    ]
    return dg.Failure(
        f"{len(bad)} of {len(work.instruments)} symbols are not through: "
        + "; ".join([*names, *more, *trouble]),
        metadata={
            "blocked": sum(one.status is Status.BLOCKED for one in bad),
            "failed": sum(one.status is Status.FAILED for one in bad),
            "symbols": table([_row(one) for one in bad]),
            "not_reached": ", ".join(missed) or "none",
        },
        allow_retries=False,
    )


def _row(outcome: SymbolOutcome) -> dict[str, str]:
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "stage": outcome.stage.value,
        "reason and remedy": outcome.reason,
        "detail": outcome.detail,
    }
