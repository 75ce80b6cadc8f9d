"""Stops the schedules of a data root, so that nothing starts by the clock beside a test."""

from functools import partial

from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.schedules import build_schedules
from regime_platform.settings import Settings, load_universe


def stop_schedules(settings: Settings) -> None:
    """Switches every schedule off, as in the UI; without effect on those already switched.

    Else the outcome would depend on the time of day: at 17:30 New York all daily symbols are due.
    """
    current = partial(load_universe, settings)
    target = LoadableTargetOrigin(module_name="regime_platform.definitions")
    location = InProcessCodeLocationOrigin(target, location_name="regime_platform")
    repository = RemoteRepositoryOrigin(location, "__repository__")
    with open_instance(settings) as instance:
        for schedule in build_schedules(current):
            origin = repository.get_instigator_origin(schedule.name)
            data = ScheduleInstigatorData(schedule.cron_schedule)
            state = InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.STOPPED, data)
            if not instance.get_instigator_state(state.instigator_origin_id, state.selector_id):
                instance.add_instigator_state(state)
