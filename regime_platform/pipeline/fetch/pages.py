"""Stores the pages of a fetch in the raw log, with their origin."""

import datetime as dt

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.ahead import files_ahead, set_aside
from regime_platform.bar_store.raw.raw_log import FetchOrigin, LogUpdate
from regime_platform.bar_store.session import listing_changed, raw_listing
from regime_platform.model.digests import document_digest
from regime_platform.model.identity import identity_of
from regime_platform.model.instruments import Instrument
from regime_platform.sources.protocol import BarPage

#: How long before the date of its label a daily bar may open.
_LEAD = dt.timedelta(hours=3)


def set_ahead_aside(
    paths: SymbolPaths, timeframe: str, page: BarPage, present: dt.datetime
) -> None:
    """Sets aside stored files of a clock ahead of ``present``; takes the lock where there are any.

    Only a page can show that this is safe: if the present clock were behind, the vendor's ``Date``
    header would show it, or the source would serve bars of the future.

    Raises:
        BarsError: a file of the raw log is damaged.
    """
    newest = page.bars["ts"].max()
    is_safe = isinstance(newest, dt.datetime) and newest <= present + _LEAD
    if page.is_clock_behind or not is_safe:
        return
    if files_ahead(raw_listing(paths, timeframe), present):
        with writing(paths):
            set_aside(paths.raw(timeframe), present)


def append_page(
    paths: SymbolPaths, timeframe: str, page: BarPage, facts: FetchOrigin, compared: LogUpdate
) -> LogUpdate:
    """Adds what a page brings to the raw log, and hands on its listing; hold the lock."""
    update = raw_log.append(paths.raw(timeframe), page.bars, facts, compared=compared)
    listing_changed(paths, update.listed)
    return update


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
