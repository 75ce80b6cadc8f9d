"""The asset graph: four assets per symbol, produced by one step, and two over all symbols.

raw_bars -> validated_bars -> compute_db -> manifests are four specs of one ``multi_asset``, so that
any selection of them, over any partitions, reports each symbol separately (see ``batch``).
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

from regime_platform.audit import snapshots
from regime_platform.compute.eras.files import era_set_digest
from regime_platform.manifests.snapshot import COMPLETE
from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.model.result_schema import TABLES
from regime_platform.operations.era_sets import detect_eras
from regime_platform.orchestration.batch import report_symbols
from regime_platform.orchestration.events.checks import check_specs
from regime_platform.orchestration.events.events import SymbolEvent
from regime_platform.orchestration.events.failures import without_traceback
from regime_platform.orchestration.events.freshness import freshness_spec
from regime_platform.orchestration.events.tables import column_schema, table
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.run_scope import PartitionedConfig, partitioned_scope
from regime_platform.pipeline import eras
from regime_platform.pipeline.outcomes import Stage

_RANGE = ("high", "low", "close")
#: Columns of state_history that are computed from less than all prices and the volume.
_MADE_FROM: Mapping[str, Sequence[str]] = {
    "symbol": (),
    "timeframe": (),
    "valid_metrics": ("ts",),
    **dict.fromkeys(("price", "ema_fast", "ema_slow", "realized_vol", "er"), ("close",)),
    "market_bias": _RANGE,
    **dict.fromkeys(
        ("risk_level", "vrs", "vol_label", "vol_trend", "downside_shock_risk"), PRICE_COLUMNS
    ),
    **{
        name: (*_RANGE, "volume")
        for name in TABLES["state_history"]
        if name.startswith(("support_", "resistance_"))
    },
}


def column_metadata(stage: Stage) -> dict[str, Any]:
    """The metadata of an asset's definition; manifests have no columns."""
    if stage is Stage.RAW_BARS:
        return {"dagster/column_schema": column_schema(BAR_SCHEMA)}
    if stage is Stage.VALIDATED_BARS:
        return _columns(BAR_SCHEMA, Stage.RAW_BARS)
    if stage is Stage.COMPUTE_DB:
        tables = {name: column_schema(schema) for name, schema in TABLES.items()}
        return _columns(TABLES["state_history"], Stage.VALIDATED_BARS) | tables
    return {}


def origins(column: str) -> Sequence[str]:
    """The columns of the upstream asset that a column is computed from, or copied from."""
    return _MADE_FROM.get(column, (column,) if column in BAR_SCHEMA else (*PRICE_COLUMNS, "volume"))


def _columns(schema: pl.Schema, upstream: Stage) -> dict[str, Any]:
    notes = {
        column: f"from {', '.join(origins(column))} of {upstream.value}"
        for column in schema
        if origins(column)
    }
    return {"dagster/column_schema": column_schema(schema, notes)}


#: The step of every partitioned run; its name is the key of the run config.
STEP = "symbol_pipeline"
#: Of all assets: Dagster's command line refuses a ranged run of assets with different ones.
_POLICY = dg.BackfillPolicy.single_run()
#: Stage -> group, kinds and description.
_SHOWN: dict[Stage, tuple[str, set[str], str]] = {
    Stage.RAW_BARS: (
        "bars",
        {"parquet"},
        (
            "Bars as the source served them: an append-only log of every fetch with new or changed "
            "bars. Fetches the full history of a symbol that has none, otherwise the update."
        ),
    ),
    Stage.VALIDATED_BARS: (
        "bars",
        {"parquet", "polars"},
        (
            "The canonical bars: the only input of compute, promoted by the gate alone. A blocked "
            "symbol keeps its last good bars."
        ),
    ),
    Stage.COMPUTE_DB: (
        "results",
        {"duckdb", "numba"},
        (
            "Regimes, escalation and levels of every bar in one DuckDB file per symbol, computed "
            "from promoted bars whose digest the verdict names."
        ),
    ),
    Stage.MANIFESTS: (
        "results",
        {"json"},
        "Counts, ranges, digests and versions of bars and results, written last.",
    ),
}


def build_pipeline(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The step that produces the four assets of a symbol."""

    @dg.multi_asset(
        name=STEP,
        specs=[_spec(stage, partitions) for stage in Stage],
        check_specs=[*check_specs(partitions), freshness_spec(partitions)],
        can_subset=True,
        backfill_policy=_POLICY,
    )
    @without_traceback
    def symbol_pipeline(
        context: dg.AssetExecutionContext,
        config: PartitionedConfig,
        workspace: dg.ResourceParam[WorkspaceResource],
    ) -> Iterator[SymbolEvent | dg.Output[None]]:
        opened = workspace.open()
        scope = partitioned_scope(context, config, opened.universe)
        yield from report_symbols(opened, scope, workspace.now(), workspace.on_outcome)
        # Dagster expects an output for each check beside the results of its partitions
        for check in context.selected_asset_check_keys:
            yield dg.Output(None, f"{check.asset_key.path[-1]}_{check.name}")

    return symbol_pipeline


def _spec(stage: Stage, partitions: dg.PartitionsDefinition[str]) -> dg.AssetSpec:
    before = list(Stage)[: list(Stage).index(stage)]
    group, kinds, text = _SHOWN[stage]
    return dg.AssetSpec(
        stage.value,
        deps=[before[-1].value] if before else [],
        description=text,
        metadata=column_metadata(stage),
        skippable=True,
        group_name=group,
        kinds=kinds,
        tags={"per": "symbol"},
        partitions_def=partitions,
    )


def single_asset(group: str, kind: str) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """The decorator of an asset without partitions."""
    with warnings.catch_warnings():  # the policy of `asset` is beta in 1.13, that of others is not
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.asset(group_name=group, kinds={kind}, backfill_policy=_POLICY)


@single_asset("eras", "yaml")
@without_traceback
def era_set(workspace: dg.ResourceParam[WorkspaceResource]) -> dg.MaterializeResult[None]:
    """The eras within which escalation is ranked, one set for all symbols.

    A new version where the boundaries moved. `regime eras adopt` puts one in force.
    """
    opened = workspace.open()
    detected = detect_eras(opened)
    metadata: dict[str, Any] = {
        "version": detected.version or "none: no benchmark has enough bars",
        "is_new": detected.is_new,
        "in_force": opened.eras.version,
        "classes": table([each.document() for each in detected.classes]),
    }
    if not detected.version:
        return dg.MaterializeResult(metadata=metadata)
    digest = era_set_digest(eras.era_set(opened.root, detected.version))
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(digest))


@single_asset("results", "json")
@without_traceback
def snapshot(workspace: dg.ResourceParam[WorkspaceResource]) -> dg.MaterializeResult[None]:
    """The digests of every symbol's results and of their recipe, in one manifest per release.

    `regime snapshot diff` shows what changed between two, and why.
    """
    now = workspace.now()
    taken = snapshots.take_snapshot(workspace.open(), now.date(), now)
    facts, summary = taken.facts, taken.summary
    absent = [
        {"symbol": symbol, "status": entry.status, "reason": entry.reason}
        for symbol, entry in facts.symbols.items()
        if entry.status != COMPLETE
    ]
    metadata = {
        "file": dg.MetadataValue.path(taken.path),
        "label": summary.label,
        **summary.totals.as_json(),
        "content_digest": facts.content_digest,
        "recipe_digest": facts.recipe_digest,
        "not proven": table(absent),
    }
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(facts.content_digest)
    )
