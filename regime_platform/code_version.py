"""WORLD: the version of the running code: package, commit, libraries and digest of the engine.

``compute_digest`` covers the sources of exactly the modules that the engine imports, so two
checkouts with the same engine have the same digest, whatever their place and history.
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
    """The code that produced a result."""

    package: str
    commit: str | None  # None outside a git checkout
    is_dirty: bool | None
    compute_digest: str
    python: str
    libraries: tuple[tuple[str, str], ...]

    @property
    def calculating(self) -> dict[str, str]:
        """The libraries that can change the last bit of a number."""
        return {name: installed for name, installed in self.libraries if name in _CALCULATING}

    def document(self) -> dict[str, object]:
        """The JSON object of manifests and ``--json``."""
        return {**asdict(self), "libraries": dict(self.libraries)}


@cache
def code_version() -> CodeVersion:
    """The version of the running code, read once per process."""
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
    """The output of git in the checkout that holds the package; None without a checkout."""
    if not (_PACKAGE.parent / ".git").exists():
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - own words only
            # whichever git the user has; without locks, since reading must write nothing
            ["git", "--no-optional-locks", "-C", str(_PACKAGE.parent), *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
