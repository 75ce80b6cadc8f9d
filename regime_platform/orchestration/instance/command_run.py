"""Runs that stand for what commands did: they are stored as finished, nothing is launched.

Events without a run would not do: Dagster stores one evaluation of a check per partition and run,
so a second one without a run is refused, and a partition is failed only by a failed run that had
planned it. The run is also where the UI leads to from a partition, and its log has the reasons.
"""

import dagster as dg
from dagster._core.events import DagsterEvent, StepMaterializationData
from dagster._core.utils import make_new_run_id

#: The job that these runs are listed under.
COMMAND_LINE = "command_line"


class CommandRun:
    """One of them; it is stored with its first event."""

    def __init__(self, instance: dg.DagsterInstance, *, is_success: bool) -> None:
        status = dg.DagsterRunStatus.SUCCESS if is_success else dg.DagsterRunStatus.FAILURE
        self._instance = instance
        self._run = dg.DagsterRun(COMMAND_LINE, make_new_run_id(), status=status)
        self._is_stored = False

    def report(self, event: dg.AssetMaterialization | dg.AssetCheckEvaluation) -> None:
        """Stores a materialisation or the result of a check."""
        if isinstance(event, dg.AssetMaterialization):
            kind, data = dg.DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(event)
            self._store(DagsterEvent(kind.value, COMMAND_LINE, event_specific_data=data))
        else:
            kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
            self._store(DagsterEvent(kind.value, COMMAND_LINE, event_specific_data=event))

    def stored(self) -> dg.DagsterRun:
        """The run, in which failures of partitions can be recorded where it is no success."""
        self._add()
        return self._run

    def note(self, text: str) -> None:
        """Adds a line to the log of the run."""
        self._add()
        self._instance.report_engine_event(text, self._run)

    def _store(self, event: DagsterEvent) -> None:
        self._add()
        self._instance.report_dagster_event(event, run_id=self._run.run_id)

    def _add(self) -> None:
        if not self._is_stored:
            self._instance.add_run(self._run)
            self._is_stored = True
