"""The runs that have a name. All take the same step; they differ in the stages they select."""

from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from regime_platform.pipeline.outcomes import Stage

UPDATE_CORE = "update_core"
UPDATE_DAILY = "update_daily"
RECOMPUTE = "recompute"
WALK_ALL = "walk_all"

_AFTER_FETCH = (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS)


def build_jobs() -> list[UnresolvedAssetJobDefinition]:
    """The four jobs; the queue takes higher priorities first, so core goes ahead of daily work."""
    return [
        _job(
            UPDATE_CORE,
            [Stage.RAW_BARS],
            priority=10,
            text="Fetches what is new for the core tier; the sensor new_bars does the rest.",
        ),
        _job(
            UPDATE_DAILY,
            [Stage.RAW_BARS],
            priority=0,
            text="Fetches what is new for the daily tier; the sensor new_bars does the rest.",
        ),
        _job(
            RECOMPUTE,
            _AFTER_FETCH,
            priority=5,
            text="Gate, compute and manifests over bars already fetched; fetches nothing.",
        ),
        _job(
            WALK_ALL,
            tuple(Stage),
            priority=0,
            text="The whole walk, fetch included, for the partitions chosen.",
        ),
    ]


def _job(
    name: str, stages: Sequence[Stage], *, priority: int, text: str
) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*(stage.value for stage in stages)),
        description=text,
        tags={"dagster/priority": str(priority)},
    )
