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

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from regime_platform.orchestration.batch import OnOutcome, report_walk
from regime_platform.orchestration.checks import CHECK_KEYS
from regime_platform.orchestration.era_set import DETECT_ERAS, ERA_SET
from regime_platform.orchestration.events import SymbolEvent
from regime_platform.orchestration.resources import PlatformResource
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
WALK_LISTED = "walk_listed"
WALK_ALL = "walk_all"


@dataclass(frozen=True)
class _Listed:
    name: str
    stages: tuple[Stage, ...]
    priority: int  # the queue takes higher ones first, so core goes ahead of daily work
    text: str
    tier: str | None = None  # whom an empty list of symbols means


_LISTED = (
    _Listed(
        UPDATE_CORE,
        (Stage.RAW_BARS,),
        priority=10,
        text="Fetches what is new for the core tier; the sensor new_bars does the rest.",
        tier="core",
    ),
    _Listed(
        UPDATE_DAILY,
        (Stage.RAW_BARS,),
        priority=0,
        text="Fetches what is new for the daily tier; the sensor new_bars does the rest.",
        tier="daily",
    ),
    _Listed(
        RECOMPUTE,
        (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS),
        priority=5,
        text="Gate, compute and manifests over bars already fetched; skips what is done.",
    ),
    _Listed(
        WALK_LISTED,
        tuple(Stage),
        priority=0,
        text="The whole walk, fetch included, for symbols that are no range of partitions.",
    ),
)


def build_jobs(on_outcome: OnOutcome) -> list[dg.JobDefinition | UnresolvedAssetJobDefinition]:
    """All jobs; ``on_outcome`` hears of every symbol that a listed run has finished."""
    walk_all = dg.define_asset_job(
        WALK_ALL,
        selection=dg.AssetSelection.assets(*(stage.value for stage in Stage)),
        description="The whole walk, fetch included, for the partitions chosen.",
        tags={"dagster/priority": "0"},
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
    listed = (_listed_job(one, on_outcome) for one in _LISTED)
    return [*listed, walk_all, detect_eras, take_snapshot]


def listed_config(job: str, symbols: Sequence[str], *, force: bool = False) -> dg.RunConfig:
    """The config of a listed run."""
    return dg.RunConfig(ops={_step(job): ListedConfig(symbols=list(symbols), force=force)})


def _listed_job(listed: _Listed, on_outcome: OnOutcome) -> dg.JobDefinition:
    @dg.op(name=_step(listed.name), description=listed.text, out={})
    def step(
        context: dg.OpExecutionContext, config: ListedConfig, platform: PlatformResource
    ) -> Iterator[SymbolEvent]:
        opened = platform.open()
        work = Work(
            instance=context.instance,
            instruments=listed_instruments(config, opened.universe, listed.tier),
            stages=frozenset(listed.stages),
            checks=CHECK_KEYS,
            is_partitioned=False,
            force=config.force,
            unknown=unknown_symbols(config, opened.universe),
        )
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of every listed run
        yield from report_walk(opened, work, now, on_outcome)

    @dg.job(
        name=listed.name,
        description=listed.text,
        tags={"dagster/priority": str(listed.priority)},
    )
    def job() -> None:
        step()

    return job


def _step(job: str) -> str:
    return f"{job}_step"
