"""Canonical bars in force, written again from the raw log with the bytes that they had."""

import datetime as dt
from dataclasses import replace

from regime_platform.bars.canonical import write_parts
from regime_platform.bars.locks import writing
from regime_platform.bars.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.as_of import bars_as_of
from regime_platform.pipeline.platform import Platform
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import SeriesVerdict


def restore_bars(platform: Platform, instrument: Instrument, now: dt.datetime) -> None:
    """The parts in force, written again where they are not there, and the pointers to them.

    Raises:
        BarsError: the raw log gives other bars than those that were in force.
    """
    paths = platform.root.symbol(instrument.symbol)
    with writing(paths):
        verdict = read_verdict(paths)
        if verdict is None:
            return
        series = [_restored(platform, instrument, one, now) for one in verdict.series]
        mended = replace(verdict, series=tuple(series))
        if mended != verdict:
            write_verdict(paths, mended)


def _restored(
    platform: Platform, instrument: Instrument, one: SeriesVerdict, now: dt.datetime
) -> SeriesVerdict:
    """One series with its parts as they were; a blocked one with its last good bars.

    Raises:
        BarsError: the raw log gives other bars than those that were in force.
    """
    held = one.promoted
    if held is None and one.status != BLOCKED:
        return one
    found = bars_as_of(platform, instrument, one.timeframe, now)
    if held is not None and found.digest != held.digest:
        raise BarsError(
            f"{instrument.symbol} {one.timeframe}: the raw log gives other bars than those in "
            "force, so the log is not whole; restore it from a backup"
        )
    if found.bars.is_empty():
        return one
    folder = platform.root.symbol(instrument.symbol).bars(one.timeframe)
    parts = write_parts(folder, one.timeframe, found.bars, instrument.symbol, held)
    return replace(one, promoted=parts)
