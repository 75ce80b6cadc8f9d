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
from regime_platform.orchestration.events import (
    SymbolEvent,
    evaluations,
    materializations,
    stage_status,
)
from regime_platform.orchestration.freshness import IS_FRESH, freshness
from regime_platform.orchestration.heartbeat import send_heartbeat
from regime_platform.orchestration.tables import table
from regime_platform.orchestration.targets import Targets
from regime_platform.orchestration.work import Work
from regime_platform.pipeline.board import refreshed_board
from regime_platform.pipeline.outcomes import Stage, Status, WalkOutcome
from regime_platform.pipeline.parallel_walk import Task, walk_on_cores
from regime_platform.pipeline.platform import Platform
from regime_platform.settings import Settings

OnOutcome = Callable[[WalkOutcome], None]
#: Symbols whose checks name what was reported of them after one query; a dead run leaves at most so
#: many untold.
_GROUP = 16
_NAMED = 5  # symbols spelled out in the one-line description; the table has all


def report_walk(
    platform: Platform, settings: Settings, work: Work, now: dt.datetime, on_outcome: OnOutcome
) -> Iterator[SymbolEvent]:
    """Walks and reports, a group of symbols at a time; ``platform`` is that of ``settings``.

    Raises:
        dagster.Failure: some symbols are not through; never retried, since they would fail again.
    """
    outcomes: list[WalkOutcome] = []
    trouble = [f"not in the universe: {', '.join(work.unknown)}"] if work.unknown else []
    task = Task(now, work.stages, work.force)
    told, ended_early = 0, False
    try:
        for outcome in walk_on_cores(platform, work.instruments, task, settings.workers):
            outcomes.append(outcome)
            on_outcome(outcome)
            if len(outcomes) - told == _GROUP:
                yield from _group_events(platform, work, outcomes[told:])
                told = len(outcomes)
    except RunEndingError as error:  # the source refuses everybody
        ended_early = True
        missed = len(work.instruments) - len(outcomes)
        trouble.append(f"the run ended early, {missed} not reached: {error}")
    except dg.DagsterExecutionInterruptedError:  # somebody cancels: what is done shall be green
        yield from _group_events(platform, work, outcomes[told:])
        raise
    finally:
        problem = refreshed_board(platform, outcomes)
        if problem:
            trouble.append(problem)
    yield from _group_events(platform, work, outcomes[told:])
    if _wants_freshness(work, outcomes):
        yield freshness(platform, now)
    if work.is_pass and not ended_early:
        send_heartbeat(settings)
    if trouble or any(not outcome.status.is_good for outcome in outcomes):
        raise _failure(work, outcomes, trouble)


def _group_events(
    platform: Platform, work: Work, group: Sequence[WalkOutcome]
) -> Iterator[SymbolEvent]:
    began = time.time()
    made = [one for outcome in group for one in materializations(platform, work, outcome)]
    yield from made
    targets = Targets(work.instance, made, began)
    for outcome in group:
        yield from evaluations(platform, work, outcome, targets)


def _wants_freshness(work: Work, outcomes: Sequence[WalkOutcome]) -> bool:
    made = any(stage_status(one, Stage.COMPUTE_DB) is Status.DONE for one in outcomes)
    return IS_FRESH in work.checks and (work.is_partitioned or made)


def _failure(work: Work, outcomes: Sequence[WalkOutcome], trouble: Sequence[str]) -> dg.Failure:
    bad = [one for one in outcomes if not one.status.is_good]
    names = [f"{one.symbol} ({one.status} at {one.stage}: {one.reason})" for one in bad[:_NAMED]]
    more = [f"and {len(bad) - _NAMED} more"] if len(bad) > _NAMED else []
    reached = {one.symbol for one in outcomes}
    missed = [one.symbol for one in work.instruments if one.symbol not in reached]
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


def _row(outcome: WalkOutcome) -> dict[str, str]:
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "stage": outcome.stage.value,
        "reason and remedy": outcome.reason,
        "detail": outcome.detail,
    }
