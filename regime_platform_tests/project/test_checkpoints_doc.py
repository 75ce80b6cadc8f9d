"""Every checkpoint of docs/checkpoints.md prints what the page says, in its order."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from regime_platform.cli.main import main
from regime_platform.settings import PROJECT_ROOT

DOCUMENT = (PROJECT_ROOT / "docs" / "checkpoints.md").read_text(encoding="utf-8")
_EXIT_CODE = re.compile(r"# exit code (\d)")


class Block(NamedTuple):
    """A fenced block of the page."""

    language: str
    text: str


BLOCKS = [Block(*parts) for parts in re.findall(r"```(\w+)\n(.*?)```", DOCUMENT, flags=re.DOTALL)]


@pytest.fixture
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGIME_DATA_ROOT", "data")
    monkeypatch.setenv("REGIME_FILES_ROOT", "files")
    monkeypatch.setenv("COLUMNS", "400")


@pytest.mark.slow
@pytest.mark.usefixtures("_empty_folder")
def test_every_checkpoint_of_the_page_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    output = ""
    for block in BLOCKS:
        if block.language == "text":
            _require_lines(block.text, output)
            output = ""
        elif block.language == "python":
            exec(block.text, names)  # noqa: S102 - what the page shows
            output += capsys.readouterr().out
        else:
            for line in block.text.splitlines():
                _run(line)
                streams = capsys.readouterr()
                output += streams.out + streams.err

    assert sum(block.language == "text" for block in BLOCKS) > 15


def test_every_checkpoint_has_a_block_with_its_output() -> None:
    sections = re.split(r"^### ", DOCUMENT, flags=re.MULTILINE)[1:]

    assert [section for section in sections if "```text" not in section] == []


def _run(line: str) -> None:
    words = shlex.split(line, comments=True)
    expected = _EXIT_CODE.search(line)
    assert words[0] == "regime"
    with pytest.raises(SystemExit) as ended:
        main(words[1:])
    assert ended.value.code == (int(expected[1]) if expected else 0), line


def _require_lines(text: str, output: str) -> None:
    printed = iter([" ".join(line.split()) for line in output.splitlines()])
    for wanted in _patterns(text):
        assert any(wanted.fullmatch(line) for line in printed), f"{wanted.pattern}\n{output}"


def _patterns(text: str) -> Iterator[re.Pattern[str]]:
    for line in text.splitlines():
        yield re.compile(".*".join(re.escape(part.strip()) for part in line.split("…")))
