"""A process that runs a command and is killed, or meets an error, at a chosen change of a file.

Python announces each opening for writing, rename, removal, new folder and lock to audit hooks, and
the platform its flushes and commits: these are the points. The commands are those of the command
line, run by its own entry point, and jobs of Dagster.
"""

import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import md5
from pathlib import Path

from regime_platform.cli.main import main
from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.jobs import listed_config
from regime_platform.settings import Settings
from regime_platform_tests.prepared_process import PREPARED

#: First word of a command that is a job of Dagster over the symbols that follow its name.
JOB = "job"
_CHANGES = frozenset(
    {
        *("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.utime"),
        *("fcntl.flock", "sqlite3.connect"),
        *("regime_platform.fsync", "regime_platform.commit", "regime_platform.committed"),
    }
)
_WITHOUT_PATH = {"regime_platform.commit", "regime_platform.committed"}
_UNSEEN = {"history", "storage", "files"}  # of Dagster, and the source
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANCE = re.compile(r"(\.tmp-(?:regime-)?)[a-z0-9_]{8}|[0-9a-f]{8,}")


@dataclass(frozen=True)
class Fault:
    """What happens at a point."""

    at: int  # its number, from 1
    errno: int = 0  # of the OSError there; 0: the process is killed
    lasts: bool = False  # every later point has the same error
    events: frozenset[str] = frozenset()  # that have the error
    is_torn: bool = False  # what was appended and not flushed yet is lost in part
    file_size: int = 0  # bytes that no file may exceed, in place of an error at a point


@dataclass(frozen=True)
class Point:
    """A change of files that a command came to."""

    number: int
    name: str  # its kind and the file, without what differs from run to run
    before: str  # digest of all files right before it

    @property
    def event(self) -> str:
        """Its kind, by the name of the audit event."""
        return self.name.split()[0]

    @property
    def is_append(self) -> bool:
        """True where lines were appended to a file and are not flushed yet."""
        return self.name.startswith("regime_platform.fsync") and self.name.endswith(".jsonl")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int  # that of the exit, or minus the signal
    output: str
    points: tuple["Point", ...]  # the changes of files that it came to, without a fault

    @property
    def is_killed(self) -> bool:
        """True where the process did not end by itself."""
        return self.code == -signal.SIGKILL


def run_command(
    folder: Path,
    words: Sequence[str],
    fault: Fault | None = None,
    *,
    while_running: Callable[[int], None] = lambda _process: None,
) -> Ended:
    """Runs a command over the data root below ``folder`` in a process of its own."""
    log, output = folder.with_name("points.log"), folder.with_name("output.log")
    log.unlink(missing_ok=True)
    process = PREPARED.Process(target=_run, args=(folder, tuple(words), fault, log, output))
    process.start()
    while_running(process.pid or 0)
    process.join()
    lines = [line.split("\t") for line in log.read_text().splitlines()] if log.exists() else []
    points = tuple(Point(number, *line) for number, line in enumerate(lines, 1))
    return Ended(process.exitcode or 0, output.read_text(errors="replace"), points)


def distinct(points: Sequence[Point]) -> list[Point]:
    """One point for each state of the files: a kill at the others leaves the same."""
    first: dict[str, Point] = {}
    for point in points:
        first.setdefault(point.before, point)
    return list(first.values())


def environment_of(folder: Path) -> Mapping[str, str]:
    """The settings of a data root below ``folder``, and nothing of the user's."""
    own = {name: text for name, text in os.environ.items() if not name.startswith("REGIME_")}
    return {
        **own,
        "REGIME_DATA_ROOT": str(folder / "data"),
        "REGIME_FILES_ROOT": str(folder / "files"),
        "REGIME_CREDITS_FOLDER": str(folder / "credits"),
        "REGIME_WORKERS": "1",
        "COLUMNS": "300",
    }


def _run(folder: Path, words: Sequence[str], fault: Fault | None, log: Path, output: Path) -> None:
    with output.open("w", encoding="utf-8") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    os.environ.clear()
    os.environ.update(environment_of(folder))
    os.chdir(folder)
    if fault and fault.file_size:
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.file_size, fault.file_size))
    elif not fault or fault.at:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        sys.addaudithook(_Hook(folder, fault, partial(os.write, descriptor)))
    if words[0] == JOB:
        _run_job(words[1], words[2:])
    else:
        main(words)


def _run_job(name: str, symbols: Sequence[str]) -> None:
    settings = Settings(_env_file=None)
    job = build_definitions(settings).resolve_job_def(name)
    config = listed_config(name, symbols)
    with open_instance(settings) as instance:
        result = job.execute_in_process(instance=instance, run_config=config, raise_on_error=False)
    sys.exit(0 if result.success else 1)


def _plain(name: str, folder: str) -> str:
    return _CHANCE.sub(lambda match: f"{match[1] or ''}*", name.replace(folder, ""))


def _digest_of(folder: str) -> str:
    """Of all files but Dagster's, whose databases differ from run to run, and locks."""
    state = md5(usedforsecurity=False)
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _UNSEEN)
        for name in (*folders, *sorted(names)):
            state.update(_plain(f"{path}/{name}", folder).encode())
        for name in sorted(names):
            if not name.endswith((".lock", ".log")):
                state.update(Path(path, name).read_bytes())
    return state.hexdigest()


class _Hook:
    """Counts the changes below a folder, and does the fault at its point."""

    def __init__(self, folder: Path, fault: Fault | None, write: Callable[[bytes], int]) -> None:
        self._folder, self._fault, self._write = str(folder), fault, write
        self._seen = 0

    def __call__(self, event: str, facts: tuple[object, ...]) -> None:
        point = self._point(event, facts)
        if not point:
            return
        self._seen += 1
        if self._fault is None:
            self._write(f"{_plain(point, self._folder)}\t{_digest_of(self._folder)}\n".encode())
            return
        is_due = self._seen >= self._fault.at if self._fault.lasts else self._seen == self._fault.at
        if is_due and (not self._fault.errno or event in self._fault.events):
            self._do(self._fault, event, point[len(event) + 1 :])

    def _point(self, event: str, facts: tuple[object, ...]) -> str:
        """The event with the path that changes; empty where nothing of the folder does."""
        if event == "open":
            if not isinstance(facts[2], int) or not facts[2] & _WRITES:
                return ""
        elif event not in _CHANGES:
            return ""
        if event in _WITHOUT_PATH:
            return f"{event} compute.db"
        first = facts[0]
        path = str(Path(f"/proc/self/fd/{first}").readlink() if isinstance(first, int) else first)
        return f"{event} {path}" if path.startswith(self._folder) else ""

    def _do(self, fault: Fault, event: str, path: str) -> None:
        if fault.errno:
            raise OSError(fault.errno, os.strerror(fault.errno), path)
        if fault.is_torn and event == "regime_platform.fsync" and Path(path).is_file():
            self._seen += 1
            os.truncate(path, max(0, Path(path).stat().st_size - 7))
        os.kill(os.getpid(), signal.SIGKILL)
