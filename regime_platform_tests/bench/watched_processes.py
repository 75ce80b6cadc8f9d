"""Memory, processor time and written bytes of all processes that work on one data root.

They are recognised by the data root in their environment; this process is not one of them.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(root: Path) -> float:
    """Processor seconds so far of the processes and of their children that have ended."""
    total = 0
    for process in _working_on(root):
        try:
            fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended; its parent counts it
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / _TICKS


def written_bytes(root: Path) -> int:
    """Bytes handed over for the disk so far by the processes and their ended children.

    Whole pages, Dagster's own state included; what is deleted before it reaches the disk does not
    count.
    """
    total = 0
    for process in _working_on(root):
        try:
            lines = (process / "io").read_text().splitlines()
        except OSError:
            continue
        counters = {name: int(value) for name, value in (line.split(": ") for line in lines)}
        total += counters["write_bytes"] - counters["cancelled_write_bytes"]
    return total


class PeakMemory:
    """Adds up their proportional shares of memory once a second; what several share counts once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._peak = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def peak(self) -> float:
        """The largest sum so far, in MB; watching ends."""
        self._is_over.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._is_over.wait(1.0):
            shares = (_share(process) for process in _working_on(self._root))
            self._peak = max(self._peak, sum(shares))


def _share(process: Path) -> float:
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(float(line.split()[1]) / 1e3 for line in lines if line.startswith("Pss:"))


def _working_on(root: Path) -> Iterator[Path]:
    mark = f"REGIME_DATA_ROOT={root}".encode()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                yield process
        except OSError:
            continue
