"""The job that deletes old runs, so that Dagster's state does not grow without bound.

A run is deleted with its events and logs. A run that holds the latest materialisation of a
partition is kept, however old: without it an unchanged symbol would look as if never materialised.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from regime_platform.orchestration.era_set import ERA_SET
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.pipeline.outcomes import Stage
from regime_platform.temporary_files import sweep_below

PRUNE_RUNS = "prune_runs"
_AT_ONCE = 500
_ASSETS = tuple(dg.AssetKey(name) for name in (*(stage.value for stage in Stage), ERA_SET))


def build_pruning() -> dg.JobDefinition:
    """The job ``prune_runs``."""
    text = (
        "Deletes runs older than REGIME_KEEP_RUNS_DAYS without a latest materialisation; removes "
        "temporary files of killed processes from the data root."
    )

    @dg.op(name=f"{PRUNE_RUNS}_step", description=text, out=dg.Out(dg.Nothing))
    def step(context: dg.OpExecutionContext, workspace: WorkspaceResource) -> None:
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of this job
        before = now - dt.timedelta(days=workspace.settings().keep_runs_days)
        number = prune(context.instance, before)
        sweep_below(workspace.settings().root_folder)
        context.log.info("%d runs from before %s deleted", number, before.date())

    @dg.job(name=PRUNE_RUNS, description=text)
    def job() -> None:
        step()

    return job


def prune(instance: dg.DagsterInstance, before: dt.datetime) -> int:
    """Deletes finished runs that were created before a time; returns how many."""
    in_force = {run for asset in _ASSETS for run in _runs_in_force(instance, asset)}
    old = dg.RunsFilter(created_before=before, statuses=list(FINISHED_STATUSES))
    doomed = [
        run_identifier
        for run_identifier in instance.get_run_ids(old)
        if run_identifier not in in_force
    ]
    for run in doomed:
        instance.delete_run(run)
    return len(doomed)


def _runs_in_force(instance: dg.DagsterInstance, asset: dg.AssetKey) -> Iterator[str]:
    latest = instance.event_log_storage.get_latest_storage_id_by_partition(
        asset, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    numbers = sorted(latest.values())
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        wanted = dg.AssetRecordsFilter(asset_key=asset, storage_ids=some)
        page = instance.fetch_materializations(wanted, limit=len(some))
        yield from (record.run_id for record in page.records)
    newest = instance.get_latest_materialization_event(asset)
    if newest is not None:
        yield newest.run_id
