"""Inspecting many symbols on all cores; a few are quicker without new processes."""

import datetime as dt
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from regime_platform.bars.layout import DataRoot
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.inspection import SymbolReport, inspect_canonical, inspect_raw

#: Below so many symbols, starting a process takes longer than it spares.
_WORTH_A_PROCESS = 150
_AT_ONCE = 20  # symbols handed to a process at a time


def inspect_many(
    root: DataRoot,
    instruments: Sequence[Instrument],
    now: dt.datetime,
    *,
    raw: bool = False,
    workers: int | None = None,
) -> Iterator[SymbolReport]:
    """One report per instrument, in order, each as soon as it and those before it are known.

    Args:
        root: where the symbols live.
        instruments: the symbols.
        now: the time canonical bars count as fetched at.
        raw: judge the raw log instead of the canonical bars.
        workers: processes; by default as many as there are cores and work for them.
    """
    inspect = partial(_inspected, root, now, raw=raw)
    if workers is None:
        workers = min(os.cpu_count() or 1, len(instruments) // _WORTH_A_PROCESS)
    if workers < 2:
        yield from (inspect(one) for one in instruments)
        return
    spawn = multiprocessing.get_context("spawn")  # polars has threads, which no fork survives
    with ProcessPoolExecutor(workers, spawn) as pool:
        yield from pool.map(inspect, instruments, chunksize=_AT_ONCE)


def _inspected(
    root: DataRoot, now: dt.datetime, instrument: Instrument, *, raw: bool
) -> SymbolReport:
    return inspect_raw(root, instrument) if raw else inspect_canonical(root, instrument, now)
