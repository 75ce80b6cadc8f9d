"""The report in Dagster: an asset without partitions, its job, and the sensor that requests it.

A run of its own, since a report that fails must fail no pass and yet be seen: its asset turns red.
It shows what the board has, which a pass writes at its end, so the sensor looks at that file alone:
a pass with nothing new leaves it as it was and starts nothing.
"""

import datetime as dt
from typing import Any

import dagster as dg
from pydantic import Field

from regime_platform.orchestration.assets import single_asset
from regime_platform.orchestration.events.failures import without_traceback
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.instance.report_files import PREFIX
from regime_platform.orchestration.jobs import PRIORITY, RECOMPUTE, RECONCILE
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.schedules import is_in_progress
from regime_platform.orchestration.status.rows import status_rows
from regime_platform.pipeline.pages import write_pages
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.index.index import write_index

WRITE_REPORT = "write_report"
#: A pass in progress is waited for, unless the board has not changed for so long.
_PATIENCE = dt.timedelta(minutes=15)
_MOST_HOURS = 2


class ReportConfig(dg.Config):
    """The run config of the report."""

    pages: bool = Field(
        default=True, description="Draw the pages of symbols too, where they changed."
    )


@single_asset("results", "html")
@without_traceback
def report(
    config: ReportConfig, workspace: dg.ResourceParam[WorkspaceResource]
) -> dg.MaterializeResult[None]:
    """One page over all symbols, and the pages of those that changed.

    The UI's server has it at /report/. `regime report` writes the same.
    """
    opened, now = workspace.open(), workspace.now()
    pages = _draw(opened, now) if config.pages else {}
    index = write_index(opened, status_rows(opened, now), now, opened.root.report)
    metadata = {
        "open": dg.MetadataValue.url(f"{PREFIX}/"),
        "file": dg.MetadataValue.path(index.path),
        "bytes": index.size,
        **pages,
    }
    return dg.MaterializeResult(metadata=metadata)


def _draw(workspace: RunWorkspace, now: dt.datetime) -> dict[str, Any]:
    """Draws the pages that changed, and describes what was drawn."""
    try:
        outcomes = [*write_pages(workspace, workspace.universe.instruments, now)]
    except ModuleNotFoundError as error:  # a server without the extra has the index alone
        return {"pages": f"none: {error}; the extra charts draws them"}
    pages = [outcome.page for outcome in outcomes if outcome.page is not None]
    failed = [outcome for outcome in outcomes if outcome.problem]
    return {
        "pages": len(pages),
        "pages drawn": sum(page.is_written for page in pages),
        "pages that failed": table(
            [{"symbol": outcome.symbol, "reason": outcome.problem} for outcome in failed]
        ),
    }


write_report = dg.define_asset_job(
    WRITE_REPORT,
    selection=dg.AssetSelection.assets(report),
    description="Writes the page over all symbols, and the pages of those that changed.",
    tags={PRIORITY: "-2", dg.MAX_RUNTIME_SECONDS_TAG: str(_MOST_HOURS * 3600)},
)


@dg.sensor(
    job=write_report,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a report after a pass that changed something, and once a day.",
)
def board_changes(
    context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> dg.SensorResult | dg.SkipReason:
    """Compares the board's time and size with those of the last report; opens no file."""
    board = workspace.board()
    if board is None:
        return dg.SkipReason("no results yet")
    now = workspace.now()
    changed = dt.datetime.fromtimestamp(board.st_mtime, dt.UTC)
    # bars become late without a change of the board, so each day has a report
    cursor = f"{board.st_mtime_ns} {board.st_size} {now.date()}"
    if cursor == context.cursor:
        return dg.SkipReason("nothing changed since the last report")
    if is_in_progress(context.instance, WRITE_REPORT):
        return dg.SkipReason("a report is being written")
    if now - changed < _PATIENCE and any(
        is_in_progress(context.instance, job) for job in (RECOMPUTE, RECONCILE)
    ):
        return dg.SkipReason("a pass is in progress")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=cursor)], cursor=cursor)
