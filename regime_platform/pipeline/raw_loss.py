"""What is lost where raw files are gone and no backup has them."""

from collections.abc import Iterable, Mapping

from regime_platform.errors import RegimeError
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import Promoted
from regime_platform.pipeline.judging import JudgedSeries, judged_log, standard_of
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.proof import Finding
from regime_platform.validation.gate import BLOCKED


def lost_files(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The raw files among what is beyond repair that are gone; none where anything else is."""
    faults = tuple(findings)
    return (
        tuple(fault.what for fault in faults) if all(fault.is_raw_loss for fault in faults) else ()
    )


def describe_loss(
    platform: Platform,
    instrument: Instrument,
    lost: Iterable[str],
    promoted: Mapping[str, Promoted],
) -> str:
    """The files, and how many of the bars in force are left without them.

    Args:
        platform: where the symbol lives.
        instrument: the symbol.
        lost: raw files that are gone.
        promoted: timeframe -> the canonical bars in force.
    """
    files = tuple(lost)
    paths = platform.root.symbol(instrument.symbol)
    try:
        validated = judged_log(paths, instrument, standard_of(platform.root, instrument))
    except (RegimeError, OSError):  # reported as a finding, and mended before anything is promoted
        return ", ".join(files)
    affected = {file.split("/")[1] for file in files}
    effects = [
        _effect(timeframe, series, promoted[timeframe].rows)
        for timeframe, series in validated.items()
        if timeframe in affected and timeframe in promoted
    ]
    return "; ".join([", ".join(files), *effects])


def _effect(timeframe: str, series: JudgedSeries, bars: int) -> str:
    if series.result.status == BLOCKED:
        return f"{timeframe} is blocked by the gate without them and keeps its last good bars"
    return (
        f"{timeframe} has {series.result.valid.height:,} bars without them, {bars:,} are in force"
    )
