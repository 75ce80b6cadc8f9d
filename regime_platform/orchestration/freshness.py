"""The check that every series has the bars that its calendar expects, for all symbols together.

Dagster's freshness policies look at the last materialisation of any partition of an asset: one
fresh symbol would hide 1,564 stale ones. This check compares the last bar of each series with its
calendar.

Every run that computed results evaluates it at its end, since Dagster ignores an evaluation from
before the latest materialisation; the job evaluates it where no bars arrive.
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
from regime_platform.pipeline.run_workspace import RunWorkspace

CHECK_FRESHNESS = "check_freshness"
IS_FRESH = dg.AssetCheckKey(dg.AssetKey(Stage.COMPUTE_DB.value), "is_fresh")
_SHOWN = 100  # rows of the stored table; `regime status` lists all


def freshness_spec() -> dg.AssetCheckSpec:
    """The check ``is_fresh`` on the results, one for all partitions."""
    text = "Every series has the bars that its trading calendar expects by now."
    return dg.AssetCheckSpec(IS_FRESH.name, asset=IS_FRESH.asset_key, description=text)


def freshness(workspace: RunWorkspace, now: dt.datetime) -> dg.AssetCheckEvaluation:
    """The evaluation over the present board; a warning, since late bars are no wrong bars."""
    try:
        stale = stale_series(workspace, now)
    except (RegimeError, OSError) as error:
        return _evaluation(str(error), {})
    symbols = len({series.symbol for series in stale})
    reason = f"{len(stale)} series of {symbols} symbols lack bars" if stale else None
    rows = table([series.row() for series in stale[:_SHOWN]])
    return _evaluation(reason, {"stale_symbols": symbols, "stale": rows})


def _evaluation(reason: str | None, metadata: Mapping[str, Any]) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=IS_FRESH.asset_key,
        check_name=IS_FRESH.name,
        passed=reason is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=reason,
        metadata=metadata,
    )


def build_freshness_job() -> dg.JobDefinition:
    """The job that evaluates the check alone."""
    text = "Compares the last bar of every series with its trading calendar."

    @dg.op(name=f"{CHECK_FRESHNESS}_step", description=text, out={})
    def step(workspace: WorkspaceResource) -> Iterator[dg.AssetCheckEvaluation]:
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of this check
        yield freshness(workspace.open(), now)

    @dg.job(name=CHECK_FRESHNESS, description=text)
    def job() -> None:
        step()

    return job
