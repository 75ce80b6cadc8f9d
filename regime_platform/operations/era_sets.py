"""Detects a new era set in the promoted daily bars of the benchmarks; it is adopted separately."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute.eras.detection import DETECTION, benchmarks_of, detect_breaks
from regime_platform.compute.eras.eras import (
    ERA_CLASSES,
    FALLBACK_ERAS,
    FIXED_VERSION,
    OPEN_START,
    Era,
    EraSet,
    era_class,
    tiling_eras,
)
from regime_platform.compute.eras.files import EraSetFile, date_of
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import PromotedBars
from regime_platform.operations.era_adoption import store_era_set
from regime_platform.pipeline.compute.compute import stored_lineage
from regime_platform.pipeline.eras import stored_era_sets
from regime_platform.pipeline.run_workspace import RunWorkspace

TIMEFRAME = "1day"


@dataclass(frozen=True)
class ClassDetection:
    """The detection of one class."""

    name: str
    benchmark: str
    eras: tuple[Era, ...] = ()
    bars: PromotedBars | None = None  # of the benchmark
    reason: str = ""  # why there are no eras


@dataclass(frozen=True)
class DetectedEras:
    """The eras detected in the benchmarks, and the era set that has them."""

    classes: tuple[ClassDetection, ...]
    version: str = ""  # "" where no class could be detected
    is_new: bool = False  # False: a set in the data root has these very eras


def detect_eras(
    workspace: RunWorkspace,
    *,
    classes: Iterable[str] = (),
    instead: Mapping[str, str] | None = None,
    version: str | None = None,
) -> DetectedEras:
    """Detects the eras of ``classes`` and stores them as a new set, unless a set has them already.

    Other classes keep the eras in force. A class whose benchmark lacks bars stays out of the set,
    with the reason, and its symbols get the fixed eras.

    Args:
        workspace: where the bars are and what is in force.
        classes: all by default.
        instead: class -> another benchmark than its own.
        version: of the new set, which is then written even if another has the same eras; by
            default the date from which it could be known and a digest.

    Raises:
        UsageError: a class is unknown or the version is taken.
        ConfigError: an era set in the data root is damaged.
        BarsError: the bars of a benchmark are damaged.
    """
    detections = tuple(
        _detect(workspace, name, benchmark)
        for name, benchmark in benchmarks_of(classes, instead).items()
    )
    if not any(detection.eras for detection in detections):
        return DetectedEras(detections)
    made = _era_set(workspace, detections)
    if version is None:
        same = [
            era_set
            for era_set in stored_era_sets(workspace.root)
            if era_set.eras.by_class == made.eras.by_class
        ]
        if same:
            return DetectedEras(detections, same[-1].eras.version)
    named = replace(made, eras=replace(made.eras, version=version or made.eras.version))
    store_era_set(workspace.root, named)
    return DetectedEras(detections, named.eras.version, is_new=True)


def breaks_of(eras: Sequence[Era]) -> list[str]:
    """The dates on which one era ends and the next begins."""
    return [str(date_of(era.start_us)) for era in eras if era.start_us != OPEN_START]


def summaries(root: DataRoot) -> list[dict[str, Any]]:
    """Every set in plain values, oldest first; the fixed one is always there.

    Raises:
        ConfigError: a set is damaged.
    """
    fixed = {name: breaks_of(eras) for name, eras in FALLBACK_ERAS.by_class.items()}
    first = {"version": FIXED_VERSION, "known_from": "", "breaks": fixed, "absent": {}}
    return [first, *(_summary(era_set) for era_set in stored_era_sets(root))]


def _summary(file: EraSetFile) -> dict[str, Any]:
    return {
        "version": file.eras.version,
        "known_from": file.eras.effective_from.isoformat(),
        "breaks": {name: breaks_of(eras) for name, eras in file.eras.by_class.items()},
        "absent": dict(file.absent),
    }


def outdated(workspace: RunWorkspace) -> Mapping[str, str]:
    """Symbol -> era class of those whose stored results are ranked in other eras than in force."""
    return {
        instrument.symbol: era_class(instrument.symbol, instrument.asset_class).name or ""
        for instrument in workspace.universe.instruments
        if _is_outdated(workspace, instrument)
    }


def _is_outdated(workspace: RunWorkspace, instrument: Instrument) -> bool:
    lineage = stored_lineage(workspace.root.symbol(instrument.symbol))
    if lineage is None:
        return False
    choice = workspace.eras.choose(era_class(instrument.symbol, instrument.asset_class))
    boundaries = tuple((era.start_us, era.end_us) for era in choice.eras)
    return lineage.recipe.eras.boundaries != boundaries


def _detect(workspace: RunWorkspace, name: str, benchmark: str) -> ClassDetection:
    symbol = benchmark.upper()
    if symbol not in workspace.universe.symbols:
        return ClassDetection(name, symbol, reason=f"{symbol} is not in the universe")
    stored = read_in_force(workspace.root.symbol(symbol), TIMEFRAME)
    if stored is None:
        reason = f"{symbol} has no promoted daily bars; run `regime run {symbol}`"
        return ClassDetection(name, symbol, reason=reason)
    promoted, bars = stored
    if bars.height < DETECTION.fewest_bars:
        reason = f"{symbol} has {bars.height:,} daily bars of {DETECTION.fewest_bars:,} needed"
        return ClassDetection(name, symbol, bars=promoted, reason=reason)
    breaks = detect_breaks(bars["close"].to_numpy()).breaks
    dates = bars["ts"].gather(list(breaks)).dt.date().to_list()
    return ClassDetection(name, symbol, tiling_eras(tuple(dates)), promoted)


def _era_set(workspace: RunWorkspace, detections: Sequence[ClassDetection]) -> EraSetFile:
    """A set named by its date and its eras; the same findings always make the same set."""
    by_name = {detection.name: detection for detection in detections}
    by_class: dict[str, tuple[Era, ...]] = {}
    origins: dict[str, Mapping[str, Any]] = {}
    for name in ERA_CLASSES:
        if name in by_name and by_name[name].eras:
            by_class[name], origins[name] = by_name[name].eras, _origin(by_name[name])
        elif name not in by_name and name in workspace.eras.by_class:
            by_class[name] = workspace.eras.by_class[name]
            origins[name] = {"kept_from": workspace.eras.version}
    absent = {detection.name: detection.reason for detection in detections if not detection.eras}
    known_from = max(
        _known_from(detection.bars) for detection in detections if detection.eras and detection.bars
    )
    unnamed = EraSet("unnamed", known_from, by_class)
    named = replace(unnamed, version=f"{known_from}-{document_digest(unnamed.facts())[:8]}")
    return EraSetFile(named, origins, absent, DETECTION._asdict())


def _origin(detection: ClassDetection) -> dict[str, Any]:
    bars = detection.bars
    if bars is None:
        return {"benchmark": detection.benchmark}
    facts = {"digest": bars.digest, "rows": bars.rows, "first": bars.min_ts, "last": bars.max_ts}
    return {"benchmark": detection.benchmark, "bars": facts}


def _known_from(bars: PromotedBars) -> dt.date:
    """The day after the last bar: the first on which all of them were over everywhere."""
    return instant(bars.max_ts).date() + dt.timedelta(days=1)
