"""Era sets in the data root, and which of them is in force since when.

A set is never overwritten; an adoption is appended to those before it. Without any adoption the
fixed eras are in force; a damaged file is a `ConfigError` of every reader, never a fall-back.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.locks import locked
from regime_platform.compute.eras.eras import FALLBACK_ERAS, FIXED_VERSION, EraClass, EraSet
from regime_platform.compute.eras.files import (
    Adoption,
    EraSetFile,
    adoption_links,
    era_set_digest,
    read_adoption_links,
    read_adoptions,
    read_era_set,
)
from regime_platform.errors import ConfigError
from regime_platform.files import append_lines
from regime_platform.json_text import load_json
from regime_platform.manifests.compute_manifest import RankedEras
from regime_platform.model.digests import canonical_json
from regime_platform.regular_files import read_bytes

_PATIENCE = 60.0  # seconds; a set is written in milliseconds


def eras_in_force(root: DataRoot, as_of: dt.datetime | None = None) -> EraSet:
    """The set adopted last, by now or by a moment of the past (aware); else the fixed eras."""
    adopted = [each for each in adoptions(root) if as_of is None or each.since <= as_of]
    if not adopted:
        return FALLBACK_ERAS
    last = adopted[-1]
    try:
        eras = era_set(root, last.version)
    except ConfigError as error:
        reason = f"the eras in force since {last.since:%Y-%m-%d} cannot be read: {error}"
        raise ConfigError(
            f"{reason}; or adopt another set with `regime eras adopt`", code="era-set-unreadable"
        ) from error
    if era_set_digest(eras) != last.digest:
        raise ConfigError(
            f"{root.era_set(last.version)} is not the era set that was adopted on "
            f"{last.since:%Y-%m-%d}; restore it from a backup or adopt another",
            code="era-set-replaced",
        )
    return eras


def adoptions(root: DataRoot) -> tuple[Adoption, ...]:
    """Every adoption, oldest first; none where the fixed eras have always been in force."""
    path = root.adopted_eras
    adopted, logged = read_adopted(root), read_adoption_log(root)
    if adopted[: len(logged)] == logged:
        return adopted
    lost = next(entry for entry, kept in zip_longest(logged, adopted) if entry != kept)
    what = f"no longer has the adoption of {lost.version} on {lost.since:%Y-%m-%d} as it was made"
    raise ConfigError(
        f"{path} {what if path.exists() else 'is gone'}; restore it from a backup, or "
        f"`regime eras adopt {logged[-1].version} --reason TEXT` writes it again from "
        f"{root.adoption_log.name}",
        code="adoption-lost",
    )


def era_set(root: DataRoot, version: str) -> EraSet:
    """A set by its version, the fixed one included; `ConfigError` where there is none."""
    return FALLBACK_ERAS if version == FIXED_VERSION else era_set_file(root, version).eras


def era_set_file(root: DataRoot, version: str) -> EraSetFile:
    """A set with what it was made from; `ConfigError` where there is none of this version."""
    path = root.era_set(version)
    text = _read(path) if version in versions(root) else None
    if text is None:
        known = ", ".join((FIXED_VERSION, *versions(root)))
        raise ConfigError(
            f"there is no era set {version!r} in {root.eras}; there are: {known}",
            code="no-such-era-set",
        )
    file = read_era_set(text, str(path))
    if file.eras.version != version:
        raise ConfigError(
            f"{path} holds era set {file.eras.version}; give the file its own name back",
            code="era-set-misnamed",
        )
    return file


def versions(root: DataRoot) -> tuple[str, ...]:
    """The versions of all sets in the data root, in order of their names."""
    if not root.eras.is_dir():
        return ()
    stems = {path.stem for path in root.eras.glob("[!.]*.yaml")}
    return tuple(sorted(stems - {root.adopted_eras.stem}))


def stored_era_sets(root: DataRoot) -> tuple[EraSetFile, ...]:
    """All sets in the data root, oldest first by the date from which they could be known."""
    files = [era_set_file(root, version) for version in versions(root)]
    return tuple(sorted(files, key=lambda file: (file.eras.effective_from, file.eras.version)))


def unlogged(root: DataRoot) -> tuple[Adoption, ...]:
    """Adoptions that the log has lost, or that an earlier release did not record there."""
    return read_adopted(root)[len(read_adoption_log(root)) :]


def log_adoptions(root: DataRoot) -> None:
    """Begins the log of adoptions where an earlier release wrote none."""
    if root.adoption_log.exists() or not root.adopted_eras.exists():
        return
    with writing_eras(root):
        append_to_log(root, read_adopted(root))


def why_not_adopted(root: DataRoot, in_force: EraSet, wanted: EraClass, ranked: RankedEras) -> str:
    """Why results cannot have been made in the adopted eras; empty where they can.

    ``ranked`` is what their recipe names, ``wanted`` the class of the symbol.
    """
    version = ranked.version
    if not version or version == FIXED_VERSION:
        return ""
    if version == in_force.version:
        choice = in_force.choose(wanted)
        boundaries = tuple((era.start_us, era.end_us) for era in choice.eras)
        is_same = choice.version != version or boundaries == ranked.boundaries
        return "" if is_same else f"era set {version} is not what they were ranked in"
    if any(adoption.version == version for adoption in adoptions(root)):
        return ""
    return (
        f"they are ranked in era set {version}, whose adoption is no longer in {root.adopted_eras}"
    )


def read_adopted(root: DataRoot) -> tuple[Adoption, ...]:
    """The adoptions in adopted.yaml, whatever the log has."""
    text = _read(root.adopted_eras)
    return () if text is None else read_adoptions(text, str(root.adopted_eras))


def read_adoption_log(root: DataRoot) -> tuple[Adoption, ...]:
    """The adoptions in adoptions.jsonl."""
    text, where = _read(root.adoption_log), str(root.adoption_log)
    lines = [] if text is None else text.split("\n")[:-1]  # one without an end was never written
    try:
        links = [load_json(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{where} is damaged ({error}); restore it from a backup, or adopt an era set again: "
            "`regime eras adopt VERSION --reason TEXT` writes it again",
            code="adoptions-damaged",
        ) from error
    return read_adoption_links(links, where)


def append_to_log(root: DataRoot, adopted: Sequence[Adoption]) -> None:
    """Adds the adoptions that the log does not have yet; hold the lock."""
    links = adoption_links(adopted, len(read_adoption_log(root)))
    if links:
        append_lines(
            root.adoption_log, [canonical_json(link.model_dump(mode="json")) for link in links]
        )


@contextmanager
def writing_eras(root: DataRoot) -> Iterator[None]:
    """Holds the lock of the era files; ConfigError where that takes a minute."""

    def busy(reason: str) -> ConfigError:
        return ConfigError(f"{root.eras} is being written by {reason}", code="locked")

    with locked(root.eras / ".lock", _PATIENCE, busy):
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
