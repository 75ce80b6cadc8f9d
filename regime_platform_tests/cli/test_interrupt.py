"""Ctrl-C ends a command with one line and exit code 130, also while worker processes run."""

import os
import queue
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from regime_platform.cli.main import main
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Symbols enough for several processes."""
    symbols = [f"S{number:03}" for number in range(60)]
    settings = street(tmp_path, symbols)
    for symbol in symbols:
        serve(settings, symbol, "1day", make_bars(300))
    return {
        **os.environ,
        "REGIME_DATA_ROOT": str(settings.data_root),
        "REGIME_FILES_ROOT": str(settings.files_root),
        "REGIME_WORKERS": "2",
    }


def test_an_interrupt_that_an_extension_module_did_not_pass_on_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: queue.Queue[tuple[int, int]] = queue.Queue()
    monkeypatch.setattr(os, "kill", lambda *signalled: sent.put(signalled))
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # put back at the end
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    with pytest.raises(SystemExit):
        main(["--version"])

    hook: Any = sys.unraisablehook
    hook(SimpleNamespace(exc_type=KeyboardInterrupt, exc_value=KeyboardInterrupt()))

    assert sent.get(timeout=60) == (os.getpid(), signal.SIGINT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "begun"),
    [("run --all", "compute.db"), ("update --all", "raw")],
)
def test_interrupted_command_ends_with_one_line_and_130(
    environment: dict[str, str], tmp_path: Path, words: str, begun: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "regime_platform.cli.main", *words.split()],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not any(tmp_path.glob(f"**/{begun}")):
        assert process.poll() is None
        time.sleep(0.05)

    os.killpg(process.pid, signal.SIGINT)  # as a terminal does

    _, notes = process.communicate(timeout=200)
    assert process.returncode == 130, notes
    lines = [line for line in notes.splitlines() if "kernels" not in line]  # that are compiled
    assert [line.partition(":")[0] for line in lines] == ["error[interrupted]"]
