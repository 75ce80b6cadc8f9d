"""The asset snapshot: one manifest over the present state of all symbols.

Each materialisation adds a revision to the snapshots of the day and overwrites none.
"""

import datetime as dt
from typing import Any

import dagster as dg

from regime_platform.audit.snapshots import Snapshot, take_snapshot
from regime_platform.manifests.snapshot_entry import COMPLETE
from regime_platform.orchestration.assets import OWNER
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.resources import WorkspaceResource

SNAPSHOT = "snapshot"
TAKE_SNAPSHOT = "take_snapshot"


def build_snapshot() -> dg.AssetsDefinition:
    """The asset, materialised by its own job or together with all other assets.

    It reads manifests without being downstream of them in the graph, for the reason that
    ``era_set`` has: one blocked symbol, which keeps its last good results, must not prevent it.
    """

    spec = dg.AssetSpec(
        SNAPSHOT,
        description="The digests of every symbol's results and of their recipe, in one manifest "
        "per release; `regime snapshot diff` shows what changed between two, and why.",
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
        version = dg.DataVersion(taken.facts.content_digest)
        return dg.MaterializeResult(metadata=_metadata(taken), data_version=version)

    return take


def _metadata(taken: Snapshot) -> dict[str, Any]:
    facts, summary = taken.facts, taken.summary
    absent = [
        {"symbol": symbol, "status": entry.status, "reason": entry.reason}
        for symbol, entry in facts.symbols.items()
        if entry.status != COMPLETE
    ]
    return {
        "file": dg.MetadataValue.path(taken.path),
        "label": summary.label,
        **summary.totals.as_json(),
        "content_digest": facts.content_digest,
        "recipe_digest": facts.recipe_digest,
        "not proven": table(absent),
    }
