"""Verifying many symbols on all cores; a few are quicker without new processes."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from regime_platform.bars.layout import DataRoot
from regime_platform.code_version import code_version
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe import Universe
from regime_platform.pipeline.eras import eras_in_force
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.proof import Finding, Kind, Proof
from regime_platform.pipeline.verify import verify

#: Below so many symbols, starting a process takes longer than it spares.
_WORTH_A_PROCESS = 40
_AT_ONCE = 10  # symbols handed to a process at a time

_opened: list[Platform] = []  # of a worker process: its one platform


def verify_many(
    platform: Platform,
    instruments: Sequence[Instrument],
    *,
    recompute: bool = False,
    workers: int | None = None,
) -> Iterator[Proof]:
    """One proof per instrument, in order, each as soon as it and those before it are known.

    Args:
        platform: where they live.
        instruments: the symbols.
        recompute: also promote and compute them again; see `verify`.
        workers: processes; by default as many as there are cores and work for them.
    """
    if workers is None:
        workers = min(os.cpu_count() or 1, len(instruments) // _WORTH_A_PROCESS)
    if workers < 2:
        for one in instruments:
            yield _verified(platform, one, recompute=recompute)
        return
    spawn = multiprocessing.get_context("spawn")  # polars has threads, which no fork survives
    begin = (str(platform.root.path),)
    with ProcessPoolExecutor(workers, spawn, initializer=_open, initargs=begin) as pool:
        yield from pool.map(partial(_in_worker, recompute), instruments, chunksize=_AT_ONCE)


def _open(root: str) -> None:
    data = DataRoot(Path(root))
    eras = eras_in_force(data)
    _opened[:] = [Platform(data, Universe(()), {}, eras, DEFAULT_PARAMS, code_version())]


def _in_worker(recompute: bool, instrument: Instrument) -> Proof:
    return _verified(_opened[0], instrument, recompute=recompute)


def _verified(platform: Platform, instrument: Instrument, *, recompute: bool) -> Proof:
    try:
        return verify(platform, instrument, recompute=recompute)
    except Exception as error:  # noqa: BLE001 - one symbol's damaged file must not stop the others
        reason = f"cannot be verified: {type(error).__name__}: {error}"
        return Proof(instrument.symbol, (Finding(Kind.UNREADABLE, "the symbol", reason),))
