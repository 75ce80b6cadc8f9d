"""Figures of a series on its way from disk to disk."""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from regime_platform.bar_store.canonical import read_bars, write_parts
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.digests import frame_digest
from regime_platform.pipeline.results import tables_of
from regime_platform_tests.bench import end_to_end
from regime_platform_tests.bench.figures import Figure, Scale, median_cost
from regime_platform_tests.builders import make_bars


def end_to_end_figures(scale: Scale) -> Iterator[Figure]:
    """The longest series: the whole way, and two stretches of it by themselves."""
    runs = scale.runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        promoted = _stored(folder, scale.largest)
        result = end_to_end.computed(read_bars(folder, promoted)[0])
        made = tables_of({end_to_end.TIMEFRAME: result})
        tables = [pl.concat(pieces) for pieces in made.values()]
        read = median_cost(lambda: read_bars(folder, promoted)[0], runs)
        digests = median_cost(lambda: [frame_digest(table) for table in tables], runs)
        whole = median_cost(lambda: end_to_end.end_to_end(folder, promoted), runs)
        size = (folder / "compute.db").stat().st_size / 1e6
    way = "verified read + compute + digests + write"
    yield Figure("end_to_end_200k_cpu_s", whole.cpu, f"{way}, CPU of all threads", runs)
    yield Figure("end_to_end_200k_wall_s", whole.wall, f"{way}, wall clock", runs)
    yield Figure("verified_read_200k_cpu_s", read.cpu, "of this: bars read, bytes verified", runs)
    yield Figure("digests_200k_cpu_s", digests.cpu, "of this: content digests of all tables", runs)
    yield Figure("compute_db_200k_mb", size, "size of the compute.db written", 1)


def memory_figures(scale: Scale) -> Iterator[Figure]:
    """Peak memory of a fresh process that goes the whole way once, at both ends of the sizes."""
    for label in ("5k", "200k"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _stored(folder, scale.sizes[label])
            peaks = [_peak(folder) for _ in range(scale.runs)]
        meaning = "peak resident memory of a fresh process, end to end, imports included"
        yield Figure(f"peak_mb_{label}", statistics.median(peaks) / 1e6, meaning, scale.runs)


def _stored(folder: Path, size: int) -> PromotedBars:
    bars = make_bars(size, timeframe=end_to_end.TIMEFRAME)
    promoted = write_parts(folder, end_to_end.TIMEFRAME, bars, "BENCH")
    end_to_end.pointer_of(folder).write_text(promoted.model_dump_json())
    return promoted


def _peak(folder: Path) -> int:
    program = [sys.executable, "-m", end_to_end.__name__, str(folder)]
    # through a shell: a child inherits the peak memory of its parent, and that of a shell is small
    behind_shell = ["sh", "-c", '"$@"; exit $?', "sh", *program]
    return int(subprocess.run(behind_shell, capture_output=True, check=True, text=True).stdout)
