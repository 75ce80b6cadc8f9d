"""The check that every series ends where its calendar says, for all symbols together.

Dagster's freshness policies look at an asset's last materialisation of any partition: one fresh
symbol would hide 1,564 stale ones. This one compares each series' last bar with its calendar.
"""

import datetime as dt

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from regime_platform.orchestration.resources import PlatformResource
from regime_platform.orchestration.tables import table
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.staleness import stale_series

CHECK_FRESHNESS = "check_freshness"
_SHOWN = 500  # rows of the table; more would say nothing new
_TEXT = "Every series has the bars that its trading calendar says must be there by now."


def build_freshness() -> dg.AssetChecksDefinition:
    """The check ``is_fresh`` on the results; it warns, since late bars are nobody's bad bars."""

    @dg.asset_check(asset=Stage.COMPUTE_DB.value, name="is_fresh", description=_TEXT)
    def is_fresh(platform: PlatformResource) -> dg.AssetCheckResult:
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of this check
        stale = stale_series(platform.open(), now)
        symbols = len({one.symbol for one in stale})
        return dg.AssetCheckResult(
            passed=not stale,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(stale)} series of {symbols} symbols lack bars" if stale else None,
            metadata={
                "stale_symbols": symbols,
                "stale": table([one.row() for one in stale[:_SHOWN]]),
            },
        )

    return is_fresh


def build_freshness_job(check: dg.AssetChecksDefinition) -> UnresolvedAssetJobDefinition:
    """The job that looks, and nothing else."""
    return dg.define_asset_job(
        CHECK_FRESHNESS,
        selection=dg.AssetSelection.checks(check),
        description="Compares the last bar of every series with its trading calendar.",
    )
