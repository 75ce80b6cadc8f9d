"""The asset snapshot: one manifest over all symbols, as they stand when it is taken.

Each materialisation is one more revision of the day's snapshot; none is ever overwritten.
"""

import datetime as dt
from typing import Any

import dagster as dg

from regime_platform.audit.snapshots import take_snapshot
from regime_platform.manifests.snapshot import COMPLETE
from regime_platform.orchestration.assets import OWNER
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.resources import WorkspaceResource

SNAPSHOT = "snapshot"
TAKE_SNAPSHOT = "take_snapshot"


def build_snapshot() -> dg.AssetsDefinition:
    """The asset, made by its own job or along with everything else.

    It reads manifests but is no dependent of theirs in the graph, for the reasons of ``era_set``:
    one blocked symbol, which keeps its last good results, must not keep a release from being taken.
    """

    spec = dg.AssetSpec(
        SNAPSHOT,
        description="Which numbers every symbol has and what they were made from, in one manifest "
        "per release; `regime snapshot diff` tells what changed between two, and why.",
        group_name="results",
        owners=[OWNER],
        kinds={"json"},
    )

    @dg.multi_asset(
        name=TAKE_SNAPSHOT + "_step",
        specs=[spec],
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def take(workspace: WorkspaceResource) -> dg.MaterializeResult[None]:
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of every snapshot that Dagster takes
        taken = take_snapshot(workspace.open(), now.date(), now)
        facts, listing = taken.facts, taken.listing
        absent = [
            {"symbol": symbol, "status": one["status"], "reason": one["reason"]}
            for symbol, one in facts["symbols"].items()
            if one["status"] != COMPLETE
        ]
        metadata: dict[str, Any] = {
            "file": dg.MetadataValue.path(taken.path),
            "label": listing["label"],
            **listing["totals"],
            "content_digest": facts["content_digest"],
            "recipe_digest": facts["recipe_digest"],
            "not proven": table(absent),
        }
        version = dg.DataVersion(facts["content_digest"])
        return dg.MaterializeResult(metadata=metadata, data_version=version)

    return take
