"""`make bench`: what the compute and the store cost on this machine.

Every figure is the median of ``RUNS`` runs in one process on one core, kernels compiled beforehand.
Prints a table and writes build/bench.json, flat, with versions beside the figures.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from regime_platform.bars.canonical import read_bars, write_parts
from regime_platform.code_version import code_version
from regime_platform.compute.engine import SeriesResult, compute_series, latest_state, warm_up
from regime_platform.compute.eras import FIXED_ERAS
from regime_platform.compute_db.store import build
from regime_platform.model.digests import frame_digest
from regime_platform.model.series import Promoted
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.builders import make_bars

RUNS = 5
SIZES = (5_000, 50_000, 200_000)
TIMEFRAME = "15min"


def median_seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """The median over ``RUNS`` runs."""
    taken = []
    for _ in range(RUNS):
        began = clock()
        work()
        taken.append(clock() - began)
    return statistics.median(taken)


def computed(bars: pl.DataFrame) -> SeriesResult:
    """Everything of one series."""
    return compute_series(bars, symbol="BENCH", timeframe=TIMEFRAME, eras=FIXED_ERAS)


def tables_of(result: SeriesResult) -> dict[str, pl.DataFrame]:
    """The tables of a symbol with that one series."""
    return {
        "escalation_history_v3": result.escalation,
        "forward_labels": result.labels,
        "state_history": result.state,
        "latest_state": latest_state({TIMEFRAME: result}),
    }


def end_to_end(folder: Path, promoted: Promoted) -> None:
    """Verified read, compute, write, digests."""
    result = computed(read_bars(folder, promoted))
    build(folder / "compute.db", tables_of(result), {"series": [], "recipe": {}, "code": {}})


def measure() -> dict[str, float]:
    """Name -> figure; the unit ends the name."""
    figures: dict[str, float] = {}
    for size in SIZES:
        bars = make_bars(size, timeframe=TIMEFRAME)
        seconds = median_seconds(lambda bars=bars: computed(bars), time.process_time)  # type: ignore[misc]
        figures[f"us_per_bar_{size // 1000}k"] = 1e6 * seconds / size
    largest = make_bars(SIZES[-1], timeframe=TIMEFRAME)
    result = computed(largest)
    figures["digests_200k_cpu_s"] = median_seconds(
        lambda: [frame_digest(table) for table in tables_of(result).values()], time.process_time
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        promoted = write_parts(folder, TIMEFRAME, largest, "BENCH")
        figures["verified_read_200k_cpu_s"] = median_seconds(
            lambda: read_bars(folder, promoted), time.process_time
        )
        figures["end_to_end_200k_cpu_s"] = median_seconds(
            lambda: end_to_end(folder, promoted), time.process_time
        )
        figures["end_to_end_200k_wall_s"] = median_seconds(
            lambda: end_to_end(folder, promoted), time.perf_counter
        )
        figures["compute_db_200k_mb"] = (folder / "compute.db").stat().st_size / 1e6
    return figures


def main() -> None:
    """Measures, prints, writes."""
    console = Console()
    code = code_version()
    console.print(f"medians of {RUNS} runs, {os.cpu_count()} cores, {dict(code.libraries)}")
    console.print("compiling kernels where needed ...")
    warm_up()
    figures = measure()
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:.2f}")
    console.print(table)
    target = PROJECT_ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(
        json.dumps({**figures, "command": "make bench", "code": code.facts()}, indent=2)
    )


if __name__ == "__main__":
    main()
