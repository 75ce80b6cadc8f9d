"""The body of the step: runs the symbols, reports each one, and fails where some did not pass.

Separate assets in one ranged run would mark all partitions green or block all of them. Of a failed
run Dagster shows exactly those planned partitions as failed that were not reported.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from regime_platform.compute.engine import warm_up
from regime_platform.compute.kernels import kernels_are_compiled
from regime_platform.errors import RegimeError, RunEndingError
from regime_platform.orchestration.alerts.outgoing import send_heartbeat
from regime_platform.orchestration.events.events import (
    SymbolEvent,
    evaluations,
    materializations,
    report_failure,
)
from regime_platform.orchestration.events.failures import FailedSymbol, run_failure
from regime_platform.orchestration.events.freshness import IS_FRESH, freshness
from regime_platform.orchestration.instance.check_targets import GROUP, CheckTargets
from regime_platform.orchestration.resources import OnOutcome
from regime_platform.orchestration.run_scope import RunScope
from regime_platform.pipeline.board import try_refresh_board
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace


def report_symbols(
    workspace: RunWorkspace, scope: RunScope, now: dt.datetime, on_outcome: OnOutcome
) -> Iterator[SymbolEvent]:
    """Runs the symbols of ``scope`` at ``now`` and yields their events, a group at a time.

    Raises:
        dagster.Failure: some symbols failed or are blocked.
    """
    if not kernels_are_compiled():  # before worker processes compile them each
        dg.get_dagster_logger().info("compiling the kernels: half a minute, once per machine")
        warm_up()
    batch = _Batch(workspace, scope)
    try:
        yield from batch.run(now, on_outcome)
    finally:
        if problem := try_refresh_board(workspace, batch.outcomes):
            batch.problems.append(problem)
    yield from batch.unreported()
    if _wants_freshness(scope, batch.outcomes):
        yield from batch.freshness(now)
    if scope.is_pass and not batch.has_ended_early:
        send_heartbeat(workspace.settings)
    if batch.problems or any(not outcome.status.is_good for outcome in batch.outcomes):
        raise batch.failure()


class _Batch:
    """The symbols of a run: their outcomes, how many are reported, and problems of the whole."""

    def __init__(self, workspace: RunWorkspace, scope: RunScope) -> None:
        self.outcomes: list[SymbolOutcome] = []
        unknown = ", ".join(scope.unknown)
        self.problems = [f"not in the universe: {unknown}"] if unknown else []
        self.has_ended_early = False
        self._workspace, self._scope, self._reported = workspace, scope, 0
        self._targets = CheckTargets(scope.instance)

    def run(self, now: dt.datetime, on_outcome: OnOutcome) -> Iterator[SymbolEvent]:
        """Runs all symbols, and yields the events of every full group."""
        workspace, scope = self._workspace, self._scope
        outcomes = run_symbols(
            workspace,
            scope.instruments,
            now,
            stages=scope.stages,
            force=scope.force,
            workers=workspace.settings.workers,
        )
        try:
            for outcome in outcomes:
                if not outcome.is_reached:
                    continue
                self.outcomes.append(outcome)
                on_outcome(outcome)
                if len(self.outcomes) - self._reported == GROUP:
                    yield from self.unreported()
        except RunEndingError as error:  # the source serves no symbol
            self.has_ended_early = True
            missed = len(self._not_reached())
            self.problems.append(f"the run ended early, {missed} not reached: {error}")
            scope.on_early_end()
        except dg.DagsterExecutionInterruptedError:  # cancelled: finished symbols are reported
            yield from self.unreported()
            raise

    def unreported(self) -> Iterator[SymbolEvent]:
        """The events of the symbols since the last call; checks after all materialisations."""
        group, targets = self.outcomes[self._reported :], self._targets
        with targets.reporting():
            for outcome in group:
                yield from materializations(self._workspace, self._scope, outcome)
        with targets.reporting():
            for outcome in group:
                yield from evaluations(self._workspace, self._scope, outcome, targets)
            for outcome in group:
                report_failure(self._scope, outcome)
        self._reported += len(group)  # at the end: a run cancelled before it reports them again

    def freshness(self, now: dt.datetime) -> Iterator[SymbolEvent]:
        """The check ``is_fresh`` by the board of now: of the symbols of a partitioned run all."""
        scope = self._scope
        every = [instrument.symbol for instrument in scope.instruments]
        always = every if scope.is_partitioned else ()
        targets = self._targets
        try:
            with targets.reporting():
                yield from freshness(self._workspace, scope.instance, now, always, targets=targets)
        except (RegimeError, OSError) as error:  # of the board
            self.problems.append(str(error))

    def _not_reached(self) -> list[str]:
        """The symbols that some series of was not requested, as the source refused all."""
        left = {row.symbol for row in self.outcomes if row.status is not Status.NOT_REACHED}
        return [each.symbol for each in self._scope.instruments if each.symbol not in left]

    def failure(self) -> dg.Failure:
        """The failure that names the symbols that did not pass."""
        failed = [
            FailedSymbol(row.symbol, row.status.value, row.stage.value, row.reason, row.detail)
            for row in self.outcomes
            if not row.status.is_good and row.status is not Status.NOT_REACHED
        ]
        metadata = {
            "blocked": sum(row.status == Status.BLOCKED for row in failed),
            "no_bars": sum(row.status == Status.NO_BARS for row in failed),
            "failed": sum(row.status == Status.FAILED for row in failed),
            "not_reached": ", ".join(self._not_reached()) or "none",
        }
        title = f"{len(failed)} of {len(self._scope.instruments)} symbols failed"
        return run_failure(title, failed, self.problems, metadata)


def _wants_freshness(scope: RunScope, outcomes: list[SymbolOutcome]) -> bool:
    """True where results came, or where bars that may be due did not."""
    has_news = any(
        outcome.status_after(Stage.COMPUTE_DB) is Status.DONE
        or outcome.status_after(Stage.RAW_BARS) in (Status.FAILED, Status.NOT_REACHED)
        for outcome in outcomes
    )
    return IS_FRESH in scope.checks and (scope.is_partitioned or has_news)
