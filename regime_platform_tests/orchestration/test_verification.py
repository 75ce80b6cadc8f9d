"""Every night a share of the store is hashed again, and what rotted is an alarm."""

import datetime as dt
import os
import random
from collections.abc import Mapping

import dagster as dg
import pytest

from regime_platform.audit.verify.share import due_for_verification
from regime_platform.bar_store.layout import DataRoot
from regime_platform.orchestration.alerts.failures import failure_lines
from regime_platform.orchestration.build import build_definitions
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.conftest import SYMBOLS
from regime_platform_tests.orchestration.graph import QUIET

CHECK = dg.AssetCheckKey(dg.AssetKey("manifests"), "is_complete")
DAY = dt.date(2026, 11, 20)


def _verified(
    settings: Settings, instance: dg.DagsterInstance, **config: object
) -> dg.ExecuteInProcessResult:
    ops = {"verify_share_step": {"config": config}}
    return (
        build_definitions(settings)
        .resolve_job_def("verify_share")
        .execute_in_process(
            instance=instance, run_config={"ops": ops, "loggers": QUIET}, raise_on_error=False
        )
    )


def _checks(result: dg.ExecuteInProcessResult) -> Mapping[str | None, bool]:
    return {
        asset_check_evaluation.partition: asset_check_evaluation.passed
        for asset_check_evaluation in result.get_asset_check_evaluations()
    }


def test_a_flip_that_left_size_and_time_alone_is_an_alarm_the_next_time_its_turn_comes(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    part = next((DataRoot(walked_eight.data_root).symbol("ELM").bars("1day")).iterdir())
    before, data = part.stat(), bytearray(part.read_bytes())
    data[random.Random(4).randrange(len(data))] ^= 8
    part.write_bytes(data)
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    days = [DAY + dt.timedelta(days=ago) for ago in range(20)]
    universe = RunWorkspace.open(walked_eight).universe.instruments
    turn = next(
        day
        for day in days
        if "ELM" in {one.symbol for one in due_for_verification(universe, 20, day)}
    )

    result = _verified(walked_eight, walked_instance, date=turn.isoformat())
    failure = result.get_run_failure_event()
    context = dg.build_run_status_sensor_context(
        "run_failures", failure, walked_instance, result.dagster_run
    )
    (line,) = failure_lines(context.for_run_failure())

    assert not result.success
    assert _checks(result)["ELM"] is False
    assert line.startswith(f"ELM changed at verify: bars/1day/{part.name}: its bytes are not")
    assert line.endswith("regime repair ELM")


def test_whole_symbols_pass_and_those_named_are_verified_on_any_day(
    walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    result = _verified(walked_eight, walked_instance, symbols=["ELM", "FIR"])
    in_force = walked_instance.event_log_storage.get_asset_check_partition_info([CHECK])

    assert result.success
    assert _checks(result) == {"ELM": True, "FIR": True}
    assert {one.partition_key for one in in_force} >= {"ELM", "FIR"}


def test_every_symbol_has_its_turn_once_in_so_many_days_and_what_was_missed_is_added(
    eight: Settings,
) -> None:
    universe = RunWorkspace.open(eight).universe.instruments
    days = [DAY + dt.timedelta(days=number) for number in range(5)]

    shares = [due_for_verification(universe, 5, day) for day in days]
    missed = due_for_verification(universe, 5, days[-1], days[0])
    after_a_month = due_for_verification(universe, 5, days[-1], DAY - dt.timedelta(days=30))

    assert sorted(one.symbol for share in shares for one in share) == sorted(SYMBOLS)
    assert {one.symbol for one in missed} == {one.symbol for s in shares[1:] for one in s}
    assert after_a_month == universe
    assert due_for_verification(universe, 5, days[0]) == shares[0]
    assert due_for_verification(universe, 0, days[0]) == ()
    assert due_for_verification(universe, 1, days[0]) == universe


@pytest.mark.parametrize(("share", "days"), [("0.05", 20), ("0.3", 4), ("1", 1), ("0", 0)])
def test_the_share_is_a_setting(monkeypatch: pytest.MonkeyPatch, share: str, days: int) -> None:
    monkeypatch.setenv("REGIME_VERIFY_SHARE", share)

    assert Settings(_env_file=None).verify_days() == days


def test_a_tick_names_the_date_and_the_last_that_was_verified(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    definitions = build_definitions(eight)
    schedule = definitions.resolve_schedule_def("verify_nightly")
    first, later = (dt.datetime(2026, 11, day, 8, tzinfo=dt.UTC) for day in (20, 23))

    def request(at: dt.datetime) -> dg.RunRequest:
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
        data = schedule.evaluate_tick(context)
        (asked,) = data.run_requests or ()
        return asked

    asked = request(first)
    instance.create_run_for_job(
        definitions.resolve_job_def("verify_share"),
        status=dg.DagsterRunStatus.FAILURE,
        tags=dict(asked.tags),
    )
    config = [
        one.run_config["ops"]["verify_share_step"]["config"] for one in (asked, request(later))
    ]

    assert [(one["date"], one["since"]) for one in config] == [
        ("2026-11-20", ""),
        ("2026-11-23", "2026-11-20"),
    ]
