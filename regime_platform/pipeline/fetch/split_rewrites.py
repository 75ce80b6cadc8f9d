"""What a split asks of the fetch: every split-adjusted series of the symbol is read again.

The vendor rewrites daily and weekly history on the day of a split and leaves intraday bars alone.
What still has to be read is marked before the page that shows the split is stored, so that a
process may end anywhere in between.
"""

import datetime as dt
from dataclasses import dataclass

from regime_platform.bar_store import rewrites
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.acquisition import proven_coverage, write_coverage
from regime_platform.bar_store.raw.raw_log import LogUpdate
from regime_platform.model.coverage import UNREAD, Coverage
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.revisions.splits import Split, detect_split, ratio_text
from regime_platform.sources.protocol import BarPage


@dataclass(frozen=True)
class Shown:
    """A split that a page showed."""

    split: Split
    timeframe: str  # of the page
    at: dt.datetime


def shown_split(
    paths: SymbolPaths, timeframe: str, page: BarPage, update: LogUpdate
) -> Split | None:
    """The split that ``page`` shows and nobody waits for yet."""
    if not update.diff.revised or page.price_basis != "split_adjusted":
        return None
    split = detect_split(update.diff.in_force, page.bars)
    waiting = rewrites.pending(paths, timeframe)
    is_known = split and waiting and waiting.ratio == ratio_text(split.ratio)
    return None if is_known else split


def await_rewrite(
    paths: SymbolPaths, instrument: Instrument, shown: Shown, present: dt.datetime
) -> None:
    """Marks all that was read on the old basis as unread; hold the lock."""
    frames = [timeframe for timeframe in instrument.timeframes if not is_intraday(timeframe)]
    for frame in frames:  # first, because a split that is noted counts on it
        known = proven_coverage(paths, instrument, frame, present)
        write_coverage(paths, frame, known.unread())
    rewrites.note(paths, frames, shown.split, seen_on=shown.timeframe, seen_at=shown.at)


def settle_rewrite(
    paths: SymbolPaths, timeframe: str, coverage: Coverage, now: dt.datetime
) -> None:
    """Says that the series is on the new basis, once all of it was read."""
    if rewrites.pending(paths, timeframe) is None:
        return
    unread = any(window.read_at == UNREAD for window in coverage.windows)
    if coverage.is_complete and not unread:
        with writing(paths):
            rewrites.settle(paths, timeframe, now)
