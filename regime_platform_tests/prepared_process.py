"""Processes that start with the platform imported: copies of one that imported it once.

A fresh interpreter takes a second or two for that, a copy a few milliseconds. What is killed is a
process of its own all the same. Where the start itself is tested, or what a process is given at its
start, a fresh interpreter is the right one.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from pathlib import Path

PREPARED = multiprocessing.get_context("forkserver")
#: None of these uses polars at its import: a copy would wait for ever for threads it lacks.
PREPARED.set_forkserver_preload(
    [
        "dagster",
        "numba",
        "pandas",
        "pytest",
        "regime_platform.cli.main",
        "regime_platform.pipeline.run",
        "regime_platform_tests.chaos.kills.faulty_child",
        "scipy.linalg",
        "upath",
        __name__,
    ]
)


@dataclass(frozen=True)
class _Script:
    code: str
    words: list[str]
    environment: Mapping[str, str]
    folder: Path
    output: Path


def ended_script(
    code: str, *arguments: object, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Runs a script as `python -c` does, with both outputs in ``stdout``."""
    words = [str(argument) for argument in arguments]
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as output:
        given = dict(environment or os.environ)
        script = _Script(code, words, given, Path.cwd(), Path(output.name))
        process = PREPARED.Process(target=_run, args=(script,))
        process.start()
        process.join()
        assert process.exitcode is not None
        return subprocess.CompletedProcess(words, process.exitcode, output.read())


def begun_script(code: str, *arguments: object) -> ForkServerProcess:
    """A script that goes on beside the caller, once it has called ``ready``."""
    words = [str(argument) for argument in arguments]
    script = _Script(code, words, dict(os.environ), Path.cwd(), Path(os.devnull))
    ready = PREPARED.Event()
    process = PREPARED.Process(target=_run, args=(script, ready))
    process.start()
    assert ready.wait(240)
    return process


def _run(script: _Script, ready: Event | None = None) -> None:
    threads = Path(f"/proc/{os.getppid()}/task").glob("*/comm")
    assert "polars-0\n" not in {thread.read_text() for thread in threads}
    with script.output.open("w", encoding="utf-8") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    os.environ.clear()
    os.environ.update(script.environment)
    os.chdir(script.folder)
    sys.argv = ["-c", *script.words]
    names = {"__name__": "__main__", "ready": ready and ready.set}
    exec(compile(script.code, "<script>", "exec"), names)  # noqa: S102
