"""Canonical bars in force, written again from the raw log with the bytes that they had."""

import datetime as dt

from regime_platform.audit.as_of import bars_as_of
from regime_platform.bar_store.canonical import write_parts
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import SeriesVerdict


def restore_bars(workspace: RunWorkspace, instrument: Instrument, now: dt.datetime) -> None:
    """The parts in force, written again where they are not there, and the pointers to them.

    Raises:
        BarsError: the raw log gives other bars than those that were in force.
    """
    paths = workspace.root.symbol(instrument.symbol)
    with writing(paths):
        verdict = read_verdict(paths)
        if verdict is None:
            return
        series = [_restored(workspace, instrument, one, now) for one in verdict.series]
        mended = verdict.model_copy(update={"series": tuple(series)})
        if mended != verdict:
            write_verdict(paths, mended)


def _restored(
    workspace: RunWorkspace, instrument: Instrument, one: SeriesVerdict, now: dt.datetime
) -> SeriesVerdict:
    """One series with its parts as they were; a blocked one with its last good bars.

    Raises:
        BarsError: the raw log gives other bars than those that were in force.
    """
    held = one.promoted
    if held is None and one.status != BLOCKED:
        return one
    found = bars_as_of(workspace, instrument, one.timeframe, now)
    if held is not None and found.digest != held.digest:
        raise BarsError(
            f"{instrument.symbol} {one.timeframe}: the raw log gives other bars than those in "
            "force, so the log is not whole; restore it from a backup",
            code="raw-log-gives-other-bars",
        )
    if found.bars.is_empty():
        return one
    folder = workspace.root.symbol(instrument.symbol).bars(one.timeframe)
    parts = write_parts(folder, one.timeframe, found.bars, instrument.symbol, held)
    return one.model_copy(update={"promoted": parts})
