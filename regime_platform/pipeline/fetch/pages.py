"""Stores the pages of a fetch in the raw log, with their origin."""

import datetime as dt
from collections.abc import Callable

import polars as pl

from regime_platform.bar_store.basis_files import pending_record
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.overrides import withdrawals
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.compaction import files_ahead, set_aside
from regime_platform.bar_store.raw.page_update import FetchOrigin, LogUpdate
from regime_platform.bar_store.session import keep, raw_listing
from regime_platform.model.calendar.due import last_finished
from regime_platform.model.digests import document_digest
from regime_platform.model.identity import identity_of
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import Market
from regime_platform.pipeline.outcomes import SeriesIngest
from regime_platform.revisions.withdrawals import marks_of_whole
from regime_platform.sources.protocol import BarPage
from regime_platform.validation.rules.bar import bar_rules

#: The marks that a page adds, given what it adds else.
Marks = Callable[[LogUpdate], pl.DataFrame]
#: How long before the date of its label a daily bar may open.
_LEAD = dt.timedelta(hours=3)


def stamp_of(
    page: BarPage,
    timeframe: str,
    instrument: Instrument,
    stamp: Callable[[float | None], dt.datetime],
) -> dt.datetime:
    """When a page arrived; where a bar of it ended while it was on its way, when it was requested.

    Such a bar may have been served while it was still forming.
    """
    if page.between is None:
        return stamp(None)
    asked, arrived = (stamp(moment) for moment in page.between)
    before, after = (last_finished(at, timeframe, instrument.market) for at in (asked, arrived))
    has_ended = page.bars["ts"].is_between(before, after, closed="left").any()
    return asked if has_ended else arrived


def fetch_origin(
    instrument: Instrument, timeframe: str, page: BarPage, now: dt.datetime
) -> FetchOrigin:
    """The origin of a page, for the raw log."""
    named = {"symbol": instrument.symbol, "source": instrument.source, **instrument.identity}
    return FetchOrigin(
        fetched_at=now,
        source=instrument.source,
        timeframe=timeframe,
        market=instrument.market,
        price_basis=page.price_basis,
        instrument_digest=document_digest(named),
        window=page.window,
        instrument=identity_of(instrument, page.answered).fields,
        reading="" if page.bars.is_empty() else page.reading,
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
    pending = pending_record(paths, timeframe)
    again = pending is not None and pending.before is not None
    log, by_operator = raw_listing(paths, timeframe), withdrawals(paths, timeframe)
    return raw_log.compare(log, page.bars, origin, by_operator, again=again)


def compare_again(page: BarPage, origin: FetchOrigin, compared: LogUpdate) -> LogUpdate:
    """The same where also bars that are stored already are to be stored, since they came back."""
    known = compared.listed, page.bars, origin, compared.by_operator
    return raw_log.compare(*known, again=True)


def append_page(
    paths: SymbolPaths, page: BarPage, origin: FetchOrigin, compared: LogUpdate, marks: Marks
) -> LogUpdate:
    """Adds what a page brings and its marks to the raw log, and hands on its listing; hold the
    lock."""
    log = paths.raw(origin.timeframe)
    update = raw_log.append(log, page.bars, origin, compared=compared, marks=marks)
    keep(paths, update.listed.folder, update.listed)
    return update


def marks_of_file(page: BarPage, timeframe: str, market: Market, update: LogUpdate) -> pl.DataFrame:
    """The marks after a source served all that it has; see ``revisions.withdrawals``."""
    rules = bar_rules(timeframe, market)
    is_bar = ~pl.any_horizontal(rule.breaks.fill_null(value=False) for rule in rules)
    absent = update.absent.with_columns(is_bar=is_bar).filter(
        pl.col("finished") | ~pl.col("is_bar")
    )
    opens, is_rolling = page.bars["ts"], page.is_rolling
    return marks_of_whole(absent, update.lost, opens, timeframe, is_rolling=is_rolling)


def counted(timeframe: str, update: LogUpdate, page: BarPage) -> SeriesIngest:
    """What a stored page adds to the outcome, beside its requests."""
    label_note = "" if update.diff.same else page.note  # shown once, with the first bars
    return SeriesIngest(
        timeframe,
        new=update.diff.new,
        revised=update.diff.revised,
        same=update.diff.same,
        provisional=update.diff.provisional,
        withdrawn=update.withdrawn,
        note=page.notice or label_note,
    )
