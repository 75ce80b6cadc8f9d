"""Reads the lock files: packages, versions, hashes, and which packages need them."""

import re
from dataclasses import dataclass
from pathlib import Path

from regime_platform.settings import PROJECT_ROOT

RUNTIME_LOCK = PROJECT_ROOT / "requirements.lock"
TEST_LOCK = PROJECT_ROOT / "regime_platform_tests" / "requirements.lock"
#: How a lock names what pyproject.toml itself asks for.
PROJECT = "regime-platform"

_PACKAGE = re.compile(r"^([a-z0-9._-]+)==([^ ;]+)(?: ; (.+))? \\$")
_HASH = re.compile(r"^    --hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    # (?:via |  )([a-z0-9][a-z0-9._-]*)")


@dataclass(frozen=True)
class LockedPackage:
    """One package of a lock."""

    name: str
    version: str
    marker: str  # where it is installed; empty: everywhere
    hashes: tuple[str, ...]  # SHA-256 of each file that may be installed
    needed_by: tuple[str, ...]


def read_lock(path: Path) -> list[LockedPackage]:
    """The packages of a lock in its order."""
    packages: list[LockedPackage] = []
    entry: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), "end==0 \\"]:
        if _PACKAGE.match(line):
            packages += [_package(entry)] if entry else []
            entry = []
        entry.append(line)
    return packages


def _package(entry: list[str]) -> LockedPackage:
    head = _PACKAGE.match(entry[0])
    if head is None:
        raise ValueError(f"no package: {entry[0]}")
    return LockedPackage(
        name=head[1],
        version=head[2],
        marker=head[3] or "",
        hashes=tuple(match[1] for line in entry if (match := _HASH.match(line))),
        needed_by=tuple(match[1] for line in entry if (match := _VIA.match(line))),
    )
