"""What a split asks of the fetch: every split-adjusted series of the symbol is read again.

The vendor rewrites daily and weekly history on the day of a split and leaves intraday bars alone.
What still has to be read is marked before the page that shows the split is stored, so that a
process may end anywhere in between.
"""

import datetime as dt
from dataclasses import dataclass

from regime_platform.bars import rewrites
from regime_platform.bars.acquisition import proven_coverage, write_coverage
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.locks import writing
from regime_platform.bars.raw_log import Merge
from regime_platform.bars.splits import Split, detect_split, ratio_text
from regime_platform.model.coverage import UNREAD, Coverage
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.sources.protocol import Page


@dataclass(frozen=True)
class Shown:
    """A split that a page showed."""

    split: Split
    timeframe: str  # of the page
    at: dt.datetime


def shown_split(paths: SymbolPaths, timeframe: str, page: Page, merge: Merge) -> Split | None:
    """The split that ``page`` shows and nobody waits for yet."""
    if not merge.revised or page.price_basis != "split_adjusted":
        return None
    split = detect_split(merge.held, page.bars)
    waiting = rewrites.pending(paths, timeframe)
    is_known = split and waiting and waiting.ratio == ratio_text(split.ratio)
    return None if is_known else split


def await_rewrite(
    paths: SymbolPaths, instrument: Instrument, shown: Shown, present: dt.datetime
) -> None:
    """Marks all that was read on the old basis as unread; hold the lock."""
    frames = [one for one in instrument.timeframes if not is_intraday(one)]
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
    unread = any(one.read_at == UNREAD for one in coverage.windows)
    if coverage.is_complete and not unread:
        with writing(paths):
            rewrites.settle(paths, timeframe, now)
