"""WORLD: which code this is: package, commit, libraries, and the hash of what makes the numbers.

``compute_digest`` covers every module that the engine imports and no other: two checkouts with the
same of these have the same digest, wherever they lie and whatever their history.
"""

import platform
import subprocess
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from regime_platform.import_closure import engine_digest

_PACKAGE = Path(__file__).parent
_CALCULATING = ("llvmlite", "numba", "numpy")
_LIBRARIES = (*_CALCULATING, "duckdb", "polars", "pyarrow")


@dataclass(frozen=True)
class CodeVersion:
    """What produced a result."""

    package: str
    commit: str | None  # None outside a git checkout
    is_dirty: bool | None
    compute_digest: str
    python: str
    libraries: tuple[tuple[str, str], ...]

    @property
    def calculating(self) -> dict[str, str]:
        """The libraries in whose hands the last bit of a number lies."""
        return {name: found for name, found in self.libraries if name in _CALCULATING}

    def facts(self) -> dict[str, object]:
        """Plain values for manifests and ``--json``."""
        return {**asdict(self), "libraries": dict(self.libraries)}


@cache
def code_version() -> CodeVersion:
    """The version of the running code; read once per process, which cannot change its own code."""
    status = _git("status", "--porcelain", "--untracked-files=no")
    return CodeVersion(
        package=version("regime-platform"),
        commit=_git("rev-parse", "HEAD"),
        is_dirty=None if status is None else bool(status),
        compute_digest=engine_digest(),
        python=platform.python_version(),
        libraries=tuple((name, version(name)) for name in _LIBRARIES),
    )


def _git(*words: str) -> str | None:
    """The answer of git about the checkout that holds the package; None where there is none."""
    if not (_PACKAGE.parent / ".git").exists():
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - own words only
            # whichever git the user has; without locks, since looking must write nothing
            ["git", "--no-optional-locks", "-C", str(_PACKAGE.parent), *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
