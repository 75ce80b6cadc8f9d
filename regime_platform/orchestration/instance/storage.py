"""Dagster's storage classes, which keep its state in ``{data root}/dagster``; see dagster.yaml.

The stock ones take a folder relative to the working directory, so that a ``dg dev`` elsewhere would
show the statuses of one data root over the bars of another. Tables are the stock ones, so that the
classes can be removed without a conversion. The daemon imports this module first: it is light.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from dagster import Field, StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from filelock import FileLock

from regime_platform.model.instants import MOST_AHEAD
from regime_platform.orchestration.instance.event_log import EventLog
from regime_platform.orchestration.instance.history import naming_damage
from regime_platform.redaction import clean_logs
from regime_platform.settings import Settings

#: Before a run over partitions begins Dagster stores an event for each of them and each asset.
_TOGETHER, _MOST_TOGETHER = "DAGSTER_EVENT_BATCH_SIZE", "1000"
_SECONDS = MOST_AHEAD.total_seconds()
_TIMES = (
    "start_timestamp",
    "last_iteration_timestamp",
    "last_tick_timestamp",
    "last_tick_start_timestamp",
    "last_tick_success_timestamp",
    "last_sensor_start_timestamp",
)


class _InDataRoot:
    """The config of a class whose folder is ``name`` in Dagster's state of the data root."""

    name: str

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """An optional folder."""
        return {"folder": Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Opens what is in the folder."""
        folder = config_value.get("folder") or Settings().dagster_folder
        make: Any = cls
        opened: Self = make(str(Path(folder) / cls.name), inst_data=inst_data)
        return opened


class RunHistory(_InDataRoot, DagsterSqliteStorage):
    """Runs, events, schedules and sensor cursors, in SQLite."""

    name = "storage"

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # A service starts webserver and daemon together: without the lock both would create the
        # tables of a new data root, and one of them would fail.
        folder = Path(base_dir)
        folder.mkdir(parents=True, exist_ok=True)
        clean_logs()  # the daemon runs no other code of this package
        os.environ.setdefault(_TOGETHER, _MOST_TOGETHER)  # noqa: TID251 - read by Dagster
        with naming_damage(folder), FileLock(folder / ".opening.lock"):
            super().__init__(base_dir, inst_data=inst_data)
            self._event_log_storage = EventLog(self._event_log_storage._base_dir)
            self._schedule_storage = ScheduleStorage(self._schedule_storage._conn_string)


class Artifacts(_InDataRoot, LocalArtifactStorage):
    """The folder of artifacts that Dagster requires; empty, since there are no IO managers."""

    name = "artifacts"


class StepLogs(_InDataRoot, LocalComputeLogManager):
    """stdout and stderr of every step."""

    name = "logs"


class ScheduleStorage(SqliteScheduleStorage):
    """The stock storage of schedules and sensors without times that a clock ahead wrote.

    A tick at a future time would stop its schedule or sensor until then. Future ticks are left out,
    and future times of a state read as a short while ago: the next evaluation overwrites them.
    """

    def get_ticks(  # noqa: PLR0913, PLR0917 - the signature of the stock method
        self,
        origin_id: str,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[Any] | None = None,
    ) -> Sequence[InstigatorTick]:
        """The ticks up to now, the latest first."""
        latest = time.time() + _SECONDS
        before = latest if before is None else min(before, latest)
        return super().get_ticks(origin_id, selector_id, before, after, limit, statuses)

    def all_instigator_state(self, *args: Any, **kwargs: Any) -> Sequence[InstigatorState]:
        """The states of all schedules and sensors."""
        return [_as_of_now(state) for state in super().all_instigator_state(*args, **kwargs)]

    def get_instigator_state(self, origin_id: str, selector_id: str) -> InstigatorState | None:
        """The state of one schedule or sensor."""
        state = super().get_instigator_state(origin_id, selector_id)
        return None if state is None else _as_of_now(state)


def _as_of_now(state: InstigatorState) -> InstigatorState:
    data: Any = state.instigator_data
    now = time.time()
    ahead = {
        name: now - _SECONDS
        for name in _TIMES
        if (getattr(data, name, None) or 0.0) > now + _SECONDS
    }
    return state.with_data(data._replace(**ahead)) if data is not None and ahead else state
