"""The memory of all processes that work on one data root, watched while they do."""

import threading
from pathlib import Path


class PeakMemory:
    """Adds up the proportional share of memory of every process with the data root in its
    environment, once a second; what several share counts once."""

    def __init__(self, root: Path) -> None:
        self._mark = f"REGIME_DATA_ROOT={root}".encode()
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
            self._peak = max(self._peak, sum(self._share(one) for one in Path("/proc").iterdir()))

    def _share(self, process: Path) -> float:
        try:
            if not process.name.isdigit() or self._mark not in (process / "environ").read_bytes():
                return 0.0
            lines = (process / "smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended meanwhile
            return 0.0
        return sum(float(line.split()[1]) / 1e3 for line in lines if line.startswith("Pss:"))
