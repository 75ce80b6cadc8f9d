"""After a split, every split-adjusted series of the symbol is fetched again.

The vendor rewrites daily and weekly history on the day of a split and leaves intraday bars alone.
What is to be fetched again is marked before the page that shows the split is stored, so a process
may be killed anywhere in between.
"""

import datetime as dt
from dataclasses import dataclass

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.acquisition import proven_coverage, write_coverage
from regime_platform.bar_store.raw.raw_log import LogUpdate
from regime_platform.bar_store.split_file import note_split, pending_split, settle_split
from regime_platform.model.coverage import UNREAD, Coverage
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.revisions.splits import Split, detect_split
from regime_platform.sources.protocol import BarPage


@dataclass(frozen=True)
class ShownSplit:
    """A split that a page showed."""

    split: Split
    timeframe: str  # of the page
    at: dt.datetime


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
    paths: SymbolPaths, instrument: Instrument, shown: ShownSplit, present: dt.datetime
) -> None:
    """Marks all that was read on the old basis as unread; hold the lock."""
    frames = [timeframe for timeframe in instrument.timeframes if not is_intraday(timeframe)]
    for frame in frames:  # first, because a split that is noted counts on it
        known = proven_coverage(paths, instrument, frame, present)
        write_coverage(paths, frame, known.unread())
    note_split(paths, frames, shown.split, seen_on=shown.timeframe, seen_at=shown.at)


def settle_rewrite(
    paths: SymbolPaths, timeframe: str, coverage: Coverage, now: dt.datetime
) -> None:
    """Says that the series is on the new basis, once all of it was read."""
    if pending_split(paths, timeframe) is None:
        return
    unread = any(window.read_at == UNREAD for window in coverage.windows)
    if coverage.is_complete and not unread:
        with writing(paths):
            settle_split(paths, timeframe, now)
