"""Narrow, wide and ASCII terminals, completion in the shell, and words that are misspelt."""

import os
import re
import subprocess
import sys

import pytest

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.cli.conftest import Regime

#: Runs each argument as a command, and marks the end of each with its exit code.
_COMMANDS = """
import sys
from regime_platform.cli.main import main
for words in sys.argv[1:]:
    try:
        main(words.split())
    except SystemExit as ended:
        for stream in (sys.stdout, sys.stderr):
            print(f"ended with {ended.code}", file=stream, flush=True)
"""


@pytest.mark.slow
def test_a_terminal_without_unicode_gets_ascii(processed: RunWorkspace) -> None:
    commands = ["board", "board --json", "state AAPL", "universe --help", "state APPL"]
    plain = {"PYTHONIOENCODING": "ascii", "LANG": "C", "TERM": "dumb"}

    ended = subprocess.run(
        [sys.executable, "-c", _COMMANDS, *commands],
        env={**os.environ, "REGIME_DATA_ROOT": str(processed.root.path), **plain},
        capture_output=True,
        check=False,
    )

    streams = [stream.decode("ascii") for stream in (ended.stdout, ended.stderr)]
    parts = [stream.split("ended with ")[:-1] for stream in streams]
    printed = ["".join(each) for each in zip(*parts, strict=True)]
    assert len(printed) == len(commands), streams
    assert all(text.strip("0123\n") for text in printed)  # the exit code before it is of another
    assert re.findall(r"ended with (\d)", streams[0]) == ["0", "0", "0", "0", "2"]
    assert not any("\\u" in stream or "Traceback" in stream for stream in streams)


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
        ("regime bars AAP", {"AAPL"}),
        ("regime bars li", {"list"}),
        ("regime universe remove AAP", {"AAPL"}),
        ("regime study forward", {"forward-returns"}),
        ("regime study forward-returns AAP", {"AAPL"}),
    ],
)
def test_the_shell_completes_commands_options_and_symbols(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch, words: str, completed: set[str]
) -> None:
    position = str(len(words.split()) - 1)
    asked = {"COMP_WORDS": words, "COMP_CWORD": position, "_REGIME_COMPLETE": "complete_bash"}
    for name, text in asked.items():
        monkeypatch.setenv(name, text)

    assert set(on_sample().out.split()) == completed


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
