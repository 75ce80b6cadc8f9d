"""The asset era_set: eras detected on the promoted bars of the benchmarks, one set for all symbols.

It stores a new set where the eras moved. It adopts none: that is ``regime eras adopt``.
"""

from typing import Any

import dagster as dg

from regime_platform.compute.eras.files import era_set_digest
from regime_platform.operations.documents import class_document
from regime_platform.operations.era_sets import detect_eras
from regime_platform.orchestration.assets import OWNER
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.pipeline.eras import era_set

ERA_SET = "era_set"
DETECT_ERAS = "detect_eras"


def build_era_set() -> dg.AssetsDefinition:
    """The asset, materialised by its own job or together with all other assets.

    It reads promoted bars without being downstream of them in the graph: one blocked symbol would
    fail it in a backfill of all assets. Its backfill policy is that of the symbol pipeline, since
    Dagster's command line refuses a ranged run of assets with different ones.
    """

    spec = dg.AssetSpec(
        ERA_SET,
        description="The eras within which escalation is ranked, one set for all symbols: a new "
        "version where the boundaries moved. `regime eras adopt` puts one in force.",
        group_name="eras",
        owners=[OWNER],
        kinds={"yaml"},
    )

    @dg.multi_asset(name="find_eras", specs=[spec], backfill_policy=dg.BackfillPolicy.single_run())
    def find_eras(workspace: WorkspaceResource) -> dg.MaterializeResult[None]:
        opened = workspace.open()
        detected = detect_eras(opened)
        metadata: dict[str, Any] = {
            "version": detected.version or "none: no benchmark has enough bars",
            "is_new": detected.is_new,
            "in_force": opened.eras.version,
            "classes": table([class_document(each) for each in detected.classes]),
        }
        if not detected.version:
            return dg.MaterializeResult(metadata=metadata)
        digest = era_set_digest(era_set(opened.root, detected.version))
        return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(digest))

    return find_eras
