"""The body of the step: runs the symbols, reports each one, and fails where some did not pass.

Separate assets in one ranged run would mark all partitions green or block all of them. One step
that reports per symbol keeps a failed symbol from affecting others: in a failed run Dagster shows
exactly the planned partitions as failed that were not reported.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from regime_platform.errors import RunEndingError
from regime_platform.orchestration.alerts.heartbeat import send_heartbeat
from regime_platform.orchestration.events.check_targets import CheckTargets
from regime_platform.orchestration.events.events import (
    SymbolEvent,
    evaluations,
    materializations,
    stage_status,
)
from regime_platform.orchestration.events.failures import FailedSymbol, run_failure
from regime_platform.orchestration.freshness import IS_FRESH, freshness
from regime_platform.orchestration.run_scope import RunScope
from regime_platform.pipeline.board import try_refresh_board
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.parallel import Task, run_in_parallel
from regime_platform.pipeline.run_workspace import RunWorkspace

OnOutcome = Callable[[SymbolOutcome], None]
#: Symbols reported together, so that their checks take one query for each asset. A run that dies
#: leaves at most this many finished symbols unreported.
_GROUP = 16


def report_symbols(
    workspace: RunWorkspace, scope: RunScope, now: dt.datetime, on_outcome: OnOutcome
) -> Iterator[SymbolEvent]:
    """Runs the symbols of ``scope`` and yields their events, a group of symbols at a time.

    Args:
        workspace: holds the symbols.
        scope: symbols, stages and checks of the run.
        now: the time of the run (aware).
        on_outcome: called with every finished symbol.

    Raises:
        dagster.Failure: some symbols failed or are blocked. It is never retried, since a retry
            would fail the same way.
    """
    batch = _Batch(workspace, scope)
    try:
        yield from batch.run(Task(now, scope.stages, scope.force), on_outcome)
    finally:
        batch.refresh_board()
    yield from batch.unreported()
    if _wants_freshness(scope, batch.outcomes):
        yield freshness(workspace, now)
    if scope.is_pass and not batch.has_ended_early:
        send_heartbeat(workspace.settings)
    if batch.problems or any(not outcome.status.is_good for outcome in batch.outcomes):
        raise _failure(scope, batch.outcomes, batch.problems)


class _Batch:
    """The symbols of a run: their outcomes, how many are reported, and problems of the whole."""

    def __init__(self, workspace: RunWorkspace, scope: RunScope) -> None:
        self.outcomes: list[SymbolOutcome] = []
        unknown = ", ".join(scope.unknown)
        self.problems = [f"not in the universe: {unknown}"] if unknown else []
        self.has_ended_early = False
        self._workspace, self._scope, self._reported = workspace, scope, 0

    def run(self, task: Task, on_outcome: OnOutcome) -> Iterator[SymbolEvent]:
        """Runs all symbols, and yields the events of every full group."""
        workspace, instruments = self._workspace, self._scope.instruments
        workers = workspace.settings.workers
        try:
            for outcome in run_in_parallel(workspace, instruments, task, workers):
                self.outcomes.append(outcome)
                on_outcome(outcome)
                if len(self.outcomes) - self._reported == _GROUP:
                    yield from self.unreported()
        except RunEndingError as error:  # the source serves no symbol
            self.has_ended_early = True
            missed = len(instruments) - len(self.outcomes)
            self.problems.append(f"the run ended early, {missed} not reached: {error}")
        except dg.DagsterExecutionInterruptedError:  # cancelled: finished symbols are reported
            yield from self.unreported()
            raise

    def unreported(self) -> Iterator[SymbolEvent]:
        """The events of the symbols since the last call; checks after all materialisations."""
        group = self.outcomes[self._reported :]
        began = time.time()
        made = [
            materialization
            for outcome in group
            for materialization in materializations(self._workspace, self._scope, outcome)
        ]
        yield from made
        targets = CheckTargets(self._scope.instance, made, began)
        for outcome in group:
            yield from evaluations(self._workspace, self._scope, outcome, targets)
        self._reported += len(group)  # at the end: a run cancelled before it reports them again

    def refresh_board(self) -> None:
        """Writes the rows of the finished symbols into the board."""
        problem = try_refresh_board(self._workspace, self.outcomes)
        if problem:
            self.problems.append(problem)


def _wants_freshness(scope: RunScope, outcomes: Sequence[SymbolOutcome]) -> bool:
    is_computed = any(
        stage_status(outcome, Stage.COMPUTE_DB) is Status.DONE for outcome in outcomes
    )
    return IS_FRESH in scope.checks and (scope.is_partitioned or is_computed)


def _failure(
    scope: RunScope, outcomes: Sequence[SymbolOutcome], problems: Sequence[str]
) -> dg.Failure:
    failed = [_failed(outcome) for outcome in outcomes if not outcome.status.is_good]
    reached = {outcome.symbol for outcome in outcomes}
    missed = [each.symbol for each in scope.instruments if each.symbol not in reached]
    metadata = {
        "blocked": sum(row.status == Status.BLOCKED for row in failed),
        "failed": sum(row.status == Status.FAILED for row in failed),
        "not_reached": ", ".join(missed) or "none",
    }
    title = f"{len(failed)} of {len(scope.instruments)} symbols failed"
    return run_failure(title, failed, problems, metadata)


def _failed(outcome: SymbolOutcome) -> FailedSymbol:
    status, stage = outcome.status.value, outcome.stage.value
    return FailedSymbol(outcome.symbol, status, stage, outcome.reason, outcome.detail)
