"""Narrow, wide and ASCII terminals, completion in the shell, and words that are misspelt."""

import os
import subprocess
import sys

import pytest

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.cli.conftest import Regime

_PROGRAM = [sys.executable, "-m", "regime_platform.cli.main"]


def _run(
    words: str, workspace: RunWorkspace, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "REGIME_DATA_ROOT": str(workspace.root.path), **variables}
    return subprocess.run(
        [*_PROGRAM, *words.split()], env=environment, capture_output=True, check=False
    )


@pytest.mark.parametrize(
    "words", ["board", "board --json", "state AAPL", "universe --help", "state APPL"]
)
def test_a_terminal_without_unicode_gets_ascii(processed: RunWorkspace, words: str) -> None:
    plain = {"PYTHONIOENCODING": "ascii", "LANG": "C", "TERM": "dumb"}

    ended = _run(words, processed, **plain)

    printed = (ended.stdout + ended.stderr).decode("ascii")
    assert ended.returncode == (2 if "APPL" in words else 0), printed
    assert printed.strip()
    assert "\\u" not in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("columns", ["60", "80", "120", "200"])
@pytest.mark.parametrize("words", ["board", "universe list", "run --help"])
def test_tables_fit_terminals_of_60_to_200_columns(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch, words: str, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    ended = on_sample(*words.split())

    assert ended.code == 0
    assert max(len(line.rstrip()) for line in ended.out.splitlines()) <= int(columns)


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("regime prom", {"promote"}),
        ("regime universe re", {"rename", "remove", "repoint"}),
        ("regime state --time", {"--timeframe"}),
        ("regime run AAP", {"AAPL"}),
        ("regime history AAP", {"AAPL"}),
        ("regime state AAP", {"AAPL"}),
        ("regime bars list AAP", {"AAPL"}),
        ("regime universe remove AAP", {"AAPL"}),
    ],
)
def test_the_shell_completes_commands_options_and_symbols(
    processed: RunWorkspace, words: str, completed: set[str]
) -> None:
    position = str(len(words.split()) - 1)
    asked = {"COMP_WORDS": words, "COMP_CWORD": position, "_REGIME_COMPLETE": "complete_bash"}

    ended = _run("", processed, **asked)

    assert set(ended.stdout.decode().split()) == completed


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        ("state APPL", "did you mean AAPL?"),
        ("history AAPL 1dya", "did you mean 1day?"),
        ("bord", "Did you mean 'board'?"),
        ("universe chekc", "Did you mean 'check'?"),
    ],
)
def test_a_misspelt_word_ends_with_2_and_the_nearest(
    on_sample: Regime, words: str, suggestion: str
) -> None:
    ended = on_sample(*words.split())

    assert ended.code == 2
    assert suggestion in ended.err


def test_the_version_is_one_line(regime: Regime) -> None:
    ended = regime("--version")

    assert ended.code == 0
    assert ended.out.startswith("regime ")
    assert len(ended.out.splitlines()) == 1
