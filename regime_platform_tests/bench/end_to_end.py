"""One long series from its files to its compute.db: cost, and in a process of its own, memory.

Run as a program (``python -m ... FOLDER``) it does the work once and prints its own peak memory.
"""

import resource
import sys
from pathlib import Path

import polars as pl

from regime_platform.bar_store.canonical import read_bars
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.results import SeriesResult
from regime_platform.compute_db.store import build
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.pipeline.results import tables_of
from regime_platform_tests.compute_db.result_frames import MADE

TIMEFRAME = "15min"


def computed(bars: pl.DataFrame) -> SeriesResult:
    """Everything of one series."""
    return compute_series(bars, symbol="BENCH", timeframe=TIMEFRAME, eras=FIXED_ERAS)


def end_to_end(folder: Path, promoted: PromotedBars) -> None:
    """Verified read, compute, digests, write."""
    result = computed(read_bars(folder, promoted)[0])
    build(folder / "compute.db", tables_of({TIMEFRAME: result}), MADE)


def pointer_of(folder: Path) -> Path:
    """Where the bench keeps the pointer to the bars of ``folder``."""
    return folder / "promoted.json"


def main() -> None:
    """Prints the peak resident memory of this process in bytes."""
    folder = Path(sys.argv[1])
    end_to_end(folder, PromotedBars.model_validate_json(pointer_of(folder).read_text()))
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


if __name__ == "__main__":
    main()
