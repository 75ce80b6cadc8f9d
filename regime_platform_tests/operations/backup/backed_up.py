"""Two symbols with a backup: damage to it, what a restore brings back, kills in between."""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from regime_platform.cli.main import main
from regime_platform.operations.backup.restore import restore
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import contents

SYMBOLS = ("ELM", "OAK")
BARS = 700  # every table of results has rows
ROWS = [(number, "x" * 50) for number in range(999)]
DATABASE = "dagster/storage/runs.db"

#: Makes the backup of argv[1] into argv[2] in a child that is killed at the argv[4]-th change of
#: the file system, for every number given; each works on its own copy of argv[2] below argv[3].
KILLED = """
import datetime as dt, os, shutil, signal, sys
from pathlib import Path
from regime_platform.bar_store.layout import DataRoot
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.backup.restore import restore
what, source, target, folder, *moments = sys.argv[1:]
events = {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}
for moment in moments:
    own = Path(folder) / moment
    if what == "backup":
        shutil.copytree(target, own)
    child = os.fork()
    if child == 0:
        seen = 0
        def die(event, arguments):
            global seen
            seen += event in events and not (event == "os.remove" and ".tmp-" in str(arguments[0]))
            if seen == int(moment):
                seen += 1  # killing is an event too
                os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(die)
        if what == "backup":
            backup(DataRoot(Path(source)), own, dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
        else:
            restore(Path(source), own)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def run_all(settings: Settings) -> None:
    workspace = RunWorkspace.open(settings)
    assert all(
        run_symbol.status.is_good
        for run_symbol in run_symbols(workspace, workspace.universe.instruments, NOW)
    )


def flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(7)
    path.write_bytes(bytes(data))


def exit_code(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


def restored(folder: Path, tmp_path: Path) -> dict[str, str]:
    """What a restore brings back: names and digests of all files."""
    other = tmp_path / "restored"
    restore(folder, other)
    files = dict(contents(other))
    shutil.rmtree(other)
    return files


def killed(what: str, source: Path, target: Path, folder: Path, moments: list[str]) -> list[int]:
    folder.mkdir()
    command = [sys.executable, "-c", KILLED, what, *map(str, (source, target, folder)), *moments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [int(line) for line in ended.stdout.split()]
