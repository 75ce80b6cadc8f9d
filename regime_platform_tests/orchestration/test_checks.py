"""A bad symbol affects no other, and no kind of launch bypasses the gate."""

import shutil
from collections.abc import Sequence

import dagster as dg
import pytest

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.launch import materialize_symbols
from regime_platform.orchestration.partitions import range_tags
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import (
    BARS,
    QUIET,
    SYMBOLS,
    failure_text,
    gate_failures,
    green,
    materialized,
    red,
    run_listed,
    run_range,
)
from regime_platform_tests.scenario import serve, with_value

BAD = "ELM"
OTHERS = set(SYMBOLS) - {BAD}
AFTER_GATE = (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS)


def _plant_bad_bar(settings: Settings, symbol: str = BAD, bars: int = BARS) -> None:
    good = make_bars(bars, seed=SYMBOLS.index(symbol))
    serve(settings, symbol, "1day", with_value(good, 200, high=1.0))


@pytest.mark.slow
def test_a_bad_bar_in_one_of_eight_blocks_exactly_that_one_then_and_later(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    _plant_bad_bar(eight)

    result = run_range(eight, instance, SYMBOLS)

    assert not result.success
    assert red(eight, instance, Stage.RAW_BARS) == set()
    for stage in AFTER_GATE:
        assert red(eight, instance, stage) == {BAD}
        assert green(eight, instance, stage) == OTHERS
    assert gate_failures(result) == [BAD]
    assert result.get_asset_check_evaluations()[-1].check_name == "is_fresh"
    message = f"1 of 8 symbols failed (1 blocked): {BAD} (blocked at validated_bars"
    assert message in failure_text(result)

    alone = run_range(eight, instance, SYMBOLS, stages=[Stage.COMPUTE_DB])

    assert set(materialized(alone, Stage.COMPUTE_DB)) == OTHERS
    assert red(eight, instance, Stage.COMPUTE_DB) == {BAD}
    assert f"{BAD} (blocked at compute_db" in failure_text(alone)
    assert not (eight.data_root / "assets" / BAD / "compute.db").exists()


def test_a_symbol_that_turns_bad_keeps_its_last_good_results(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    kept = processed_eight.data_root / "assets" / BAD / "compute.db"
    before = kept.read_bytes()
    _plant_bad_bar(processed_eight, bars=BARS + 1)

    result = run_listed(processed_eight, processed_instance, [BAD], "process_listed")

    assert not result.success
    assert kept.read_bytes() == before
    assert gate_failures(result) == [BAD]
    assert materialized(result, Stage.RAW_BARS) == [BAD]
    assert materialized(result, Stage.COMPUTE_DB) == []


@pytest.mark.slow
def test_a_failing_fetch_and_a_blocked_symbol_are_red_and_all_others_green(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    _plant_bad_bar(eight)
    assert eight.files_root is not None
    shutil.rmtree(eight.files_root / "FIR")

    result = run_range(eight, instance, ["CEDAR", BAD, "FIR", "HAZEL"])

    assert red(eight, instance, Stage.RAW_BARS) == {"FIR"}
    assert green(eight, instance, Stage.RAW_BARS) == {"CEDAR", BAD, "HAZEL"}
    for stage in AFTER_GATE:
        assert red(eight, instance, stage) == {BAD, "FIR"}
        assert green(eight, instance, stage) == {"CEDAR", "HAZEL"}
    text = failure_text(result)
    assert "2 of 4 symbols failed (1 failed, 1 blocked)" in text
    assert "FIR (failed at raw_bars" in text


def test_the_gate_check_lists_every_rule_with_its_count_and_the_remedy(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    _plant_bad_bar(eight)

    result = run_range(eight, instance, [BAD])

    (check,) = [
        asset_check_evaluation
        for asset_check_evaluation in result.get_asset_check_evaluations()
        if asset_check_evaluation.check_name == "gate"
    ]
    rules = check.metadata["rules"]
    assert isinstance(rules, dg.TableMetadataValue)
    broken = [row.data for row in rules.records if row.data["count"] and row.data["remedy"]]
    assert [row["severity"] for row in broken].count("error") == 1
    assert any(row.data["count"] == 0 for row in rules.records)
    assert check.partition == BAD
    assert check.severity == dg.AssetCheckSeverity.ERROR


def test_checks_of_compute_and_manifests_pass_where_all_is_well(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    result = run_range(eight, instance, ["FIR"])

    checks = {
        asset_check_evaluation.check_name: asset_check_evaluation.passed
        for asset_check_evaluation in result.get_asset_check_evaluations()
    }
    assert not checks.pop("is_fresh")  # the bars end in 2013
    assert checks == {
        "gate": True,
        "findings": False,  # the calendar knows holidays, the bars of the test do not
        "input_is_promoted": True,
        "is_complete": True,
    }
    messages = [entry.message for entry in instance.all_logs(result.run_id)]
    assert not [message for message in messages if "expected outputs" in message]


@pytest.mark.slow
def test_a_launch_from_the_command_line_reports_every_symbol_as_it_is_done(
    eight: Settings,
) -> None:
    _plant_bad_bar(eight)
    heard: list[str] = []

    summary = materialize_symbols(
        eight, ["CEDAR", BAD], on_event=lambda outcome: heard.append(outcome.symbol)
    )

    assert heard == ["CEDAR", BAD]
    assert not summary.is_success
    assert [outcome.symbol for outcome in summary.outcomes if not outcome.status.is_good] == [BAD]


@pytest.mark.parametrize("chosen", [("ALDER",), ()], ids=["a partition", "Execute all"])
def test_checks_executed_alone_check_stored_files(
    processed_eight: Settings, processed_instance: dg.DagsterInstance, chosen: Sequence[str]
) -> None:
    alone = dg.define_asset_job("alone", selection=dg.AssetSelection.all_asset_checks())
    definitions = dg.Definitions.merge(
        build_definitions(processed_eight), dg.Definitions(jobs=[alone])
    )

    result = definitions.resolve_job_def("alone").execute_in_process(
        instance=processed_instance,
        tags=dict(range_tags(chosen, load_universe(processed_eight))),
        run_config={"loggers": QUIET},
    )

    wanted = list(chosen or SYMBOLS)
    evaluations = result.get_asset_check_evaluations()
    assert [evaluation.partition for evaluation in evaluations] == [
        *(symbol for symbol in wanted for _ in range(4)),
        *wanted,
    ]
    assert {evaluation.check_name for evaluation in evaluations if not evaluation.passed} == {
        "findings",
        "is_fresh",
    }
    assert result.get_asset_materialization_events() == []
