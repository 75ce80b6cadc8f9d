"""Stores new era sets, and puts one of them in force.

A damaged file of adoptions is written again from what file and log have of them; the damaged one is
copied aside before.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute.eras.adoptions import (
    Adoption,
    write_adoptions,
)
from regime_platform.compute.eras.eras import (
    FIXED_VERSION,
    EraSet,
    era_class,
)
from regime_platform.compute.eras.files import (
    EraSetFile,
    era_set_digest,
    require_new_version,
    write_era_set,
)
from regime_platform.errors import ConfigError, UsageError
from regime_platform.files import write_bytes, write_text
from regime_platform.model.universe.universe import Universe
from regime_platform.pipeline.eras import (
    append_to_log,
    era_set,
    read_adopted,
    read_adoption_log,
    writing_eras,
)


def adopt(root: DataRoot, version: str, *, since: dt.datetime, by: str, reason: str) -> Adoption:
    """Puts a set in force from now on; the next run recomputes exactly the symbols it touches.

    Raises:
        UsageError: no reason is given, or the set is in force already.
        ConfigError: the set does not exist or is damaged.
    """
    if not reason.strip() or not by.strip():
        raise UsageError(
            "an adoption needs a reason and a name; give --reason and --by", code="no-reason"
        )
    eras = era_set(root, version)
    with writing_eras(root):
        before, damaged = _as_far_as_known(root)
        in_force = before[-1].version if before else FIXED_VERSION
        if in_force == version and not damaged:
            raise UsageError(f"era set {version} is in force already", code="era-set-in-force")
        adoption = Adoption(
            version=version,
            digest=era_set_digest(eras),
            since=since,
            by=by.strip(),
            reason=reason.strip(),
        )
        is_restored = bool(before) and before[-1].version == version
        after = before if is_restored else (*before, adoption)
        _set_aside(root, damaged, since)
        write_text(root.adopted_eras, write_adoptions(after))
        append_to_log(root, after)
    return after[-1]


def store_era_set(root: DataRoot, file: EraSetFile) -> Path:
    """Writes a new set.

    Raises:
        UsageError: the version is taken or unsafe.
    """
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


def touched(universe: Universe, before: EraSet, after: EraSet) -> Mapping[str, str]:
    """Symbol -> era class of those with other eras in the two sets, in partition order."""
    wanted = {
        instrument.symbol: era_class(instrument.symbol, instrument.asset_class)
        for instrument in universe.instruments
    }
    return {
        symbol: era_class_of.name or ""
        for symbol, era_class_of in wanted.items()
        if before.choose(era_class_of).eras != after.choose(era_class_of).eras
    }


def _as_far_as_known(root: DataRoot) -> tuple[tuple[Adoption, ...], list[Path]]:
    """The adoptions that file and log have, and which of the two is damaged."""
    adopted: tuple[Adoption, ...] = ()
    logged: tuple[Adoption, ...] = ()
    damaged = []
    try:
        adopted = read_adopted(root)
    except ConfigError:
        damaged.append(root.adopted_eras)
    try:
        logged = read_adoption_log(root)
    except ConfigError:
        damaged.append(root.adoption_log)
    if not damaged and adopted[: len(logged)] != logged:
        damaged.append(root.adopted_eras)
    return (*logged, *adopted[len(logged) :]), damaged


def _set_aside(root: DataRoot, damaged: Sequence[Path], now: dt.datetime) -> None:
    """Copies what is about to be written again into a folder of its own."""
    folder = root.eras / "set_aside" / now.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    for path in (path for path in damaged if path.exists()):
        write_bytes(folder / path.name, path.read_bytes())
        if path == root.adoption_log:
            path.unlink()
