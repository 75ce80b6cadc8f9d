"""The job that verifies a share of the store every night, to detect damage before a reader does.

It calls the functions of `regime verify`. Readers recognise a proven file by its size, inode and
times; a bit that flips on the disk changes none of these, and only hashing detects it.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg
from pydantic import Field

from regime_platform.audit.verify.share import due_for_verification
from regime_platform.audit.verify.verification import Verification
from regime_platform.audit.verify.verify_many import verify_many
from regime_platform.model.instruments import Instrument
from regime_platform.orchestration.events.check_targets import CheckTargets
from regime_platform.orchestration.events.failures import FailedSymbol, run_failure
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace

VERIFY_SHARE = "verify_share"
_STEP = f"{VERIFY_SHARE}_step"
_CHECK = dg.AssetCheckKey(dg.AssetKey(Stage.MANIFESTS.value), "is_complete")


class ShareConfig(dg.Config):
    """The run config of the job."""

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
    return dg.RunConfig(ops={_STEP: ShareConfig(date=date.isoformat(), since=after)})


def build_verification() -> dg.JobDefinition:
    """The job ``verify_share``."""
    text = "Hashes every byte of a share of the symbols again; lists the damaged files."

    @dg.op(name=_STEP, description=text, out={})
    def step(
        context: dg.OpExecutionContext, config: ShareConfig, workspace: WorkspaceResource
    ) -> Iterator[dg.AssetCheckEvaluation]:
        opened, settings = workspace.open(), workspace.settings()
        wanted = _wanted(config, opened, settings.verify_days())
        context.log.info("%d of %d symbols are verified", len(wanted), len(opened.universe.symbols))
        targets, damaged = CheckTargets(context.instance), []
        for proof in verify_many(opened, wanted, workers=settings.workers):
            yield _evaluation(proof, targets)
            if _is_damaged(proof):
                damaged.append(proof)
        if damaged:
            raise _failure(damaged, len(wanted))

    @dg.job(name=VERIFY_SHARE, description=text)
    def job() -> None:
        step()

    return job


def _wanted(config: ShareConfig, workspace: RunWorkspace, days: int) -> Sequence[Instrument]:
    universe = workspace.universe
    if config.symbols:
        return universe.select(config.symbols)
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of a run that names no date
    date = dt.date.fromisoformat(config.date) if config.date else now.date()
    since = dt.date.fromisoformat(config.since) if config.since else None
    return due_for_verification(universe.instruments, days, date, since)


def _is_damaged(proof: Verification) -> bool:
    """True where a file is damaged; what the next run finishes is no damage."""
    return any(finding.kind.is_damage for finding in proof.findings)


def _evaluation(proof: Verification, targets: CheckTargets) -> dg.AssetCheckEvaluation:
    passed = not _is_damaged(proof)
    return dg.AssetCheckEvaluation(
        asset_key=_CHECK.asset_key,
        check_name=_CHECK.name,
        passed=passed,
        partition=proof.symbol,
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=False,
        description="" if passed else _line(proof),
        metadata={"files": proof.files, "bars": proof.bars, "rows": proof.rows},
        target_materialization_data=targets.of(_CHECK.asset_key, proof.symbol),
    )


def _failure(damaged: Sequence[Verification], verified: int) -> dg.Failure:
    failed = [FailedSymbol(proof.symbol, proof.result, "verify", _line(proof)) for proof in damaged]
    return run_failure(f"{len(damaged)} of {verified} symbols verified are damaged", failed)


def _line(proof: Verification) -> str:
    return f"{proof.reason}; {proof.remedy}"
