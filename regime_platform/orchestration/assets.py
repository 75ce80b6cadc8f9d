"""The asset graph: four assets per symbol, produced by one step.

raw_bars -> validated_bars -> compute_db -> manifests. They are four specs of one ``multi_asset``,
so that any selection of them, over any partitions, reports each symbol separately (see ``batch``).
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import dagster as dg

from regime_platform.orchestration.batch import OnOutcome, report_symbols
from regime_platform.orchestration.checks import check_specs
from regime_platform.orchestration.columns import column_metadata
from regime_platform.orchestration.events.events import SymbolEvent
from regime_platform.orchestration.freshness import freshness_spec
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.run_scope import PartitionedConfig, partitioned_scope
from regime_platform.pipeline.outcomes import Stage

#: The step of every partitioned run; its name is the key of the run config.
STEP = "symbol_pipeline"
OWNER = "team:regime"

_DESCRIPTION: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.RAW_BARS: "Bars as the source served them: an append-only log of every fetch with "
        "new or changed bars. Fetches the full history of a symbol that has none, otherwise the "
        "update.",
        Stage.VALIDATED_BARS: "The canonical bars: the only input of compute, promoted by the gate "
        "alone. A blocked symbol keeps its last good bars.",
        Stage.COMPUTE_DB: "Regimes, escalation and levels of every bar in one DuckDB file per "
        "symbol, computed from promoted bars whose digest the verdict names.",
        Stage.MANIFESTS: "Counts, ranges, digests and versions of bars and results, written last.",
    }
)
_KINDS: Mapping[Stage, set[str]] = MappingProxyType(
    {
        Stage.RAW_BARS: {"parquet"},
        Stage.VALIDATED_BARS: {"parquet", "polars"},
        Stage.COMPUTE_DB: {"duckdb", "numba"},
        Stage.MANIFESTS: {"json"},
    }
)
_GROUP: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.RAW_BARS: "bars",
        Stage.VALIDATED_BARS: "bars",
        Stage.COMPUTE_DB: "results",
        Stage.MANIFESTS: "results",
    }
)


def build_pipeline(
    partitions: dg.PartitionsDefinition[str], on_outcome: OnOutcome
) -> dg.AssetsDefinition:
    """The step that produces the four assets; calls ``on_outcome`` with every finished symbol."""

    @dg.multi_asset(
        name=STEP,
        specs=[_spec(stage, partitions) for stage in Stage],
        check_specs=[*check_specs(partitions), freshness_spec()],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def symbol_pipeline(
        context: dg.AssetExecutionContext, config: PartitionedConfig, workspace: WorkspaceResource
    ) -> Iterator[SymbolEvent]:
        opened = workspace.open()
        scope = partitioned_scope(context, config, opened.universe)
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of every partitioned run
        yield from report_symbols(opened, scope, now, on_outcome)

    return symbol_pipeline


def _spec(stage: Stage, partitions: dg.PartitionsDefinition[str]) -> dg.AssetSpec:
    before = list(Stage)[: list(Stage).index(stage)]
    return dg.AssetSpec(
        stage.value,
        deps=[before[-1].value] if before else [],
        description=_DESCRIPTION[stage],
        metadata=column_metadata(stage),
        skippable=True,
        group_name=_GROUP[stage],
        owners=[OWNER],
        kinds=_KINDS[stage],
        tags={"per": "symbol"},
        partitions_def=partitions,
    )
