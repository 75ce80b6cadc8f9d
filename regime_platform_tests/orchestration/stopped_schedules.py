"""Stops the schedules of a data root, so that nothing starts by the clock beside a test."""

from functools import partial

from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.report import board_changes
from regime_platform.orchestration.schedules import build_schedules
from regime_platform.settings import Settings, load_universe


def stop_schedules(settings: Settings) -> None:
    """Switches every schedule off, as in the UI; without effect on those already switched.

    Else the outcome would depend on the time of day: at 17:30 New York all daily symbols are due.
    The sensor of reports too: a report after every pass would take the time of tests about others.
    """
    current = partial(load_universe, settings)
    target = LoadableTargetOrigin(module_name="regime_platform.definitions")
    location = InProcessCodeLocationOrigin(target, location_name="regime_platform")
    repository = RemoteRepositoryOrigin(location, "__repository__")
    by_the_clock: list[
        tuple[str, InstigatorType, ScheduleInstigatorData | SensorInstigatorData]
    ] = [
        (each.name, InstigatorType.SCHEDULE, ScheduleInstigatorData(each.cron_schedule))
        for each in build_schedules(current)
    ]
    reports = (board_changes.name, InstigatorType.SENSOR, SensorInstigatorData())
    with open_instance(settings) as instance:
        for name, kind, data in (*by_the_clock, reports):
            origin = repository.get_instigator_origin(name)
            state = InstigatorState(origin, kind, InstigatorStatus.STOPPED, data)
            if not instance.get_instigator_state(state.instigator_origin_id, state.selector_id):
                instance.add_instigator_state(state)
