"""A clock that was ahead silences neither schedules nor sensors once it is right."""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from regime_platform.orchestration.instance.home import open_instance
from regime_platform.settings import Settings

DAY = 86_400.0


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings) as opened:
        yield opened


def _state(name: str, kind: InstigatorType, data: object) -> InstigatorState:
    target = LoadableTargetOrigin(python_file=str(Path(__file__)))
    location = InProcessCodeLocationOrigin(target, location_name="regime_platform")
    origin = RemoteRepositoryOrigin(location, "repository").get_instigator_origin(name)
    return InstigatorState(origin, kind, InstigatorStatus.RUNNING, data)  # type: ignore[arg-type]


def _tick(state: InstigatorState, at: float) -> TickData:
    return TickData(
        instigator_origin_id=state.instigator_origin_id,
        instigator_name=state.instigator_name,
        instigator_type=state.instigator_type,
        status=TickStatus.SUCCESS,
        run_ids=[],
        timestamp=at,
        selector_id=state.selector_id,
    )


def test_a_schedule_goes_on_from_its_latest_tick_that_is_not_to_come(
    instance: dg.DagsterInstance,
) -> None:
    now = time.time()
    data = ScheduleInstigatorData("* * * * *", now - DAY, now + DAY)
    state = instance.add_instigator_state(_state("s", InstigatorType.SCHEDULE, data))
    for at in (now - 60, now + DAY):
        instance.create_tick(_tick(state, at))

    (latest,) = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
    (read,) = instance.all_instigator_state()
    state_read = instance.get_instigator_state(state.instigator_origin_id, state.selector_id)

    assert latest.timestamp == pytest.approx(now - 60)
    for each in (read, state_read):
        assert each is not None
        assert isinstance(each.instigator_data, ScheduleInstigatorData)
        assert each.instigator_data.start_timestamp == pytest.approx(now - DAY)
        assert now - DAY < (each.instigator_data.last_iteration_timestamp or 0) < now


def test_a_sensor_is_not_delayed_by_a_future_tick_and_keeps_its_cursor(
    instance: dg.DagsterInstance,
) -> None:
    now = time.time()
    data = SensorInstigatorData(now + DAY, cursor="7", last_tick_start_timestamp=now + DAY)
    instance.add_instigator_state(_state("s", InstigatorType.SENSOR, data))

    (read,) = instance.all_instigator_state()

    assert isinstance(read.instigator_data, SensorInstigatorData)
    assert (read.instigator_data.last_tick_timestamp or now) < now
    assert (read.instigator_data.last_tick_start_timestamp or now) < now
    assert read.instigator_data.cursor == "7"
