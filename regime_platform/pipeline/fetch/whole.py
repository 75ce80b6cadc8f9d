"""Fetches a series from a source that serves it in one piece."""

from dataclasses import replace
from functools import partial

from regime_platform.bar_store.basis_files import note_basis, settle_basis
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.session import SymbolSession
from regime_platform.errors import RegimeError
from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.coverage import Coverage
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.pages import (
    append_page,
    compare_again,
    compare_page,
    counted,
    fetch_origin,
    marks_of_file,
)
from regime_platform.pipeline.fetch.rewrites import basis_note, shown_by
from regime_platform.pipeline.outcomes import SeriesIngest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.sources import protocol


def take_whole(  # noqa: PLR0913, PLR0917 - what to fetch, into what, and when
    workspace: RunWorkspace,
    source: protocol.WholeSource,
    instrument: Instrument,
    paths: SymbolSession,
    request: FetchRequest,
    timeframe: str,
) -> SeriesIngest:
    """Stores what is new of a series that its source serves in one piece."""
    status, reason = "ok", ""
    try:
        try:
            page = source.series(instrument, timeframe)
        except protocol.NotOfferedError as error:  # its file may be gone: all its bars are lost
            status, reason = "not_offered", str(error)
            page = protocol.BarPage(empty_bars(), "as_served", None)
        now = request.stamp()
        origin = fetch_origin(instrument, timeframe, page, now)
        update = compare_page(paths, page, origin, workspace.present(now))
        shown = shown_by(paths, timeframe, page, update)
        if shown is not None:
            update = compare_again(page, origin, update)
        marks = partial(marks_of_file, page, timeframe, instrument.market)
        if not (update.diff.is_empty and marks(update).is_empty()):
            with writing(paths):
                if shown is not None:
                    note_basis(paths, shown.record(paths, origin))
                update = append_page(paths, page, origin, update, marks)
                if update.again:  # it is all that the source has
                    settle_basis(paths, timeframe, origin.fetched_at)
    except RegimeError as error:
        return SeriesIngest(timeframe, status="failed", reason=f"{timeframe}: {error}")
    counts = counted(timeframe, update, page)
    counts = replace(counts, requests=1, status=status, reason=reason)
    return counts.noted(basis_note(paths, timeframe, now, Coverage()))
