"""What the page of a fetch adds to a raw log: rows, and what it states of bars that it lacks."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import polars as pl

from regime_platform.bar_store.raw.raw_names import RawListing
from regime_platform.model.digests import canonical_json
from regime_platform.model.instants import iso
from regime_platform.model.markets import Market
from regime_platform.revisions.fold import PageDiff, diff_page
from regime_platform.revisions.withdrawals import Current, Withdrawal
from regime_platform.validation.rules.bar import ticks


@dataclass(frozen=True)
class FetchOrigin:
    """Where a page came from, stored in the metadata of its file."""

    fetched_at: dt.datetime  # aware
    source: str
    timeframe: str
    market: Market
    price_basis: str  # as_served, split_adjusted, unadjusted
    instrument_digest: str
    window: tuple[dt.datetime, dt.datetime] | None = None  # requested opens, half-open
    instrument: Mapping[str, str] = field(default_factory=dict)  # what names it at the source
    reading: str = ""  # digest of how a file was read

    def texts(self) -> dict[str, str]:
        """The origin as Parquet metadata, in the order of the fields."""
        texts = {
            "fetched_at": iso(self.fetched_at),
            "source": self.source,
            "timeframe": self.timeframe,
            "asset_class": self.market.name,
            "price_basis": self.price_basis,
            "instrument_digest": self.instrument_digest,
            "window": "/".join(map(iso, self.window or ())),
            "instrument": canonical_json(dict(self.instrument)),
            "reading": self.reading,
        }
        if not self.reading:
            del texts["reading"]
        return texts


@dataclass(frozen=True)
class LogUpdate:
    """What a page adds to the log, or added."""

    diff: PageDiff
    listed: RawListing  # the log that the page was compared with; after an append, the new one
    #: Rows in force of the page's source that it lacks, in the gate's schema with ``finished``.
    absent: pl.DataFrame
    lost: pl.Series  # opens that are marked as lost
    is_other_reading: bool = False  # it replaces what the source served before
    withdrawn: int = 0  # finished bars that it takes back
    by_operator: tuple[Withdrawal, ...] = ()  # ranges that count as not stored
    file: str | None = None  # the file written, if any
    again: bool = False  # whether rows that the log has are stored again


def page_update(  # noqa: PLR0913 - a page, its origin, and the log that it is compared with
    log: RawListing,
    stored: Current,
    bars: pl.DataFrame,
    origin: FetchOrigin,
    *,
    reading: str,
    fetched: Callable[[pl.DataFrame], pl.DataFrame],
    again: bool = False,
) -> LogUpdate:
    """What ``bars`` (as served) add to the ``stored`` rows around them.

    Bars of another reading than ``reading``, the last one recorded ("" for none), are compared with
    those of other sources alone: they replace all that this source served before. ``fetched``
    returns those of some rows that were fetched from the source of the page.
    """
    diff = partial(
        diff_page,
        served=bars,
        fetched_at=origin.fetched_at,
        timeframe=origin.timeframe,
        market=origin.market,
        again=again,
    )
    update = diff(stored.rows)
    is_served = np.isin(ticks(update.stored["ts"]), ticks(bars["ts"]))
    absent = fetched(update.stored.filter(~is_served))
    compared = LogUpdate(update, log, absent, stored.lost, again=again)
    if bars.is_empty() or origin.reading in ("", reading):
        return compared
    own = fetched(stored.rows)
    if not reading:  # the first that is recorded: all bars before are of it
        return compared if own.is_empty() else replace(compared, diff=_recording(update, bars))
    replaced = own["batch"].unique()
    kept = stored.rows.filter(~pl.col("batch").is_in(replaced.implode()))
    renewed = _recording(diff(kept), bars)
    return replace(
        compared,
        diff=replace(renewed, new=update.new, revised=update.revised, same=update.same),
        absent=absent.clear(),
        lost=stored.lost.clear(),
        is_other_reading=True,
        withdrawn=absent.filter("finished")["ts"].n_unique(),
    )


def _recording(diff: PageDiff, bars: pl.DataFrame) -> PageDiff:
    """With a stored bar again where no row would record how the page was read."""
    known = diff.stored.filter(pl.col("finished") & pl.col("ts").is_in(bars["ts"].implode()))
    if not diff.is_empty or known.is_empty():
        return diff
    return replace(diff, rows=bars.filter(ts=known["ts"][0]))
