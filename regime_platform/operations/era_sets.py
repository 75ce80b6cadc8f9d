"""Era sets: detected in the promoted daily bars of the benchmarks, stored, and put in force."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
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
from regime_platform.compute.eras.files import (
    Adoption,
    EraSetFile,
    date_of,
    era_set_digest,
    require_new_version,
    write_adoptions,
    write_era_set,
)
from regime_platform.errors import ConfigError, UsageError
from regime_platform.files import write_bytes, write_text
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.instants import instant
from regime_platform.model.universe.universe import Universe
from regime_platform.pipeline.compute import stored_lineage
from regime_platform.pipeline.eras import (
    append_to_log,
    era_set,
    read_adopted,
    read_adoption_log,
    stored_era_sets,
    writing_eras,
)
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.workspace import Workspace


@dataclass(frozen=True)
class ClassDetection:
    """The eras detected for one class; ``reason`` is why there are none."""

    name: str
    benchmark: str
    eras: tuple[Era, ...] = ()
    bars: PromotedBars | None = None  # of the benchmark
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """JSON values, also for the Dagster UI."""
        bars = self.bars
        return {
            "class": self.name,
            "benchmark": self.benchmark,
            "bars": bars.rows if bars else 0,
            "first": bars.min_ts[:10] if bars else "",
            "last": bars.max_ts[:10] if bars else "",
            "eras": len(self.eras),
            "breaks": ", ".join(breaks_of(self.eras)),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class DetectedEras:
    """The eras detected in the benchmarks, and the era set that has them."""

    classes: tuple[ClassDetection, ...]
    version: str = ""  # "" where no class could be detected
    is_new: bool = False  # False: a set in the data root has these very eras

    def document(self) -> dict[str, Any]:
        """The document of ``regime eras detect --json``."""
        classes = [each.document() for each in self.classes]
        return {"version": self.version, "is_new": self.is_new, "classes": classes}


def detect_eras(
    workspace: RunWorkspace,
    *,
    classes: Iterable[str] = (),
    instead: Mapping[str, str] | None = None,
    version: str | None = None,
) -> DetectedEras:
    """Detects the eras of ``classes`` and stores them as a new set, unless a set has them already.

    Other classes keep the eras in force. A class whose benchmark lacks bars stays out of the set,
    with the reason, and its symbols get the fixed eras. ``instead`` names other benchmarks by
    class. A ``version`` is written even if another set has the same eras. UsageError where a class
    is unknown or the version taken, ConfigError or BarsError where what is stored is damaged.
    """
    detections = tuple(
        _detect(workspace, name, benchmark)
        for name, benchmark in benchmarks_of(classes, instead).items()
    )
    if not any(detection.eras for detection in detections):
        return DetectedEras(detections)
    made = _era_set(workspace, detections)
    if version is None:
        for stored in reversed(stored_era_sets(workspace.root)):
            if stored.eras.by_class == made.eras.by_class:
                return DetectedEras(detections, stored.eras.version)
    named = replace(made, eras=replace(made.eras, version=version or made.eras.version))
    store_era_set(workspace.root, named)
    return DetectedEras(detections, named.eras.version, is_new=True)


def store_era_set(root: DataRoot, file: EraSetFile) -> Path:
    """Writes a new set; UsageError where the version is taken or unsafe."""
    version = file.eras.version
    require_new_version(version)
    path = root.era_set(version)
    with writing_eras(root):
        if path.exists():
            raise UsageError(
                f"era set {version} exists and is never overwritten; give another --version",
                code="era-set-exists",
            )
        write_text(path, write_era_set(file))
    return path


def adopt(root: DataRoot, version: str, *, since: dt.datetime, by: str, reason: str) -> Adoption:
    """Puts a set in force from now on; the next run recomputes exactly the symbols it touches.

    A damaged file of adoptions is written again from what file and log have of them, after it was
    copied aside. UsageError without a reason, or where the set is in force; ConfigError where it
    is damaged.
    """
    if not reason.strip() or not by.strip():
        raise UsageError(
            "an adoption needs a reason and a name; give --reason and --by", code="no-reason"
        )
    digest = era_set_digest(era_set(root, version))
    with writing_eras(root):
        before, damaged = _as_far_as_known(root)
        in_force = before[-1].version if before else FIXED_VERSION
        if in_force == version and not damaged:
            raise UsageError(f"era set {version} is in force already", code="era-set-in-force")
        after = before
        if not before or in_force != version:
            new = Adoption(
                version=version, digest=digest, since=since, by=by.strip(), reason=reason.strip()
            )
            after = (*before, new)
        _set_aside(root, damaged, since)
        write_text(root.adopted_eras, write_adoptions(after))
        append_to_log(root, after)
    return after[-1]


def breaks_of(eras: Sequence[Era]) -> list[str]:
    """The dates on which one era ends and the next begins."""
    return [str(date_of(era.start_us)) for era in eras if era.start_us != OPEN_START]


def summaries(root: DataRoot) -> list[dict[str, Any]]:
    """Every set in plain values, oldest first; ConfigError where one is damaged."""
    stored = [
        (file.eras, str(file.eras.effective_from), file.absent) for file in stored_era_sets(root)
    ]
    return [
        {
            "version": eras.version,
            "known_from": known_from,
            "breaks": {name: breaks_of(of_class) for name, of_class in eras.by_class.items()},
            "absent": dict(absent),
        }
        for eras, known_from, absent in [(FALLBACK_ERAS, "", {}), *stored]
    ]


def touched(universe: Universe, before: EraSet, after: EraSet) -> Mapping[str, str]:
    """Symbol -> era class of those with other eras in the two sets, in partition order."""
    wanted = {
        instrument.symbol: era_class(instrument.symbol, instrument.asset_class)
        for instrument in universe.instruments
    }
    return {
        symbol: of_symbol.name or ""
        for symbol, of_symbol in wanted.items()
        if before.choose(of_symbol).eras != after.choose(of_symbol).eras
    }


def outdated(workspace: Workspace, eras: EraSet) -> Mapping[str, str]:
    """Symbol -> era class of those whose stored results are ranked in others than ``eras``."""
    classes = {}
    for instrument in workspace.universe.instruments:
        lineage = stored_lineage(workspace.root.symbol(instrument.symbol))
        wanted = era_class(instrument.symbol, instrument.asset_class)
        chosen = eras.choose(wanted).eras
        boundaries = tuple((era.start_us, era.end_us) for era in chosen)
        if lineage is not None and lineage.recipe.eras.boundaries != boundaries:
            classes[instrument.symbol] = wanted.name or ""
    return classes


def _detect(workspace: RunWorkspace, name: str, benchmark: str) -> ClassDetection:
    symbol = workspace.universe.symbol_of(benchmark)
    if symbol not in workspace.universe.symbols:
        return ClassDetection(name, symbol, reason=f"{symbol} is not in the universe")
    stored = read_in_force(workspace.root.symbol(symbol), "1day")
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
    # the day after the last bar: the first on which all of them were over everywhere
    known_from = max(
        instant(detection.bars.max_ts).date() + dt.timedelta(days=1)
        for detection in detections
        if detection.eras and detection.bars
    )
    unnamed = EraSet("unnamed", known_from, by_class)
    named = replace(unnamed, version=f"{known_from}-{era_set_digest(unnamed)[:8]}")
    return EraSetFile(named, origins, absent, DETECTION._asdict())


def _origin(detection: ClassDetection) -> dict[str, Any]:
    bars = detection.bars
    if bars is None:
        return {"benchmark": detection.benchmark}
    facts = {"digest": bars.digest, "rows": bars.rows, "first": bars.min_ts, "last": bars.max_ts}
    return {"benchmark": detection.benchmark, "bars": facts}


def _as_far_as_known(root: DataRoot) -> tuple[tuple[Adoption, ...], list[Path]]:
    """The adoptions that file and log have, and which of the two is damaged."""
    read: dict[Path, tuple[Adoption, ...]] = {}
    for path, reader in ((root.adopted_eras, read_adopted), (root.adoption_log, read_adoption_log)):
        with suppress(ConfigError):
            read[path] = reader(root)
    damaged = [path for path in (root.adopted_eras, root.adoption_log) if path not in read]
    adopted, logged = read.get(root.adopted_eras, ()), read.get(root.adoption_log, ())
    if not damaged and adopted[: len(logged)] != logged:
        damaged = [root.adopted_eras]
    elif not damaged and len(logged) < len(adopted):
        damaged = [root.adoption_log]
    return (*logged, *adopted[len(logged) :]), damaged


def _set_aside(root: DataRoot, damaged: Sequence[Path], now: dt.datetime) -> None:
    """Copies what is about to be written again into a folder of its own."""
    folder = root.eras / "set_aside" / now.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    for path in (path for path in damaged if path.exists()):
        write_bytes(folder / path.name, path.read_bytes())
        if path == root.adoption_log:
            path.unlink()
