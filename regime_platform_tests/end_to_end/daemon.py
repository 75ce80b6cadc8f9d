"""Schedules and sensors as the daemon evaluates them, and their runs, in this process."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
import time_machine
from dagster._utils.schedules import schedule_execution_time_iterator

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.partitions import range_tags
from regime_platform.orchestration.report import board_changes
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.settings import Settings, load_universe

_QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
_MOST_ROUNDS = 5  # of sensors that request runs for each other
_RUN_KEY = "dagster/run_key"


@dataclass(frozen=True)
class Launched:
    """A run that has ended.

    Attributes:
        materialized: asset -> symbols that the run reported.
    """

    job: str
    run_id: str
    is_success: bool
    materialized: Mapping[str, Sequence[str]]


class Daemon:
    """A daemon that sleeps between the moments it is given.

    Of the ticks that a schedule missed it evaluates the last, as Dagster does.

    Attributes:
        runs: all runs that it launched, in order.
    """

    def __init__(
        self, settings: Settings, instance: dg.DagsterInstance, clock: time_machine.Traveller
    ) -> None:
        self.runs: list[Launched] = []
        self._settings, self._instance, self._clock = settings, instance, clock
        self._repository = build_definitions(settings).get_repository_def()
        self._seen = _now()
        self._cursors: dict[str, str | None] = {}

    def until(self, moment: dt.datetime) -> Sequence[Launched]:
        """Evaluates what is due up to a moment; returns the runs it launched."""
        before = len(self.runs)
        for at, name in sorted(self._due(moment)):
            self._clock.move_to(max(at, _now()))
            self._tick(name, at)
            self.sense()
        self._clock.move_to(max(moment, _now()))
        self.sense()
        self._seen = moment
        return self.runs[before:]

    def backfill(self, first: str, last: str) -> bool:
        """Launches what the UI does for an unbroken range of partitions."""
        symbols = load_universe(self._settings).symbols
        wanted = symbols[symbols.index(first) : symbols.index(last) + 1]
        tags = range_tags(wanted, load_universe(self._settings))
        assert tags
        return self._launch("process_all", {}, tags)

    def sense(self) -> None:
        """Evaluates all sensors until none requests a run."""
        for _ in range(_MOST_ROUNDS):
            requested = [
                self._evaluate(sensor)
                for sensor in self._repository.sensor_defs
                if sensor.default_status == dg.DefaultSensorStatus.RUNNING
                and sensor.name != board_changes.name  # draws pages after each pass
            ]
            if not any(requested):
                return
        raise AssertionError(f"sensors request runs for ever: {self.runs[-_MOST_ROUNDS:]}")

    def _due(self, moment: dt.datetime) -> list[tuple[dt.datetime, str]]:
        return [
            (ticks[-1], schedule.name)
            for schedule in self._repository.schedule_defs
            if schedule.default_status == dg.DefaultScheduleStatus.RUNNING
            and (ticks := _ticks(schedule, self._seen, moment))
        ]

    def _tick(self, name: str, at: dt.datetime) -> None:
        schedule = self._repository.get_schedule_def(name)
        context = dg.build_schedule_context(
            instance=self._instance,
            scheduled_execution_time=at,
            repository_def=self._repository,
        )
        for request in schedule.evaluate_tick(context).run_requests or []:
            self._launch(schedule.job_name, request.run_config, request.tags)

    def _evaluate(self, sensor: dg.SensorDefinition) -> bool:
        with dg.build_sensor_context(
            instance=self._instance,
            cursor=self._cursors.get(sensor.name),
            repository_def=self._repository,
            sensor_name=sensor.name,
            resources={"workspace": WorkspaceResource(self._settings)},
        ) as context:
            done = sensor.evaluate_tick(context)
        self._cursors[sensor.name] = done.cursor
        for request in done.run_requests or []:
            assert request.run_key
            known = self._instance.get_run_records(
                dg.RunsFilter(tags={_RUN_KEY: request.run_key}), limit=1
            )
            assert not known, f"the daemon launches no run of a known key: {request.run_key}"
            tags = {**request.tags, _RUN_KEY: request.run_key}
            job = request.job_name or sensor.job_name
            assert job
            self._launch(job, request.run_config, tags)
        return bool(done.run_requests)

    def _launch(self, job: str, config: object, tags: object) -> bool:
        assert isinstance(config, dict)
        assert isinstance(tags, dict)
        result = self._repository.get_job(job).execute_in_process(
            instance=self._instance,
            run_config={**config, "loggers": _QUIET},
            tags=tags,
            raise_on_error=False,
        )
        materialized: dict[str, list[str]] = {}
        for event in result.get_asset_materialization_events():
            assert event.asset_key
            assert event.partition
            materialized.setdefault(event.asset_key.to_user_string(), []).append(event.partition)
        self.runs.append(Launched(job, result.run_id, result.success, materialized))
        return result.success


def _ticks(
    schedule: dg.ScheduleDefinition, after: dt.datetime, until: dt.datetime
) -> list[dt.datetime]:
    ticks: list[dt.datetime] = []
    for tick in schedule_execution_time_iterator(
        after.timestamp() + 1, schedule.cron_schedule, schedule.execution_timezone
    ):
        if tick > until:
            return ticks
        ticks.append(tick)
    return ticks


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
