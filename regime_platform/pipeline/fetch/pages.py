"""Stores the pages of a fetch in the raw log, with their origin.

The vendor rewrites daily and weekly history on the day of a split. What is to be fetched again is
marked before the page that shows the split is stored, since a process may be killed in between.
"""

import datetime as dt

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.acquisition import proven_coverage, write_coverage
from regime_platform.bar_store.raw.compaction import files_ahead, set_aside
from regime_platform.bar_store.raw.raw_log import FetchOrigin, LogUpdate
from regime_platform.bar_store.session import keep, raw_listing
from regime_platform.bar_store.split_files import note_split, pending_split, settle_split
from regime_platform.model.coverage import UNREAD, Coverage
from regime_platform.model.digests import document_digest
from regime_platform.model.identity import identity_of
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.pipeline.outcomes import SeriesIngest
from regime_platform.revisions.splits import Split, detect_split
from regime_platform.sources.protocol import BarPage

#: How long before the date of its label a daily bar may open.
_LEAD = dt.timedelta(hours=3)


def fetch_origin(
    instrument: Instrument, timeframe: str, page: BarPage, now: dt.datetime
) -> FetchOrigin:
    """The origin of a page, for the raw log."""
    named = {"symbol": instrument.symbol, "source": instrument.source, **instrument.identity}
    return FetchOrigin(
        fetched_at=now,
        source=instrument.source,
        timeframe=timeframe,
        asset_class=instrument.asset_class,
        price_basis=page.price_basis,
        instrument_digest=document_digest(named),
        window=page.window,
        instrument=identity_of(instrument, page.answered).fields,
    )


def compare_page(
    paths: SymbolPaths, page: BarPage, origin: FetchOrigin, present: dt.datetime
) -> LogUpdate:
    """What a page brings; stored files of a clock ahead of ``present`` are set aside before.

    Only a page can show that this is safe: if the present clock were behind, the vendor's ``Date``
    header would show it, or the source would serve bars of the future.
    """
    newest = page.bars["ts"].max()
    is_safe = isinstance(newest, dt.datetime) and newest <= present + _LEAD
    timeframe, may_set_aside = origin.timeframe, is_safe and not page.is_clock_behind
    if may_set_aside and files_ahead(raw_listing(paths, timeframe), present):
        with writing(paths):
            set_aside(paths.raw(timeframe), present)
    return raw_log.compare(raw_listing(paths, timeframe), page.bars, origin)


def append_page(
    paths: SymbolPaths, page: BarPage, origin: FetchOrigin, compared: LogUpdate
) -> LogUpdate:
    """Adds what a page brings to the raw log, and hands on its listing; hold the lock."""
    update = raw_log.append(paths.raw(origin.timeframe), page.bars, origin, compared=compared)
    keep(paths, update.listed.folder, update.listed)
    return update


def counted(timeframe: str, update: LogUpdate, page: BarPage) -> SeriesIngest:
    """What a stored page adds to the outcome."""
    return SeriesIngest(
        timeframe,
        new=update.diff.new,
        revised=update.diff.revised,
        same=update.diff.same,
        provisional=update.diff.provisional,
        requests=page.requests,
        credits=page.cost,
    )


def shown_split(
    paths: SymbolPaths, timeframe: str, page: BarPage, update: LogUpdate
) -> Split | None:
    """The split that ``page`` shows, unless its rewrite is pending already."""
    if not update.diff.revised or page.price_basis != "split_adjusted":
        return None
    split = detect_split(update.diff.in_force, page.bars)
    waiting = pending_split(paths, timeframe)
    is_known = split and waiting and waiting.ratio == split.ratio
    return None if is_known else split


def await_rewrite(
    paths: SymbolPaths,
    instrument: Instrument,
    split: Split,
    origin: FetchOrigin,
    present: dt.datetime,
) -> None:
    """Marks all that was read before ``split``, shown by a page of ``origin``, as unread; hold the
    lock."""
    frames = [timeframe for timeframe in instrument.timeframes if not is_intraday(timeframe)]
    for frame in frames:  # first, because a split that is noted counts on it
        known = proven_coverage(paths, instrument, frame, present)
        write_coverage(paths, frame, known.unread())
    note_split(paths, frames, split, seen_on=origin.timeframe, seen_at=origin.fetched_at)


def settle_rewrite(
    paths: SymbolPaths, timeframe: str, coverage: Coverage, now: dt.datetime
) -> None:
    """Records that the series is on the new price basis, once all of it was read."""
    if pending_split(paths, timeframe) is None:
        return
    unread = any(window.read_at == UNREAD for window in coverage.windows)
    if coverage.is_complete and not unread:
        with writing(paths):
            settle_split(paths, timeframe, now)
