"""The check that every series ends where its calendar says, for all symbols together.

Dagster's freshness policies look at an asset's last materialisation of any partition: one fresh
symbol would hide 1,564 stale ones. This one compares each series' last bar with its calendar.

Every run that made results judges once when it is through, since Dagster counts a verdict from
before the latest materialisation as none; the job judges when nothing comes any more.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from regime_platform.errors import RegimeError
from regime_platform.operations.staleness import stale_series
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.platform import RunWorkspace

CHECK_FRESHNESS = "check_freshness"
IS_FRESH = dg.AssetCheckKey(dg.AssetKey(Stage.COMPUTE_DB.value), "is_fresh")
_SHOWN = 100  # rows of the table, one of which is kept per run; `regime status` names everybody


def freshness_spec() -> dg.AssetCheckSpec:
    """The check ``is_fresh`` on the results, one for all partitions."""
    text = "Every series has the bars that its trading calendar says must be there by now."
    return dg.AssetCheckSpec(IS_FRESH.name, asset=IS_FRESH.asset_key, description=text)


def freshness(workspace: RunWorkspace, now: dt.datetime) -> dg.AssetCheckEvaluation:
    """The verdict on the board as it is; it warns, since late bars are nobody's bad bars."""
    try:
        stale = stale_series(workspace, now)
    except (RegimeError, OSError) as error:
        return _verdict(str(error), {})
    symbols = len({one.symbol for one in stale})
    reason = f"{len(stale)} series of {symbols} symbols lack bars" if stale else None
    rows = table([one.row() for one in stale[:_SHOWN]])
    return _verdict(reason, {"stale_symbols": symbols, "stale": rows})


def _verdict(reason: str | None, metadata: Mapping[str, Any]) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=IS_FRESH.asset_key,
        check_name=IS_FRESH.name,
        passed=reason is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=reason,
        metadata=metadata,
    )


def build_freshness_job() -> dg.JobDefinition:
    """The job that judges, and nothing else."""
    text = "Compares the last bar of every series with its trading calendar."

    @dg.op(name=f"{CHECK_FRESHNESS}_step", description=text, out={})
    def step(workspace: WorkspaceResource) -> Iterator[dg.AssetCheckEvaluation]:
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of this check
        yield freshness(workspace.open(), now)

    @dg.job(name=CHECK_FRESHNESS, description=text)
    def job() -> None:
        step()

    return job
