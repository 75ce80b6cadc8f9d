"""The jobs that look after the store and Dagster's state: freshness, verification, pruning."""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg
from pydantic import Field

from regime_platform.audit.verify.verification import FindingKind
from regime_platform.audit.verify.verify import due_for_verification, verify_many
from regime_platform.model.instruments import Instrument
from regime_platform.orchestration.events.checks import verified, verified_result
from regime_platform.orchestration.events.failures import FailedSymbol, run_failure
from regime_platform.orchestration.events.freshness import freshness
from regime_platform.orchestration.instance.check_targets import (
    CheckTargets,
    latest_materializations,
)
from regime_platform.orchestration.instance.failed_partitions import runs_of_failures
from regime_platform.orchestration.jobs import step_config, step_job
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.temporary_files import sweep_below

CHECK_FRESHNESS = "check_freshness"
PRUNE_RUNS = "prune_runs"
VERIFY_SHARE = "verify_share"
_ASSETS = tuple(dg.AssetKey(name) for name in (*Stage, "era_set"))
_FINISHED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


class ShareConfig(dg.Config):
    """The run config of ``verify_share``."""

    symbols: list[str] = Field(
        default=[], description="The symbols to verify; the share of the date when empty."
    )
    date: str = Field(default="", description="The ISO date of the share; today (UTC) when empty.")
    since: str = Field(
        default="", description="The last date whose share was verified; later ones are added."
    )


def share_config(date: dt.date, since: dt.date | None) -> dg.RunConfig:
    """The config of the run of a date; the shares missed after ``since`` are added."""
    after = "" if since is None else since.isoformat()
    return step_config(VERIFY_SHARE, ShareConfig(date=date.isoformat(), since=after))


def _check_freshness(
    context: dg.OpExecutionContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> Iterator[dg.AssetCheckEvaluation]:
    yield from freshness(workspace.open(), context.instance, workspace.now(), with_stale=True)


check_freshness = step_job(
    CHECK_FRESHNESS,
    "Compares the last bar of every series with its trading calendar.",
    _check_freshness,
)


def _verify_share(
    context: dg.OpExecutionContext,
    config: ShareConfig,
    workspace: dg.ResourceParam[WorkspaceResource],
) -> Iterator[dg.AssetCheckEvaluation]:
    opened, settings = workspace.open(), workspace.settings()
    wanted = _wanted(config, opened, settings.verify_days(), workspace.now().date())
    context.log.info("%d of %d symbols are verified", len(wanted), len(opened.universe.symbols))
    targets, failed = CheckTargets(context.instance), []
    for proof in verify_many(opened, wanted, workers=settings.workers):
        if proof.result == FindingKind.NO_BARS:
            continue
        result = verified_result(proof)
        yield verified(result, proof.symbol, targets)
        if proof.is_damaged:
            failed.append(FailedSymbol(proof.symbol, proof.result, "verify", result.reason))
    if failed:
        raise run_failure(f"{len(failed)} of {len(wanted)} symbols verified are damaged", failed)


#: Detects damage before a reader does. Readers recognise a proven file by its size, inode and
#: times; a bit that flips on the disk changes none of these, and only hashing detects it.
verify_share = step_job(
    VERIFY_SHARE,
    "Hashes every byte of a share of the symbols again; lists the damaged files.",
    _verify_share,
)


def _wanted(
    config: ShareConfig, workspace: RunWorkspace, days: int, today: dt.date
) -> Sequence[Instrument]:
    if config.symbols:
        return workspace.universe.select(config.symbols)
    date = dt.date.fromisoformat(config.date) if config.date else today
    since = dt.date.fromisoformat(config.since) if config.since else None
    return due_for_verification(workspace.universe.instruments, days, date, since)


def _prune_runs(
    context: dg.OpExecutionContext, workspace: dg.ResourceParam[WorkspaceResource]
) -> None:
    settings = workspace.settings()
    before = workspace.now() - dt.timedelta(days=settings.keep_runs_days)
    number = prune(context.instance, before)
    sweep_below(settings.root_folder)
    context.log.info("%d runs from before %s deleted", number, before.date())


prune_runs = step_job(
    PRUNE_RUNS,
    "Deletes runs older than REGIME_KEEP_RUNS_DAYS without a latest materialisation; removes "
    "temporary files of killed processes from the data root.",
    _prune_runs,
)


def prune(instance: dg.DagsterInstance, before: dt.datetime) -> int:
    """Deletes finished runs that were created before a time; returns how many.

    A run that holds the latest materialisation of a partition, or its failure, is kept, however
    old: without it an unchanged symbol would look as if never materialised or failed.
    """
    in_force = {run for asset in _ASSETS for run in _runs_in_force(instance, asset)}
    old = instance.get_run_ids(dg.RunsFilter(created_before=before, statuses=_FINISHED))
    doomed = [run for run in old if run not in in_force]
    for run in doomed:
        instance.delete_run(run)
    return len(doomed)


def _runs_in_force(instance: dg.DagsterInstance, asset: dg.AssetKey) -> Iterator[str]:
    yield from (record.run_id for record in latest_materializations(instance, asset))
    yield from runs_of_failures(instance, asset)
    newest = instance.get_latest_materialization_event(asset)
    if newest is not None:
        yield newest.run_id
