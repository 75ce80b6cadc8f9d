"""The commands of docs/reproducibility.md reproduce a state in a clean clone."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import PROJECT_ROOT

DOCUMENT = (PROJECT_ROOT / "docs" / "reproducibility.md").read_text(encoding="utf-8")


def _git(*words: str, where: Path = PROJECT_ROOT, given: str | None = None) -> str:
    return subprocess.run(
        ["git", "-C", str(where), *words], input=given, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone of this checkout at the same commit; the test applies uncommitted changes to it.

    Committing them would give another code version. In continuous integration there are none.
    """
    clone = tmp_path / "repository"
    _git("clone", "-q", str(PROJECT_ROOT), str(clone))
    return clone


@pytest.mark.slow
def test_the_page_reproduces_a_state(
    processed: RunWorkspace, repository: Path, tmp_path: Path
) -> None:
    script = "\n".join(["set -e", *re.findall(r"```sh\n(.*?)```", DOCUMENT, flags=re.DOTALL)])
    changes = _git("diff", "HEAD", "--binary", "--", "regime_platform")
    (tmp_path / "open.patch").write_text(changes)
    if changes:
        opened = 'git -C "$CLONE" apply --allow-empty "$OPEN"\nmkdir -p "$AGAIN'
        script = script.replace('mkdir -p "$AGAIN', opened, 1)
    environment = {name: text for name, text in os.environ.items() if "REGIME" not in name}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
        "DATA": str(processed.root.path),
        "SYMBOL": "IBM",
        "REPOSITORY": str(repository),
        "CLONE": str(tmp_path / "clone"),
        "AGAIN": str(tmp_path / "again"),
        "OPEN": str(tmp_path / "open.patch"),
    }

    ended = subprocess.run(
        ["bash", "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    then, now = (
        json.loads((tmp_path / "again" / f"{name}.json").read_text()) for name in ("then", "now")
    )
    assert then["symbols"][0]["digests"] == now["symbols"][0]["digests"]
    assert then["symbols"][0]["is_recomputed"]
    assert (tmp_path / "clone" / "regime_platform" / "cli" / "main.py").is_file()
