"""Era sets in the data root: kept for good, and one of them in force by an explicit act.

A set is written once and never overwritten; an adoption is appended to those before it. Without any
adoption the fixed eras are in force; a file that cannot be trusted is an error, never a fall-back.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

from filelock import FileLock

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute.eras.eras import (
    FALLBACK_ERAS,
    FIXED_VERSION,
    EraClass,
    EraSet,
    era_class,
)
from regime_platform.compute.eras.files import (
    Adoption,
    EraSetFile,
    adoption_links,
    era_set_digest,
    read_adoption_links,
    read_adoptions,
    read_era_set,
    require_new_version,
    write_adoptions,
    write_era_set,
)
from regime_platform.errors import ConfigError, UsageError
from regime_platform.files import append_lines, write_bytes, write_text
from regime_platform.model.digests import canonical_json
from regime_platform.model.universe.universe import Universe
from regime_platform.regular_files import read_bytes

_PATIENCE = 60.0  # seconds; a set is written in milliseconds


def eras_in_force(root: DataRoot) -> EraSet:
    """The set adopted last; the fixed eras where none ever was.

    Raises:
        ConfigError: a file is damaged, or the set is not the one that was adopted.
    """
    return _latest(root, adoptions(root))


def eras_as_of(root: DataRoot, as_of: dt.datetime) -> EraSet:
    """The set that was in force at a moment of the past (aware).

    Raises:
        ConfigError: a file is damaged, or the set is not the one that was adopted.
    """
    return _latest(root, [adoption for adoption in adoptions(root) if adoption.since <= as_of])


def adoptions(root: DataRoot) -> tuple[Adoption, ...]:
    """Every adoption, oldest first; none where the fixed eras have always been in force.

    Raises:
        ConfigError: the file is damaged.
    """
    path = root.adopted_eras
    found, logged = _adopted(root), _logged(root)
    if found[: len(logged)] == logged:
        return found
    lost = next(one for one, kept in zip_longest(logged, found) if one != kept)
    what = f"no longer has the adoption of {lost.version} on {lost.since:%Y-%m-%d} as it was made"
    raise ConfigError(
        f"{path} {what if path.exists() else 'is gone'}; restore it from a backup, or "
        f"`regime eras adopt {logged[-1].version} --reason TEXT` writes it anew from "
        f"{root.adoption_log.name}",
        code="adoption-lost",
    )


def era_set(root: DataRoot, version: str) -> EraSet:
    """A set by its version, the fixed one included.

    Raises:
        ConfigError: there is none of this version, or its file is damaged.
    """
    return FALLBACK_ERAS if version == FIXED_VERSION else era_set_file(root, version).eras


def era_set_file(root: DataRoot, version: str) -> EraSetFile:
    """A set with what it was made from.

    Raises:
        ConfigError: there is none of this version, or its file is damaged.
    """
    path = root.era_set(version)
    text = _read(path) if version in versions(root) else None
    if text is None:
        held = ", ".join((FIXED_VERSION, *versions(root)))
        raise ConfigError(
            f"there is no era set {version!r} in {root.eras}; there are: {held}",
            code="no-such-era-set",
        )
    found = read_era_set(text, str(path))
    if found.eras.version != version:
        raise ConfigError(
            f"{path} holds era set {found.eras.version}; give the file its own name back",
            code="era-set-misnamed",
        )
    return found


def versions(root: DataRoot) -> tuple[str, ...]:
    """The versions of all sets in the data root, in order of their names."""
    if not root.eras.is_dir():
        return ()
    stems = {path.stem for path in root.eras.glob("[!.]*.yaml")}
    return tuple(sorted(stems - {root.adopted_eras.stem}))


def stored_era_sets(root: DataRoot) -> tuple[EraSetFile, ...]:
    """All sets in the data root, oldest first by the date from which they could be known.

    Raises:
        ConfigError: one of them is damaged.
    """
    found = [era_set_file(root, version) for version in versions(root)]
    return tuple(sorted(found, key=lambda one: (one.eras.effective_from, one.eras.version)))


def store_era_set(root: DataRoot, held: EraSetFile) -> Path:
    """Writes a new set.

    Raises:
        UsageError: the version is taken or unsafe.
    """
    version = held.eras.version
    require_new_version(version)
    path = root.era_set(version)
    with _writing(root):
        if path.exists():
            raise UsageError(
                f"era set {version} exists and is never overwritten; give another --version",
                code="era-set-exists",
            )
        write_text(path, write_era_set(held))
    return path


def adopt(root: DataRoot, version: str, *, since: dt.datetime, by: str, reason: str) -> Adoption:
    """Puts a set in force from now on; the next walk recomputes exactly whom it touches.

    Raises:
        UsageError: no reason is given, or the set is in force already.
        ConfigError: the set does not exist or is damaged.
    """
    if not reason.strip() or not by.strip():
        raise UsageError(
            "an adoption needs a reason and a name; give --reason and --by", code="no-reason"
        )
    eras = era_set(root, version)
    with _writing(root):
        before, damaged = _as_far_as_known(root)
        in_force = before[-1].version if before else FIXED_VERSION
        if in_force == version and not damaged:
            raise UsageError(f"era set {version} is in force already", code="era-set-in-force")
        adoption = Adoption(version, era_set_digest(eras), since, by.strip(), reason.strip())
        is_restored = bool(before) and before[-1].version == version
        after = before if is_restored else (*before, adoption)
        _set_aside(root, damaged, since)
        write_text(root.adopted_eras, write_adoptions(after))
        _seal(root, after)
    return after[-1]


def log_adoptions(root: DataRoot) -> None:
    """Begins the log of adoptions where an earlier release wrote none.

    Raises:
        ConfigError: the adoptions cannot be read.
    """
    if root.adoption_log.exists() or not root.adopted_eras.exists():
        return
    with _writing(root):
        _seal(root, _adopted(root))


def why_not_adopted(
    root: DataRoot, in_force: EraSet, wanted: EraClass, ranked: Mapping[str, Any]
) -> str:
    """Why results cannot have been made in the eras that are adopted; empty where they can.

    Args:
        root: the data root.
        in_force: the set in force.
        wanted: the class of the symbol.
        ranked: version and boundaries of the eras that the recipe of its results names.

    Raises:
        ConfigError: the adoptions cannot be read.
    """
    version = ranked.get("version")
    if not version or version == FIXED_VERSION:
        return ""
    if version == in_force.version:
        choice = in_force.choose(wanted)
        boundaries = [[era.start_us, era.end_us] for era in choice.eras]
        is_same = choice.version != version or boundaries == ranked.get("boundaries")
        return "" if is_same else f"era set {version} is not what they were ranked in"
    if any(adoption.version == version for adoption in adoptions(root)):
        return ""
    return f"they are ranked in era set {version}, whose adoption is in {root.adopted_eras} no more"


def touched(universe: Universe, before: EraSet, after: EraSet) -> Mapping[str, str]:
    """Symbol -> era class of those whose eras the two sets put elsewhere, in partition order."""
    wanted = {
        instrument.symbol: era_class(instrument.symbol, instrument.asset_class)
        for instrument in universe.instruments
    }
    return {
        symbol: one.name or ""
        for symbol, one in wanted.items()
        if before.choose(one).eras != after.choose(one).eras
    }


def _adopted(root: DataRoot) -> tuple[Adoption, ...]:
    text = _read(root.adopted_eras)
    return () if text is None else read_adoptions(text, str(root.adopted_eras))


def _logged(root: DataRoot) -> tuple[Adoption, ...]:
    text, where = _read(root.adoption_log), str(root.adoption_log)
    lines = [] if text is None else text.split("\n")[:-1]  # one without an end was never written
    try:
        links = [json.loads(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{where} is damaged ({error}); restore it from a backup, or adopt an era set again: "
            "`regime eras adopt VERSION --reason TEXT` writes it anew",
            code="adoption-log-damaged",
        ) from error
    return read_adoption_links(links, where)


def _as_far_as_known(root: DataRoot) -> tuple[tuple[Adoption, ...], list[Path]]:
    """The adoptions as far as file and log have them, and which of the two is not whole."""
    found: tuple[Adoption, ...] = ()
    logged: tuple[Adoption, ...] = ()
    damaged = []
    try:
        found = _adopted(root)
    except ConfigError:
        damaged.append(root.adopted_eras)
    try:
        logged = _logged(root)
    except ConfigError:
        damaged.append(root.adoption_log)
    if not damaged and found[: len(logged)] != logged:
        damaged.append(root.adopted_eras)
    return (*logged, *found[len(logged) :]), damaged


def _set_aside(root: DataRoot, damaged: Sequence[Path], now: dt.datetime) -> None:
    """Keeps what is about to be written anew, whole, in a folder of its own."""
    folder = root.eras / "set_aside" / now.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    for path in (one for one in damaged if one.exists()):
        write_bytes(folder / path.name, path.read_bytes())
        if path == root.adoption_log:
            path.unlink()


def _seal(root: DataRoot, adopted: Sequence[Adoption]) -> None:
    links = adoption_links(adopted, len(_logged(root)))
    if links:
        append_lines(root.adoption_log, [canonical_json(link) for link in links])


def _latest(root: DataRoot, adopted: Sequence[Adoption]) -> EraSet:
    if not adopted:
        return FALLBACK_ERAS
    last = adopted[-1]
    try:
        eras = era_set(root, last.version)
    except ConfigError as error:
        told = f"the eras in force since {last.since:%Y-%m-%d} cannot be read: {error}"
        raise ConfigError(
            f"{told}; or adopt another set with `regime eras adopt`", code="era-set-unreadable"
        ) from error
    if era_set_digest(eras) != last.digest:
        raise ConfigError(
            f"{root.era_set(last.version)} is not the era set that was adopted on "
            f"{last.since:%Y-%m-%d}; restore it from a backup or adopt another",
            code="era-set-replaced",
        )
    return eras


@contextmanager
def _writing(root: DataRoot) -> Iterator[None]:
    root.eras.mkdir(parents=True, exist_ok=True)
    with FileLock(root.eras / ".lock", timeout=_PATIENCE, fallback_to_soft=False):
        yield


def _read(path: Path) -> str | None:
    try:
        return read_bytes(path).decode(errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error}; restore it or its permissions", code="unreadable-file"
        ) from error
