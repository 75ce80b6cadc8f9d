"""Help, versions, error messages and exit codes."""

import errno
import os
import subprocess
import sys
from unittest.mock import Mock

import pytest

from regime_platform import files
from regime_platform.cli.main import main
from regime_platform_tests.cli.conftest import Regime


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


@pytest.mark.slow
def test_a_missing_extra_is_named_with_its_remedy() -> None:
    script = (
        "import sys\nsys.modules['adbc_driver_sqlite'] = None\n"
        "from regime_platform.cli.main import main\n"
        "main(['migrate', 'live', 'AAPL', '--from', '.'])"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert "error[extra-missing]" in ended.stderr
    assert "pip install 'regime-platform[legacy]'" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
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
def test_invalid_request_ends_with_2_and_a_reason(
    regime: Regime, arguments: list[str], message: str
) -> None:
    ended = regime(*arguments)

    assert ended.code == 2
    assert message in ended.err
    assert ended.out == ""


def test_broken_universe_is_a_one_line_error_with_its_position(
    regime: Regime, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("REGIME_UNIVERSE", f"{tmp_path}/none.yaml")

    ended = regime("board")

    assert ended.code == 1
    assert ended.err.startswith("error[unreadable-file]: cannot read the universe")
    assert "set REGIME_UNIVERSE" in ended.err
    assert "Traceback" not in ended.err


def test_defect_shows_its_traceback(regime: Regime, monkeypatch: pytest.MonkeyPatch) -> None:
    del regime

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("regime_platform.cli.operations.version.known_versions", broken)

    with pytest.raises(ZeroDivisionError):
        main(["version"])


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EROFS, "make the disk writable"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EIO, "check the disk"),
    ],
)
def test_what_a_disk_refuses_is_one_line_with_a_remedy(
    regime: Regime, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    refusal = OSError(number, os.strerror(number))
    monkeypatch.setattr(files, "fill_file", Mock(side_effect=refusal))

    ended = regime("universe", "remove", "AAPL")

    assert ended.code == 1
    assert ended.err.startswith(f"error[disk-refused]: {refusal}; ")
    assert remedy in ended.err
    assert "Traceback" not in ended.err
