"""The sensor command_line: reports what commands did outside Dagster (see `pipeline.outbox`).

Each symbol gets the events that a run would have reported, from what is stored now. Reported and
not yet removed is reported again after a crash, which is harmless; nothing is removed before.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import dagster as dg

from regime_platform.errors import RegimeError
from regime_platform.orchestration.events.checks import CHECK_KEYS
from regime_platform.orchestration.events.events import (
    evaluations,
    materializations,
    partition_reason,
    report_failure,
)
from regime_platform.orchestration.events.freshness import freshness
from regime_platform.orchestration.instance.check_targets import GROUP, CheckTargets
from regime_platform.orchestration.instance.command_run import CommandRun
from regime_platform.orchestration.instance.failed_partitions import last_failure
from regime_platform.orchestration.instance.shown_states import ShownStates, not_green
from regime_platform.orchestration.partitions import symbol_partitions
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.run_scope import RunScope
from regime_platform.pipeline.outbox import Outbox, Pending
from regime_platform.pipeline.outbox_documents import Failure, OutboxEntry
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.pipeline.stored_outcome import as_stored, stored_outcome

#: Symbols per tick: up to nine events each, some seconds of a core of the minute that a tick has;
#: the rest waits for the next ones.
MOST = 100
_RAW = frozenset({Stage.RAW_BARS})
#: The checks that a good symbol passes; warnings about its bars may stand.
_BLOCKING = frozenset(check for check in CHECK_KEYS if check.name != "findings")
_Entry = TypeVar("_Entry", OutboxEntry, Pending)


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reports what commands did: materialisations and checks of their symbols.",
)
def command_line(
    context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> dg.SkipReason:
    """Reports the outbox, a share of it per tick; without news a tick lists one folder."""
    waiting = Outbox(workspace.loaded).waiting()
    if not waiting.symbols and not waiting.has_unchanged:
        return dg.SkipReason("no command changed a symbol since the last tick")
    report = OutboxReport(workspace.open(), context.instance)
    report.run()
    for line in report.lines:
        context.log.warning(line)
    left = f", {report.left} left for the next ticks" if report.left else ""
    return dg.SkipReason(f"{len(report.symbols)} symbols reported{left}")


class OutboxReport:
    """The report of one tick."""

    def __init__(self, workspace: RunWorkspace, instance: dg.DagsterInstance) -> None:
        self.symbols: list[str] = []  # reported
        self.lines: list[str] = []  # what an operator should know of others
        self.left = 0  # symbols that the next ticks report
        self._workspace, self._instance = workspace, instance
        self._run = CommandRun(instance, is_success=True)
        self._failed_run = CommandRun(instance, is_success=False)
        self._outbox = Outbox(workspace.settings)
        self._shown = ShownStates(instance, symbol_partitions(workspace.universe))
        self._has_results = False

    def run(self, most: int = MOST) -> None:
        """Reports at most that many symbols."""
        pending = self._outbox.pending()
        now, later = pending[:most], pending[most:]
        self.left = len(later)
        for group in _groups(now):
            self._report([entry for each in group if (entry := self._current(each))])
            for each in group:
                self._outbox.remove(each.file, is_damaged=bool(each.problem))
        if not later:
            self._report_unchanged(most - len(now))
        if self._has_results:
            self._report_freshness()

    def _current(self, pending: Pending) -> OutboxEntry | None:
        """The entry as it is to be reported by now; None where nothing is to be."""
        entry, universe = pending.entry, self._workspace.universe
        symbol = universe.renamed.get(entry.symbol, entry.symbol)
        if pending.problem:
            self.lines.append(
                f"{pending.file.path} cannot be read ({pending.problem}): it is set aside, and "
                f"what is stored of {symbol} is reported"
            )
        if symbol not in universe.symbols:
            self.lines.append(f"{symbol} is not in the universe: what commands did is not shown")
            return None
        if entry == OutboxEntry(symbol=entry.symbol):  # of a repair or restore, or unreadable
            return as_stored(self._workspace, universe.instrument(symbol))
        entry = entry.model_copy(update={"symbol": symbol})
        if entry.failure is None:
            return entry
        latest = CheckTargets(self._instance).of(_asset(entry.failure.stage), symbol)
        if latest is not None and latest.timestamp > pending.file.written:
            return entry.model_copy(update={"failure": None})  # a run of Dagster's completed it
        return None if self._is_shown(entry, entry.failure) else entry

    def _is_shown(self, entry: OutboxEntry, failure: Failure) -> bool:
        """True where Dagster shows the failure already, and nothing else is to be reported."""
        symbol = entry.symbol
        reason = partition_reason(
            SymbolOutcome(symbol, failure.status, failure.stage, failure.reason)
        )
        return not any(series.changed for series in entry.series) and all(
            self._shown.is_failed(_asset(stage), symbol)
            and last_failure(self._instance, _asset(stage), symbol) == reason
            for stage in entry.stages
        )

    def _report_unchanged(self, most: int) -> None:
        """Reports symbols that are good and unchanged where Dagster shows otherwise."""
        file, listed = self._outbox.unchanged()
        if file is None:
            return
        universe = self._workspace.universe
        wanted: dict[str, tuple[Stage, ...]] = {}
        for stage, symbols in listed.items():
            known = set(symbols) & set(universe.symbols)
            partitions = symbol_partitions(universe)
            for symbol in not_green(self._instance, partitions, _asset(stage), known, _BLOCKING):
                wanted[symbol] = (*wanted.get(symbol, ()), stage)
        entries = [OutboxEntry(symbol=symbol, stages=wanted[symbol]) for symbol in sorted(wanted)]
        for group in _groups(entries[:most]):
            self._report(group)
        self.left = len(entries[most:])
        if not self.left:
            self._outbox.remove(file)

    def _report(self, entries: Sequence[OutboxEntry]) -> None:
        """Reports some symbols; their checks after all materialisations, which these refer to."""
        workspace, targets = self._workspace, CheckTargets(self._instance)
        outcomes = [
            stored_outcome(workspace, workspace.find(entry.symbol)[0], entry) for entry in entries
        ]
        results = _asset(Stage.COMPUTE_DB)
        with targets.reporting():
            for entry, outcome in zip(entries, outcomes, strict=True):
                for scope in self._scopes(entry):
                    for event in materializations(workspace, scope, outcome):
                        self._run_of(outcome).report(event)
                        self._has_results |= event.asset_key == results
                if not outcome.status.is_good:
                    self._report_failure(entry, outcome)
        with targets.reporting():
            for entry, outcome in zip(entries, outcomes, strict=True):
                for scope in self._scopes(entry):
                    for check in evaluations(workspace, scope, outcome, targets):
                        self._run_of(outcome).report(check)
        self.symbols += [outcome.symbol for outcome in outcomes]

    def _report_freshness(self) -> None:
        workspace = self._workspace
        try:
            for evaluation in freshness(workspace, self._instance, workspace.present()):
                self._run.report(evaluation)
        except (RegimeError, OSError) as error:  # of the board
            self.lines.append(str(error))

    def _report_failure(self, entry: OutboxEntry, outcome: SymbolOutcome) -> None:
        self._failed_run.note(f"{outcome.symbol} {partition_reason(outcome)}")
        scope = RunScope(
            instance=self._instance,
            instruments=(),
            stages=frozenset(entry.stages),
            checks=CHECK_KEYS,
            is_partitioned=False,
            run=self._failed_run.stored(),
        )
        report_failure(scope, outcome)

    def _run_of(self, outcome: SymbolOutcome) -> CommandRun:
        return self._run if outcome.status.is_good else self._failed_run

    def _scopes(self, entry: OutboxEntry) -> Iterator[RunScope]:
        """The scopes of runs that would report it.

        One with all stages tells `new_bars` that nothing is left to do, so raw bars that are still
        to be processed have one of their own.
        """
        stages = frozenset(Stage)
        for some in [stages] if entry.is_processed else [_RAW, stages - _RAW]:
            yield RunScope(
                instance=self._instance,
                instruments=(),
                stages=some,
                checks=CHECK_KEYS,
                is_partitioned=False,
                is_repeated=True,  # what was reported before a crash is unchanged now
            )


def _asset(stage: Stage) -> dg.AssetKey:
    return dg.AssetKey(stage.value)


def _groups(entries: Sequence[_Entry]) -> Iterator[Sequence[_Entry]]:
    for start in range(0, len(entries), GROUP):
        yield entries[start : start + GROUP]
