"""The asset era_set: eras found on the benchmarks' promoted bars, for all symbols together.

It keeps a new set where the eras moved and puts nothing in force: that is ``regime eras adopt``.
"""

from typing import Any

import dagster as dg

from regime_platform.compute.eras.files import era_set_digest
from regime_platform.operations.era_sets import detect_eras
from regime_platform.orchestration.assets import OWNER
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.pipeline.eras import era_set

ERA_SET = "era_set"
DETECT_ERAS = "detect_eras"


def build_era_set() -> dg.AssetsDefinition:
    """The asset, made by its own job or along with everything else.

    It reads promoted bars but is no dependent of theirs in the graph: one blocked symbol would turn
    it red in a backfill of everything, though it has no need of that symbol. Its backfill policy is
    the walk's, or Dagster's command line refuses a ranged run of both.
    """

    spec = dg.AssetSpec(
        ERA_SET,
        description="The stretches of history that escalation is ranked in, one set for all "
        "symbols: a new version where the boundaries moved. `regime eras adopt` puts one in force.",
        group_name="eras",
        owners=[OWNER],
        kinds={"yaml"},
    )

    @dg.multi_asset(name="find_eras", specs=[spec], backfill_policy=dg.BackfillPolicy.single_run())
    def find_eras(workspace: WorkspaceResource) -> dg.MaterializeResult[None]:
        opened = workspace.open()
        found = detect_eras(opened)
        metadata: dict[str, Any] = {
            "version": found.version or "none: no benchmark has what it takes",
            "is_new": found.is_new,
            "in_force": opened.eras.version,
            "classes": table([asset_class.facts() for asset_class in found.classes]),
        }
        if not found.version:
            return dg.MaterializeResult(metadata=metadata)
        digest = era_set_digest(era_set(opened.root, found.version))
        return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(digest))

    return find_eras
