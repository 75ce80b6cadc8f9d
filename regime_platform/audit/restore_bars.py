"""Canonical bars in force, written again from the raw log with their former bytes."""

import datetime as dt

from regime_platform.audit.as_of import bars_as_of
from regime_platform.bar_store.canonical import write_parts
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import SeriesVerdict


def restore_bars(workspace: RunWorkspace, instrument: Instrument, now: dt.datetime) -> None:
    """Writes missing parts of the bars in force again, and the verdict where they changed.

    Raises:
        BarsError: the raw log gives other bars than those that were in force.
    """
    paths = workspace.root.symbol(instrument.symbol)
    with writing(paths):
        verdict = read_verdict(paths)
        if verdict is None:
            return
        series = [
            _restored(workspace, instrument, series_verdict, now)
            for series_verdict in verdict.series
        ]
        mended = verdict.model_copy(update={"series": tuple(series)})
        if mended != verdict:
            write_verdict(paths, mended)


def _restored(
    workspace: RunWorkspace, instrument: Instrument, series: SeriesVerdict, now: dt.datetime
) -> SeriesVerdict:
    """One series with its parts as they were; a blocked one with its last good bars.

    Raises:
        BarsError: the raw log gives other bars than those that were in force.
    """
    promoted = series.promoted
    if promoted is None and series.status != BLOCKED:
        return series
    known = bars_as_of(workspace, instrument, series.timeframe, now)
    if promoted is not None and known.digest != promoted.digest:
        raise BarsError(
            f"{instrument.symbol} {series.timeframe}: the raw log gives other bars than those in "
            "force, so the log is not whole; restore it from a backup",
            code="raw-log-gives-other-bars",
        )
    if known.bars.is_empty():
        return series
    folder = workspace.root.symbol(instrument.symbol).bars(series.timeframe)
    parts = write_parts(folder, series.timeframe, known.bars, instrument.symbol, promoted)
    return series.model_copy(update={"promoted": parts})
