"""What the README says is true: its commands run and its paths exist."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from regime_platform.settings import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text()
#: Checked in their own way: `make test` runs this very test, `make ui` and `make demo` are run by
#: orchestration tests and by .ci/run, and the rest rebuild what the tests stand on.
NOT_FROM_HERE = {"test", "ui", "demo", "test-ui", "setup", "lint", "bench", "bench-ingest"}


def _commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_every_make_target_of_the_readme_exists() -> None:
    targets = {shlex.split(line)[1] for line in _commands() if line.startswith("make ")}

    known = set(
        re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    )
    assert targets
    assert targets <= known
    assert targets <= NOT_FROM_HERE


@pytest.mark.xdist_group("readme")
def test_the_commands_of_the_readme_run_one_after_the_other(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("REGIME")}
    environment |= {"REGIME_DATA_ROOT": str(tmp_path), "COLUMNS": "120"}
    commands = [line for line in _commands() if not line.startswith("make ")]
    assert commands

    for command in commands:
        result = subprocess.run(
            ["bash", "-c", command],
            cwd=PROJECT_ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


def test_every_path_named_in_the_readme_exists() -> None:
    named = re.findall(
        r"`((?:regime_platform|regime_platform_tests|docs|data|deploy)/[\w./-]*)`", README
    )

    assert named
    assert [path for path in named if not (PROJECT_ROOT / path).exists()] == []


def test_every_command_stands_in_the_readme() -> None:
    listing = subprocess.run(
        [PROJECT_ROOT / ".venv" / "bin" / "regime", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    ).stdout
    commands = re.findall(r"^\W+([a-z]+) {2,}\w", listing, flags=re.MULTILINE)

    assert commands
    assert [name for name in commands if f"regime {name}" not in README] == []
