"""The jobs that process symbols, and those of the two assets without partitions.

The **listed** jobs take symbols from their config and report the same assets and checks as
``process_all``. They are plain jobs: Dagster refuses an unpartitioned run of an asset whose
partitioned upstream is not part of it (test_upstream.py), and a plain job writes no planned events.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import isgeneratorfunction
from typing import Any

import dagster as dg

from regime_platform.errors import UsageError
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.assets import era_set, snapshot
from regime_platform.orchestration.batch import report_symbols
from regime_platform.orchestration.events.checks import CHECK_KEYS
from regime_platform.orchestration.events.events import SymbolEvent
from regime_platform.orchestration.events.failures import without_traceback
from regime_platform.orchestration.events.freshness import IS_FRESH
from regime_platform.orchestration.instance.shown_states import ShownStates
from regime_platform.orchestration.partitions import symbol_groups, symbol_partitions
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.run_scope import ListedConfig, RunScope, listed_instruments
from regime_platform.orchestration.updates import set_back
from regime_platform.pipeline.outcomes import Stage

UPDATE_CORE = "update_core"
UPDATE_DAILY = "update_daily"
RECOMPUTE = "recompute"
RECONCILE = "reconcile"
PROCESS_LISTED = "process_listed"
PROCESS_GROUP = "process_group"
PROCESS_ALL = "process_all"
STUDY_WEEKLY = "study_weekly"

#: dagster.yaml allows one run at a time for each value of this tag.
LANE = "regime/lane"
PRIORITY = "dagster/priority"
#: A first fetch of a whole universe on a small vendor plan takes days; bars that such a run has
#: stored when it is ended are not fetched again.
_PIPELINE_HOURS = 24
_FETCHES = "Fetches new bars of the {} tier; the sensor new_bars starts gate and compute."
_FETCH = (Stage.RAW_BARS,)
_RESULTS = (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS)


@dataclass(frozen=True)
class _Listed:
    name: str
    stages: tuple[Stage, ...]
    priority: int  # the queue takes higher ones first: core before daily
    text: str
    lane: str = "daily"  # each lane runs one run at a time; "" for jobs that only fetch
    tier: str | None = None  # the symbols that an empty list means; None for all
    is_pass: bool = True  # started by schedules and the sensor; others refuse an empty list
    hours: int = 0  # after which run monitoring ends a run; 0 for jobs that fetch nothing


_LISTED = (
    _Listed(UPDATE_CORE, _FETCH, 10, _FETCHES.format("core"), lane="", tier="core", hours=4),
    _Listed(UPDATE_DAILY, _FETCH, 0, _FETCHES.format("daily"), lane="", tier="daily", hours=12),
    _Listed(
        RECOMPUTE,
        _RESULTS,
        priority=5,
        text="Gate, compute and manifests over bars already fetched; skips unchanged symbols.",
    ),
    _Listed(
        RECONCILE,
        _RESULTS,
        priority=-1,
        text="Compares the digests of all symbols, finishes what a failed run left, and lists the "
        "blocked symbols.",
    ),
    _Listed(
        PROCESS_LISTED,
        tuple(Stage),
        priority=0,
        text="The whole pipeline, fetch included, for the symbols listed in its config.",
        is_pass=False,
        hours=_PIPELINE_HOURS,
    ),
    _Listed(
        PROCESS_GROUP,
        tuple(Stage),
        priority=0,
        text="The whole pipeline for a tier, or for the daily symbols of one letter.",
        is_pass=False,
        hours=_PIPELINE_HOURS,
    ),
)


def _ends_after(hours: int) -> dict[str, str]:
    """The tag by which run monitoring ends a run that hangs; none for 0 hours."""
    return {dg.MAX_RUNTIME_SECONDS_TAG: str(hours * 3600)} if hours else {}


process_all = dg.define_asset_job(
    PROCESS_ALL,
    selection=dg.AssetSelection.assets(*(stage.value for stage in Stage)),
    description="The whole pipeline, fetch included, for a symbol. For several use Lineage "
    "with `tag:per=symbol`: its backfill shows the status of each, not of the run as a whole.",
    tags={PRIORITY: "0", **_ends_after(_PIPELINE_HOURS)},
)
detect_eras = dg.define_asset_job(
    "detect_eras",
    selection=dg.AssetSelection.assets(era_set),
    description="Detects eras on the benchmarks and stores a new set where they moved; adopts "
    "none.",
)
take_snapshot = dg.define_asset_job(
    "take_snapshot",
    selection=dg.AssetSelection.assets(snapshot),
    description="Writes one manifest over the present state of all symbols; overwrites none.",
)


def step_job(name: str, text: str, body: Callable[..., Any], **options: Any) -> dg.JobDefinition:
    """The job of one step; ``body`` is the function of its op."""
    out: dg.Out | dict[str, dg.Out] = {} if isgeneratorfunction(body) else dg.Out(dg.Nothing)
    op = dg.op(name=_step(name), description=text, out=out)(without_traceback(body))
    return dg.GraphDefinition(name=name, node_defs=[op]).to_job(description=text, **options)


def step_config(job: str, config: dg.Config) -> dg.RunConfig:
    """The run config of a job of one step."""
    return dg.RunConfig(ops={_step(job): config})


def listed_config(job: str, symbols: Sequence[str], *, force: bool = False) -> dg.RunConfig:
    """The run config of a listed run."""
    return step_config(job, ListedConfig(symbols=list(symbols), force=force))


def listed_jobs(universe: Universe) -> list[dg.JobDefinition]:
    """The jobs that take symbols from their config."""
    groups = symbol_groups(universe)

    def group(name: str) -> Mapping[str, Any]:
        return {"ops": {_step(PROCESS_GROUP): {"config": {"symbols": list(groups[name])}}}}

    partitions = dg.StaticPartitionsDefinition(list(groups))
    config = dg.PartitionedConfig(partitions, run_config_for_partition_key_fn=group)
    return [
        _listed_job(listed, config if listed.name == PROCESS_GROUP else None) for listed in _LISTED
    ]


def _listed_job(listed: _Listed, config: dg.PartitionedConfig[Any] | None) -> dg.JobDefinition:
    def step(
        context: dg.OpExecutionContext,
        config: ListedConfig,
        workspace: dg.ResourceParam[WorkspaceResource],
    ) -> Iterator[SymbolEvent]:
        if not listed.is_pass and not config.symbols:
            raise UsageError(
                f"{listed.name} was launched without symbols: choose a partition where it has "
                f"some, or list symbols in its config, ops: {_step(listed.name)}: config: symbols",
                code="no-symbols",
            )
        opened = workspace.open()
        instruments, unknown = listed_instruments(config, opened.universe, listed.tier)
        scope = RunScope(
            instance=context.instance,
            instruments=instruments,
            stages=frozenset(listed.stages),
            checks=CHECK_KEYS | {IS_FRESH},
            is_partitioned=False,
            force=config.force,
            unknown=unknown,
            is_repeated="dagster/parent_run_id" in context.run.tags,
            on_early_end=partial(set_back, context),
            is_pass=listed.is_pass,
            run=context.run,
            shown=ShownStates(
                context.instance,
                symbol_partitions(opened.universe),
                [instrument.symbol for instrument in instruments],
            ),
        )
        yield from report_symbols(opened, scope, workspace.now(), workspace.on_outcome)

    tags = {PRIORITY: str(listed.priority), **_ends_after(listed.hours)}
    if listed.lane:
        tags[LANE] = listed.lane
    return step_job(listed.name, listed.text, step, config=config, tags=tags)


def _step(job: str) -> str:
    return f"{job}_step"
