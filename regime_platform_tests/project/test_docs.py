"""Commands of the README run, and paths and links of every document exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from regime_platform.cli.main import main
from regime_platform.settings import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text()
PAGES = [
    *(PROJECT_ROOT / name for name in ("README.md", "data/README.md")),
    *sorted((PROJECT_ROOT / "docs").rglob("*.md")),
]
PATH = re.compile(r"`((?:regime_platform|regime_platform_tests|docs)/[\w./-]*|data/README\.md)`")
LINK = re.compile(r"\]\(([^)#]+)\)")
DECISIONS = {
    int(page.name[:4]): page for page in PAGES if page.parent == PROJECT_ROOT / "docs" / "decisions"
}
#: Checked in their own way: `make test` runs this very test, `make ui` and `make demo` are run by
#: orchestration tests and by .ci/run, and the rest rebuild what the tests stand on.
NOT_FROM_HERE = {"test", "ui", "demo", "test-ui", "setup", "lint", "bench", "bench-ingest"}


REGIME = ".venv/bin/regime "


def _commands(block: str) -> list[str]:
    lines = [line.split(" #")[0].strip() for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


BLOCKS = [_commands(block) for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)]


def test_every_make_target_of_the_readme_exists() -> None:
    commands = [line for block in BLOCKS for line in block]
    targets = {shlex.split(line)[1] for line in commands if line.startswith("make ")}

    known = set(
        re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    )
    assert targets
    assert targets <= known
    assert targets <= NOT_FROM_HERE


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: shlex.split(block[0])[-1])
def test_the_commands_of_a_block_of_the_readme_run_one_after_the_other(
    block: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In an empty data root; those of `regime` in this process, where it is imported once."""
    monkeypatch.chdir(PROJECT_ROOT)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    commands = [line.replace("make demo", "regime demo") for line in block]

    for command in (line for line in commands if not line.startswith("make ")):
        assert _exit_code(command) == 0, command


def _exit_code(command: str) -> int | str | None:
    if not command.startswith(REGIME):
        return subprocess.run(["bash", "-c", command], check=False, timeout=240).returncode
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command.removeprefix(REGIME)))
    return ended.value.code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_and_link_of_a_document_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = [PROJECT_ROOT / path for path in PATH.findall(text)]
    paths += [page.parent / link for link in LINK.findall(text) if "://" not in link]

    assert [str(path) for path in paths if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_decision_that_a_document_refers_to_exists(page: Path) -> None:
    numbers = re.findall(r"\bdecision (\d+)", page.read_text(encoding="utf-8"))

    assert [number for number in numbers if int(number) not in DECISIONS] == []


def test_every_decision_has_a_number_of_its_own() -> None:
    pages = [page for page in PAGES if page.parent.name == "decisions"]

    assert len(pages) == len(DECISIONS) >= 50


@pytest.mark.parametrize(("number", "page"), DECISIONS.items(), ids=str)
def test_the_title_of_a_decision_is_its_file_name(number: int, page: Path) -> None:
    title = page.read_text(encoding="utf-8").splitlines()[0]
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower().replace("'", "")).strip("-")

    assert title.startswith(f"# {number}. ")
    assert slug.removeprefix(f"{number}-").startswith(page.stem[5:])


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
