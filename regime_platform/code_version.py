"""I/O: the version of the running code; the same engine has the same digest in any checkout."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

from regime_platform.import_closure import engine_digest
from regime_platform.manifests.compute_manifest import CALCULATING, Code

_PACKAGE = Path(__file__).parent


@cache
def code_version() -> Code:
    """The version of the running code, read once per process."""
    status = _git("status", "--porcelain", "--untracked-files=no")
    return Code(
        commit=_git("rev-parse", "HEAD"),
        compute_digest=engine_digest(),
        is_dirty=None if status is None else bool(status),
        libraries={name: version(name) for name in (*CALCULATING, "duckdb", "polars", "pyarrow")},
        package=version("regime-platform"),
        python=platform.python_version(),
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
