"""The jobs.

``process_all`` materialises assets for partitions, ``detect_eras`` and ``take_snapshot`` assets
without any. The others are **listed** jobs: plain jobs of one op that take symbols from their
config and report the same assets and checks. They are not asset jobs, because Dagster refuses to
start an unpartitioned run of a partitioned asset whose upstream is partitioned and not part of the
run (test_upstream.py), and because a plain job writes no planned events, so that a listed run costs
only what its changes cost.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from regime_platform.errors import UsageError
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.batch import OnOutcome, report_symbols
from regime_platform.orchestration.checks import CHECK_KEYS
from regime_platform.orchestration.era_set import DETECT_ERAS, ERA_SET
from regime_platform.orchestration.events.events import SymbolEvent
from regime_platform.orchestration.freshness import IS_FRESH
from regime_platform.orchestration.instance.internals import AssetJob
from regime_platform.orchestration.partitions import group_config
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.run_scope import (
    ListedConfig,
    RunScope,
    listed_instruments,
    unknown_symbols,
)
from regime_platform.orchestration.snapshot import SNAPSHOT, TAKE_SNAPSHOT
from regime_platform.pipeline.outcomes import Stage

UPDATE_CORE = "update_core"
UPDATE_DAILY = "update_daily"
RECOMPUTE = "recompute"
RECONCILE = "reconcile"
PROCESS_LISTED = "process_listed"
PROCESS_GROUP = "process_group"
PROCESS_ALL = "process_all"

#: dagster.yaml allows one run at a time for each value of this tag.
LANE = "regime/lane"
PRIORITY = "dagster/priority"
#: A first fetch of a whole universe on a small vendor plan takes days; bars that such a run has
#: stored when it is ended are not fetched again.
_PIPELINE_HOURS = 24


@dataclass(frozen=True)
class _Listed:
    name: str
    stages: tuple[Stage, ...]
    priority: int  # the queue takes higher ones first: core before daily
    text: str
    lane: str = "daily"  # each lane runs one run at a time; "" for jobs that only fetch
    tier: str | None = None  # the symbols that an empty list means; None for all
    needs_symbols: bool = False  # an empty list is refused
    hours: int = 0  # after which run monitoring ends a run; 0 for jobs that fetch nothing

    @property
    def is_pass(self) -> bool:
        """True of the jobs that schedules and the sensor start."""
        return not self.needs_symbols


_LISTED = (
    _Listed(
        UPDATE_CORE,
        (Stage.RAW_BARS,),
        priority=10,
        text="Fetches new bars of the core tier; the sensor new_bars starts gate and compute.",
        tier="core",
        lane="",
        hours=4,
    ),
    _Listed(
        UPDATE_DAILY,
        (Stage.RAW_BARS,),
        priority=0,
        text="Fetches new bars of the daily tier; the sensor new_bars starts gate and compute.",
        tier="daily",
        lane="",
        hours=12,
    ),
    _Listed(
        RECOMPUTE,
        (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS),
        priority=5,
        text="Gate, compute and manifests over bars already fetched; skips unchanged symbols.",
    ),
    _Listed(
        RECONCILE,
        (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS),
        priority=-1,
        text="Compares the digests of all symbols, finishes what a failed run left, and lists the "
        "blocked symbols.",
    ),
    _Listed(
        PROCESS_LISTED,
        tuple(Stage),
        priority=0,
        text="The whole pipeline, fetch included, for the symbols listed in its config.",
        needs_symbols=True,
        hours=_PIPELINE_HOURS,
    ),
    _Listed(
        PROCESS_GROUP,
        tuple(Stage),
        priority=0,
        text="The whole pipeline for a tier, or for the daily symbols of one letter.",
        needs_symbols=True,
        hours=_PIPELINE_HOURS,
    ),
)


def build_jobs(universe: Universe, on_outcome: OnOutcome) -> list[dg.JobDefinition | AssetJob]:
    """All jobs of symbols; calls ``on_outcome`` with every symbol that a run has finished."""
    process_all = dg.define_asset_job(
        PROCESS_ALL,
        selection=dg.AssetSelection.assets(*(stage.value for stage in Stage)),
        description="The whole pipeline, fetch included, for a symbol. For several use Lineage "
        "with `tag:per=symbol`: its backfill shows the status of each, not of the run as a whole.",
        tags={PRIORITY: "0", **_ends_after(_PIPELINE_HOURS)},
    )
    detect_eras = dg.define_asset_job(
        DETECT_ERAS,
        selection=dg.AssetSelection.assets(ERA_SET),
        description="Detects eras on the benchmarks and stores a new set where they moved; adopts "
        "none.",
    )
    take_snapshot = dg.define_asset_job(
        TAKE_SNAPSHOT,
        selection=dg.AssetSelection.assets(SNAPSHOT),
        description="Writes one manifest over the present state of all symbols; overwrites none.",
    )
    groups = {PROCESS_GROUP: group_config(universe, _step(PROCESS_GROUP))}
    jobs = [_listed_job(listed, on_outcome, groups.get(listed.name)) for listed in _LISTED]
    return [*jobs, process_all, detect_eras, take_snapshot]


def listed_config(job: str, symbols: Sequence[str], *, force: bool = False) -> dg.RunConfig:
    """The config of a listed run."""
    return dg.RunConfig(ops={_step(job): ListedConfig(symbols=list(symbols), force=force)})


def _listed_job(
    listed: _Listed, on_outcome: OnOutcome, config: dg.PartitionedConfig[Any] | None
) -> dg.JobDefinition:
    @dg.op(name=_step(listed.name), description=listed.text, out={})
    def step(
        context: dg.OpExecutionContext, config: ListedConfig, workspace: WorkspaceResource
    ) -> Iterator[SymbolEvent]:
        if listed.needs_symbols and not config.symbols:
            raise UsageError(
                f"{listed.name} was launched without symbols: choose a partition where it has "
                f"some, or list symbols in its config, ops: {_step(listed.name)}: config: symbols",
                code="no-symbols",
            )
        opened = workspace.open()
        scope = _scope(listed, context, config, opened.universe)
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of every listed run
        yield from report_symbols(opened, scope, now, on_outcome)

    @dg.graph(name=listed.name)
    def one_step() -> None:
        step()

    return one_step.to_job(
        description=listed.text,
        config=config,
        tags={
            PRIORITY: str(listed.priority),
            **({LANE: listed.lane} if listed.lane else {}),
            **_ends_after(listed.hours),
        },
    )


def _scope(
    listed: _Listed, context: dg.OpExecutionContext, config: ListedConfig, universe: Universe
) -> RunScope:
    return RunScope(
        instance=context.instance,
        instruments=listed_instruments(config, universe, listed.tier),
        stages=frozenset(listed.stages),
        checks=CHECK_KEYS | {IS_FRESH},
        is_partitioned=False,
        force=config.force,
        unknown=unknown_symbols(config, universe),
        is_repeated="dagster/parent_run_id" in context.run.tags,
        is_pass=listed.is_pass,
    )


def _ends_after(hours: int) -> dict[str, str]:
    """The tag by which run monitoring ends a run that hangs; none for 0 hours."""
    return {dg.MAX_RUNTIME_SECONDS_TAG: str(hours * 3600)} if hours else {}


def _step(job: str) -> str:
    return f"{job}_step"
