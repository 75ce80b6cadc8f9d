"""Dagster's storage of schedules and sensors, without times that a clock ahead wrote.

A schedule continues from its latest tick, and a sensor waits from it: a tick at a future time would
stop both until that time. Future ticks are left out here, and future times of a state are read as a
short while ago, so that the next evaluation continues from there and overwrites them.

Tables are the stock ones, so that this class can be removed without a conversion.
"""

import time
from collections.abc import Sequence
from typing import Any

from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage

from regime_platform.model.clock import MOST_AHEAD

_SECONDS = MOST_AHEAD.total_seconds()
_TIMES = (
    "start_timestamp",
    "last_iteration_timestamp",
    "last_tick_timestamp",
    "last_tick_start_timestamp",
    "last_tick_success_timestamp",
    "last_sensor_start_timestamp",
)


class ScheduleStorage(SqliteScheduleStorage):
    """The stock storage without future times."""

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
