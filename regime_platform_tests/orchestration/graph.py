"""Runs of the graph in this process, and what Dagster says of its partitions afterwards."""

from collections.abc import Mapping, Sequence

import dagster as dg

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.jobs import listed_config
from regime_platform.orchestration.partitions import range_tags, symbol_partitions
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve

SYMBOLS = ("ALDER", "BIRCH", "CEDAR", "ELM", "FIR", "HAZEL", "LARCH", "MAPLE")
BARS = 400  # bars a symbol starts with: enough for every result, little to compute
#: Three of them, which are not one range.
CHANGED = ("BIRCH", "CEDAR", "LARCH")
QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}


def run_range(
    settings: Settings,
    instance: dg.DagsterInstance,
    symbols: Sequence[str],
    job: str = "process_all",
    stages: Sequence[Stage] | None = None,
) -> dg.ExecuteInProcessResult:
    """What a person launches: partitions, no config."""
    tags = range_tags(symbols, load_universe(settings))
    assert tags
    selection = None if stages is None else [dg.AssetKey(stage.value) for stage in stages]
    return (
        build_definitions(settings)
        .resolve_job_def(job)
        .execute_in_process(
            instance=instance,
            tags=dict(tags),
            asset_selection=selection,
            run_config={"loggers": QUIET},
            raise_on_error=False,
        )
    )


def run_listed(
    settings: Settings,
    instance: dg.DagsterInstance,
    symbols: Sequence[str],
    job: str,
    *,
    force: bool = False,
    tags: Mapping[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    """What a schedule or the sensor launches: symbols in the config, no partitions."""
    config = dg.RunConfig(ops=listed_config(job, symbols, force=force).ops, loggers=QUIET)
    return (
        build_definitions(settings)
        .resolve_job_def(job)
        .execute_in_process(
            instance=instance, run_config=config, raise_on_error=False, tags=dict(tags or {})
        )
    )


def red(settings: Settings, instance: dg.DagsterInstance, stage: Stage) -> set[str]:
    """The partitions of an asset that Dagster shows as failed."""
    return {
        key for key, status in _statuses(settings, instance, stage).items() if status == "FAILED"
    }


def green(settings: Settings, instance: dg.DagsterInstance, stage: Stage) -> set[str]:
    """The partitions of an asset that Dagster shows as materialized."""
    statuses = _statuses(settings, instance, stage)
    return {key for key, status in statuses.items() if status == "MATERIALIZED"}


def materialized(result: dg.ExecuteInProcessResult, stage: Stage) -> list[str | None]:
    """The partitions for which a run reported the asset."""
    key = dg.AssetKey(stage.value)
    events = result.get_asset_materialization_events()
    return [event.partition for event in events if event.asset_key == key]


def gate_failures(result: dg.ExecuteInProcessResult) -> list[str | None]:
    """The partitions whose gate check a run reported as failed."""
    return [
        asset_check_evaluation.partition
        for asset_check_evaluation in result.get_asset_check_evaluations()
        if asset_check_evaluation.check_name == "gate" and not asset_check_evaluation.passed
    ]


def failure_text(result: dg.ExecuteInProcessResult) -> str:
    """What a failed run says of itself."""
    failures = [event for event in result.all_events if event.is_step_failure]
    assert len(failures) == 1
    return str(failures[0].step_failure_data.error)


def append_bars(settings: Settings, symbols: Sequence[str], bars: int = 1) -> None:
    """Serves further bars of some of the symbols, a week apart."""
    for symbol in symbols:
        longer = make_bars(BARS, seed=SYMBOLS.index(symbol))
        last = longer.tail(1)
        for _ in range(bars):
            last = last.with_columns(ts=last["ts"].dt.offset_by("7d"))
            longer = longer.extend(last)
        serve(settings, symbol, "1day", longer)


def _statuses(
    settings: Settings, instance: dg.DagsterInstance, stage: Stage
) -> Mapping[str, str | None]:
    partitions = symbol_partitions(load_universe(settings))
    keys = partitions.get_partition_keys()
    statuses = instance.get_status_by_partition(dg.AssetKey(stage.value), keys, partitions) or {}
    return {key: None if status is None else status.value for key, status in statuses.items()}
