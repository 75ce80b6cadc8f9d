"""The job that verifies a share of the store every night, so that rot is found before it is read.

It calls what `regime verify` calls. Readers recognise a file that was proven by what the file
system knows of it; a bit that flips on the disk changes none of that, and only hashing finds it.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg
from pydantic import Field

from regime_platform.audit.verify.pool import verify_many
from regime_platform.audit.verify.proof import Verification
from regime_platform.audit.verify.share import due_for_verification
from regime_platform.model.instruments import Instrument
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.targets import Targets
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.platform import RunWorkspace

VERIFY_SHARE = "verify_share"
_STEP = f"{VERIFY_SHARE}_step"
_CHECK = dg.AssetCheckKey(dg.AssetKey(Stage.MANIFESTS.value), "is_complete")
_NAMED = 5  # symbols spelled out in the one-line description; the table has all


class ShareConfig(dg.Config):
    """What a launcher of the job may ask for."""

    symbols: list[str] = Field(
        default=[], description="The symbols to verify; the share of the date when empty."
    )
    date: str = Field(default="", description="Whose share, an ISO date; today's (UTC) when empty.")
    since: str = Field(
        default="", description="The last date whose share was verified; later ones are added."
    )


def share_config(date: dt.date, since: dt.date | None) -> dg.RunConfig:
    """The config of the run of a date; what was missed since ``since`` is added."""
    told = "" if since is None else since.isoformat()
    return dg.RunConfig(ops={_STEP: ShareConfig(date=date.isoformat(), since=told)})


def build_verification() -> dg.JobDefinition:
    """The job ``verify_share``."""
    text = "Hashes every byte of a share of the symbols again; names what is damaged."

    @dg.op(name=_STEP, description=text, out={})
    def step(
        context: dg.OpExecutionContext, config: ShareConfig, workspace: WorkspaceResource
    ) -> Iterator[dg.AssetCheckEvaluation]:
        opened, settings = workspace.open(), workspace.settings()
        wanted = _wanted(config, opened, settings.verify_days())
        context.log.info("%d of %d symbols are verified", len(wanted), len(opened.universe.symbols))
        targets, damaged = Targets(context.instance), []
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
    """True where something is damaged; what a run is about to finish is none of this."""
    return any(finding.kind.is_damage for finding in proof.findings)


def _evaluation(proof: Verification, targets: Targets) -> dg.AssetCheckEvaluation:
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
    names = [f"{proof.symbol} ({_line(proof)})" for proof in damaged[:_NAMED]]
    more = [f"and {len(damaged) - _NAMED} more"] if len(damaged) > _NAMED else []
    rows = [
        {
            "symbol": proof.symbol,
            "status": proof.result,
            "stage": "verify",
            "reason and remedy": _line(proof),
        }
        for proof in damaged
    ]
    return dg.Failure(
        f"{len(damaged)} of {verified} symbols verified are damaged: {'; '.join([*names, *more])}",
        metadata={"symbols": table(rows)},
        allow_retries=False,
    )


def _line(proof: Verification) -> str:
    return f"{proof.reason}; {proof.remedy}"
