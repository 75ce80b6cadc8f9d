"""Help, versions and how errors end."""

import json
import subprocess
import sys

import pytest

from regime_platform.cli.main import app, main
from regime_platform_tests.cli.conftest import Regime

COMMANDS = [command.name for command in app.registered_commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_every_option_has_help(regime: Regime, command: str) -> None:
    ended = regime(command, "--help")

    assert ended.code == 0
    assert "Usage: regime" in ended.out
    unexplained = [line for line in ended.out.splitlines() if line.strip(" │").endswith(">")]
    assert unexplained == []


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom regime_platform.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(*[m for m in ('dagster', 'polars', 'numba', 'duckdb') if m in sys.modules])"
    )

    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert "run" in printed
    assert printed.splitlines()[-1] == ""


def test_the_installed_command_runs() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "regime_platform.cli.main", "version"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0
    assert ended.stdout.startswith("regime-platform ")


def test_version_as_json_names_what_shapes_results(regime: Regime) -> None:
    versions = json.loads(regime("version", "--json").out)

    assert set(versions) >= {"regime-platform", "python", "polars", "duckdb", "numba"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run"], "error[no-selection]"),
        (["run", "NOPE"], "not in the universe: NOPE"),
        (["run", "AAPL", "--all"], "error[conflicting-selection]"),
        (["run", "--tier", "middling"], "expected one of core, daily"),
        (["run", "AAPL", "--now", "yesterday"], "ISO 8601"),
        (["run", "--symbols-file", "missing.txt"], "missing.txt"),
        (["history", "AAPL", "2h"], "unknown timeframe '2h'"),
        (["charts", "NOPE"], "not in the universe: NOPE"),
        (["no-such-command"], "No such command"),
        (["run", "--no-such-option"], "No such option"),
    ],
)
def test_a_request_without_sense_ends_with_2_and_says_why(
    regime: Regime, arguments: list[str], told: str
) -> None:
    ended = regime(*arguments)

    assert ended.code == 2
    assert told in ended.err
    assert ended.out == ""


def test_a_broken_universe_is_one_line_with_its_place_and_no_traceback(
    regime: Regime, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("REGIME_UNIVERSE", f"{tmp_path}/none.yaml")

    ended = regime("board")

    assert ended.code == 1
    assert ended.err.startswith("error[config]: cannot read the universe")
    assert "set REGIME_UNIVERSE" in ended.err
    assert "Traceback" not in ended.err


def test_a_defect_keeps_its_traceback(regime: Regime, monkeypatch: pytest.MonkeyPatch) -> None:
    del regime

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("regime_platform.cli.versions.known_versions", broken)

    with pytest.raises(ZeroDivisionError):
        main(["version"])
