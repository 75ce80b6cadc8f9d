"""What is lost where raw files are gone and no backup has them."""

from collections.abc import Iterable, Mapping

from regime_platform.audit.verify.finding import AuditFinding
from regime_platform.errors import RegimeError
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import PromotedBars
from regime_platform.pipeline.gate.validate_log import (
    ValidatedSeries,
    read_policy,
    validate_log,
    validation_context,
)
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.gate import BLOCKED


def lost_files(findings: Iterable[AuditFinding]) -> tuple[str, ...]:
    """The missing raw files, where nothing else is beyond repair; else none."""
    faults = tuple(findings)
    return (
        tuple(fault.what for fault in faults) if all(fault.is_raw_loss for fault in faults) else ()
    )


def describe_loss(
    workspace: RunWorkspace,
    instrument: Instrument,
    lost: Iterable[str],
    promoted: Mapping[str, PromotedBars],
) -> str:
    """The files, and how many of the bars in force are left without them.

    Args:
        workspace: where the symbol lives.
        instrument: the symbol.
        lost: raw files that are gone.
        promoted: timeframe -> the canonical bars in force.
    """
    files = tuple(lost)
    paths = workspace.root.symbol(instrument.symbol)
    try:
        validated = validate_log(
            paths, instrument, validation_context(paths, instrument, read_policy(workspace.root))
        )
    except (
        RegimeError,
        OSError,
    ):  # reported as a finding, and repaired before a promotion
        return ", ".join(files)
    affected = {file.split("/")[1] for file in files}
    effects = [
        _effect(timeframe, series, promoted[timeframe].rows)
        for timeframe, series in validated.items()
        if timeframe in affected and timeframe in promoted
    ]
    return "; ".join([", ".join(files), *effects])


def _effect(timeframe: str, series: ValidatedSeries, bars: int) -> str:
    if series.result.status == BLOCKED:
        return f"{timeframe} is blocked by the gate without them and keeps its last good bars"
    return (
        f"{timeframe} has {series.result.valid.height:,} bars without them, {bars:,} are in force"
    )
