"""Every night a share of the store is hashed again, and what rotted is an alarm."""

import datetime as dt
import os
import random
from collections.abc import Mapping

import dagster as dg
import pytest

from regime_platform.audit.verify.verify import due_for_verification
from regime_platform.bar_store.layout import DataRoot
from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.events.failures import run_failure_of
from regime_platform.orchestration.instance.shown_states import ShownStates
from regime_platform.orchestration.partitions import symbol_partitions
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.orchestration.graph import QUIET, run_listed

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


@pytest.mark.slow
def test_a_flip_that_kept_size_and_time_is_an_alert_in_the_next_share(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    part = next((DataRoot(processed_eight.data_root).symbol("ELM").bars("1day")).iterdir())
    before, whole = part.stat(), part.read_bytes()
    data = bytearray(whole)
    data[random.Random(4).randrange(len(data))] ^= 8
    part.write_bytes(data)
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    days = [DAY + dt.timedelta(days=ago) for ago in range(20)]
    universe = RunWorkspace.open(processed_eight).universe.instruments
    turn = next(
        day
        for day in days
        if "ELM" in {instrument.symbol for instrument in due_for_verification(universe, 20, day)}
    )

    result = _verified(processed_eight, processed_instance, date=turn.isoformat())
    failure = result.get_run_failure_event()
    context = dg.build_run_status_sensor_context(
        "run_failures", failure, processed_instance, result.dagster_run
    )
    (line,) = run_failure_of(context.for_run_failure()).lines

    assert not result.success
    assert _checks(result)["ELM"] is False
    assert line.startswith(f"ELM changed at verify: bars/1day/{part.name}: its bytes are not")
    assert line.endswith("regime repair ELM")

    def is_complete_after_a_pass() -> bool | None:
        run_listed(processed_eight, processed_instance, ["ELM"], "reconcile")
        partitions = symbol_partitions(load_universe(processed_eight))
        return ShownStates(processed_instance, partitions).passed(CHECK, "ELM")

    assert is_complete_after_a_pass() is False
    part.write_bytes(whole)
    assert is_complete_after_a_pass() is True


def test_whole_symbols_pass_and_those_named_are_verified_on_any_day(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    result = _verified(processed_eight, processed_instance, symbols=["ELM", "FIR"])
    in_force = processed_instance.event_log_storage.get_asset_check_partition_info([CHECK])

    assert result.success
    assert _checks(result) == {"ELM": True, "FIR": True}
    assert {record.partition_key for record in in_force} >= {"ELM", "FIR"}


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
        tick.run_config["ops"]["verify_share_step"]["config"] for tick in (asked, request(later))
    ]

    assert [(entry["date"], entry["since"]) for entry in config] == [
        ("2026-11-20", ""),
        ("2026-11-23", "2026-11-20"),
    ]
