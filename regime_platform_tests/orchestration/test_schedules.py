"""What starts by itself, when, for whom, and that it never piles up."""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
import yaml

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.schedules import build_schedules
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.scenario import street

FRIDAY = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
CLASSES = {"ALDER": "US_MEGA_CAP", "EURUSD": "FX", "BTCUSD": "CRYPTO"}


@pytest.fixture
def core(tmp_path: Path) -> Settings:
    """A core tier with one symbol of each kind of market."""
    settings = street(tmp_path, list(CLASSES), tier="core")
    path = settings.data_root / "universe.yaml"
    universe = yaml.safe_load(path.read_text())
    for entry in universe["instruments"]:
        entry["asset_class"] = CLASSES[entry["symbol"]]
    path.write_text(yaml.safe_dump(universe))
    return settings


@pytest.fixture
def instance(core: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(core) as opened:
        yield opened


def _tick(
    settings: Settings, instance: dg.DagsterInstance, name: str, at: dt.datetime
) -> dg.RunRequest | dg.SkipReason:
    schedules = {
        build_schedule.name: build_schedule
        for build_schedule in build_schedules(partial(load_universe, settings))
    }
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
    answer = schedules[name](context)
    assert isinstance(answer, dg.RunRequest | dg.SkipReason)
    return answer


def _asked(answer: dg.RunRequest | dg.SkipReason) -> set[str]:
    if isinstance(answer, dg.SkipReason):
        return set()
    (step,) = answer.run_config["ops"].values()
    return set(step["config"]["symbols"])


def _run(
    settings: Settings,
    instance: dg.DagsterInstance,
    request: dg.RunRequest | dg.SkipReason,
    status: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS,
    job: str = "update_core",
) -> None:
    assert isinstance(request, dg.RunRequest)
    definition = build_definitions(settings).resolve_job_def(job)
    instance.create_run_for_job(definition, status=status, tags=dict(request.tags))


def test_schedules_start_by_themselves_only_where_a_source_can_bring_something_new(
    settings: Settings, tmp_path: Path
) -> None:
    sample = build_schedules(partial(load_universe, settings))
    own = build_schedules(partial(load_universe, street(tmp_path, ["OAK"])))

    running = dg.DefaultScheduleStatus.RUNNING
    assert [schedule.name for schedule in sample if schedule.default_status == running] == []
    assert [schedule.name for schedule in own if schedule.default_status == running] == [
        "after_close_daily",
        "reconcile_daily",
        "check_freshness_daily",
        "prune_runs_weekly",
        "verify_nightly",
    ]
    assert (
        build_new_bars(partial(load_universe, settings)).default_status
        == dg.DefaultSensorStatus.RUNNING
    )


def test_a_tick_asks_for_those_whose_market_finished_a_bar_since_the_last(
    core: Settings, instance: dg.DagsterInstance
) -> None:
    asked = {}
    for at in (
        FRIDAY + dt.timedelta(hours=15, minutes=1),
        FRIDAY + dt.timedelta(hours=15, minutes=3),
        FRIDAY + dt.timedelta(hours=15, minutes=16),
        FRIDAY + dt.timedelta(hours=15, minutes=18),
    ):
        answer = _tick(core, instance, "intraday_core", at)
        asked[at.minute] = _asked(answer)
        if asked[at.minute]:
            _run(core, instance, answer)

    assert asked == {
        1: set(CLASSES),  # the first update covers all symbols
        3: {"ALDER"},
        16: {"EURUSD", "BTCUSD"},
        18: {"ALDER"},
    }


def test_an_update_by_a_clock_ahead_does_not_prevent_the_next(
    core: Settings, instance: dg.DagsterInstance
) -> None:
    at = FRIDAY + dt.timedelta(hours=15, minutes=1)
    _run(core, instance, _tick(core, instance, "intraday_core", at + dt.timedelta(days=3)))

    assert _asked(_tick(core, instance, "intraday_core", at)) == set(CLASSES)


def test_after_an_outage_one_tick_asks_for_everything_that_came_due_meanwhile(
    core: Settings, instance: dg.DagsterInstance
) -> None:
    friday, saturday = FRIDAY + dt.timedelta(hours=15, minutes=18), FRIDAY + dt.timedelta(hours=36)
    _run(core, instance, _tick(core, instance, "intraday_core", friday))

    back = _tick(core, instance, "intraday_core", saturday)
    _run(core, instance, back)
    later = _tick(core, instance, "intraday_core", saturday + dt.timedelta(minutes=15))

    assert _asked(back) == set(CLASSES)
    assert _asked(later) == {"BTCUSD"}


def test_a_cancelled_update_is_made_up_for_and_a_failed_one_is_not_repeated_all_weekend(
    core: Settings, instance: dg.DagsterInstance
) -> None:
    at = FRIDAY + dt.timedelta(hours=36)
    first = _tick(core, instance, "intraday_core", at)

    _run(core, instance, first, dg.DagsterRunStatus.CANCELED)
    again = _tick(core, instance, "intraday_core", at + dt.timedelta(minutes=15))
    _run(core, instance, again, dg.DagsterRunStatus.FAILURE)
    after = _tick(core, instance, "intraday_core", at + dt.timedelta(minutes=30))

    assert _asked(again) == _asked(first) == set(CLASSES)
    assert _asked(after) == {"BTCUSD"}


@pytest.mark.parametrize("status", ["NOT_STARTED", "STARTING", "STARTED"])
def test_an_update_never_overlaps_itself(
    core: Settings, instance: dg.DagsterInstance, status: str
) -> None:
    first = _tick(core, instance, "intraday_core", FRIDAY)
    _run(core, instance, first, dg.DagsterRunStatus(status))

    answer = _tick(core, instance, "intraday_core", FRIDAY + dt.timedelta(minutes=15))

    assert isinstance(answer, dg.SkipReason)
    assert "still in progress" in (answer.skip_message or "")


def test_daily_symbols_are_asked_for_after_the_close_and_never_on_a_closed_day(
    tmp_path: Path,
) -> None:
    settings = street(tmp_path, ["OAK", "ASH"])
    with open_instance(settings) as opened:
        friday = _tick(settings, opened, "after_close_daily", FRIDAY + dt.timedelta(hours=22.5))
        _run(settings, opened, friday, job="update_daily")
        late = _tick(settings, opened, "after_close_daily", FRIDAY + dt.timedelta(hours=27))
        _run(settings, opened, late, job="update_daily")
        saturday = _tick(settings, opened, "after_close_daily", FRIDAY + dt.timedelta(hours=46.5))

    assert _asked(friday) == _asked(late) == {"OAK", "ASH"}
    assert isinstance(saturday, dg.SkipReason)
    assert isinstance(friday, dg.RunRequest)
    assert "dagster/asset_partition_range_start" not in friday.tags


def test_core_and_daily_results_have_lanes_of_their_own_and_a_slot_stays_for_an_update(
    core: Settings, instance: dg.DagsterInstance
) -> None:
    queue = instance.get_concurrency_config().run_queue_config
    jobs = {
        name: build_definitions(core).resolve_job_def(name) for name in ("update_core", "recompute")
    }

    assert queue is not None
    limits = {limit["key"]: limit["limit"] for limit in queue.tag_concurrency_limits}
    assert limits == {"regime/lane": 1, "dagster/backfill": 1}
    assert queue.max_concurrent_runs == 4  # two lanes, a backfill, and an update
    assert "regime/lane" not in jobs["update_core"].tags
    assert int(jobs["update_core"].tags["dagster/priority"]) > int(
        jobs["recompute"].tags["dagster/priority"]
    )
