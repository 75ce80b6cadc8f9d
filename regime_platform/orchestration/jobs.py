"""The runs that have a name.

``walk_all`` materialises assets for partitions, ``detect_eras`` and ``take_snapshot`` those that
have none. The others are **listed**: plain jobs of one op that take symbols from their config and
report the same assets and checks. They are no asset jobs because Dagster refuses to start an
unpartitioned run of a partitioned asset whose upstream is partitioned and not part of the run
(test_upstream.py); and as a plain job writes no planned events, a listed run costs what its changes
cost and nothing else.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from regime_platform.errors import UsageError
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.batch import OnOutcome, report_walk
from regime_platform.orchestration.checks import CHECK_KEYS
from regime_platform.orchestration.era_set import DETECT_ERAS, ERA_SET
from regime_platform.orchestration.events.events import SymbolEvent
from regime_platform.orchestration.freshness import IS_FRESH
from regime_platform.orchestration.groups import group_config
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.snapshot import SNAPSHOT, TAKE_SNAPSHOT
from regime_platform.orchestration.work import (
    ListedConfig,
    Work,
    listed_instruments,
    unknown_symbols,
)
from regime_platform.pipeline.outcomes import Stage

UPDATE_CORE = "update_core"
UPDATE_DAILY = "update_daily"
RECOMPUTE = "recompute"
RECONCILE = "reconcile"
WALK_LISTED = "walk_listed"
WALK_GROUP = "walk_group"
WALK_ALL = "walk_all"

#: dagster.yaml allows one run at a time for each value of this tag.
LANE = "regime/lane"
PRIORITY = "dagster/priority"
#: A whole universe, fetched for the first time on a small plan, takes days; what such a run has
#: stored when it is ended is not fetched again.
_WHOLE_HOURS = 24


@dataclass(frozen=True)
class _Listed:
    name: str
    stages: tuple[Stage, ...]
    priority: int  # the queue takes higher ones first, so core goes ahead of daily work
    text: str
    lane: str = "daily"  # one run at a time in each; none for what needs no more than a core
    tier: str | None = None  # whom an empty list of symbols means
    is_for_named: bool = False  # an empty list is a slip of whoever launched it
    hours: int = 0  # after which run monitoring ends a run; 0 for what fetches nothing

    @property
    def is_pass(self) -> bool:
        """True of what schedules and the sensor start."""
        return not self.is_for_named


_LISTED = (
    _Listed(
        UPDATE_CORE,
        (Stage.RAW_BARS,),
        priority=10,
        text="Fetches what is new for the core tier; the sensor new_bars does the rest.",
        tier="core",
        lane="",
        hours=4,
    ),
    _Listed(
        UPDATE_DAILY,
        (Stage.RAW_BARS,),
        priority=0,
        text="Fetches what is new for the daily tier; the sensor new_bars does the rest.",
        tier="daily",
        lane="",
        hours=12,
    ),
    _Listed(
        RECOMPUTE,
        (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS),
        priority=5,
        text="Gate, compute and manifests over bars already fetched; skips what is done.",
    ),
    _Listed(
        RECONCILE,
        (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS),
        priority=-1,
        text="Looks at every symbol's digests, finishes what a failed run left, and names whom the "
        "gate holds back.",
    ),
    _Listed(
        WALK_LISTED,
        tuple(Stage),
        priority=0,
        text="The whole walk, fetch included, for the symbols listed in its config.",
        is_for_named=True,
        hours=_WHOLE_HOURS,
    ),
    _Listed(
        WALK_GROUP,
        tuple(Stage),
        priority=0,
        text="The whole walk for a tier, or for the daily symbols of one letter.",
        is_for_named=True,
        hours=_WHOLE_HOURS,
    ),
)


def build_jobs(
    universe: Universe, on_outcome: OnOutcome
) -> list[dg.JobDefinition | UnresolvedAssetJobDefinition]:
    """All jobs; ``on_outcome`` hears of every symbol that a listed run has finished."""
    walk_all = dg.define_asset_job(
        WALK_ALL,
        selection=dg.AssetSelection.assets(*(stage.value for stage in Stage)),
        description="The whole walk, fetch included, for a symbol. For several use Lineage with "
        "`tag:per=symbol`: its backfill counts them one by one, not the run as a whole.",
        tags={PRIORITY: "0", **_ends_after(_WHOLE_HOURS)},
    )
    detect_eras = dg.define_asset_job(
        DETECT_ERAS,
        selection=dg.AssetSelection.assets(ERA_SET),
        description="Looks for eras on the benchmarks and keeps a new set where they moved; adopts "
        "nothing.",
    )
    take_snapshot = dg.define_asset_job(
        TAKE_SNAPSHOT,
        selection=dg.AssetSelection.assets(SNAPSHOT),
        description="Writes one manifest over all symbols as they stand; overwrites none.",
    )
    groups = {WALK_GROUP: group_config(universe, _step(WALK_GROUP))}
    listed = [_listed_job(one, on_outcome, groups.get(one.name)) for one in _LISTED]
    return [*listed, walk_all, detect_eras, take_snapshot]


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
        if listed.is_for_named and not config.symbols:
            raise UsageError(
                f"{listed.name} was launched for nobody: choose a partition where it has some, or "
                f"list symbols in its config, ops: {_step(listed.name)}: config: symbols"
            )
        opened = workspace.open()
        work = Work(
            instance=context.instance,
            instruments=listed_instruments(config, opened.universe, listed.tier),
            stages=frozenset(listed.stages),
            checks=CHECK_KEYS | {IS_FRESH},
            is_partitioned=False,
            force=config.force,
            unknown=unknown_symbols(config, opened.universe),
            is_repeated="dagster/parent_run_id" in context.run.tags,
            is_pass=listed.is_pass,
        )
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of every listed run
        yield from report_walk(opened, workspace.settings(), work, now, on_outcome)

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


def _ends_after(hours: int) -> dict[str, str]:
    """The tag by which run monitoring ends a run that fetches and hangs; 0 sets no limit."""
    return {dg.MAX_RUNTIME_SECONDS_TAG: str(hours * 3600)} if hours else {}


def _step(job: str) -> str:
    return f"{job}_step"
