"""Inspecting many symbols on several cores; a few are quicker without new processes."""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import partial

from regime_platform.bar_store.layout import DataRoot
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.inspection import SymbolReport, inspect_canonical, inspect_raw
from regime_platform.pipeline.workers import in_turn

#: Below so many symbols each, starting processes takes longer than it spares.
WORTH_A_PROCESS = 150


def inspect_many(
    root: DataRoot,
    instruments: Sequence[Instrument],
    now: dt.datetime,
    *,
    raw: bool = False,
    workers: int = 1,
) -> Iterator[SymbolReport]:
    """One report per instrument, in order, each as soon as it and those before it are known.

    Args:
        root: where the symbols live.
        instruments: the symbols.
        now: the time canonical bars count as fetched at.
        raw: judge the raw log instead of the canonical bars.
        workers: processes, at most.
    """
    inspect = partial(_inspected, root, now, raw=raw)
    workers = min(workers, len(instruments) // WORTH_A_PROCESS)
    return in_turn(workers, inspect, instruments, _unjudged)


def _inspected(
    root: DataRoot, now: dt.datetime, instrument: Instrument, *, raw: bool
) -> SymbolReport:
    return inspect_raw(root, instrument) if raw else inspect_canonical(root, instrument, now)


def _unjudged(instrument: Instrument, why: str) -> SymbolReport:
    return SymbolReport(instrument.symbol, instrument.asset_class, (), why)
