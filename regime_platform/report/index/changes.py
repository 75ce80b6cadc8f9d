"""What changed at the last session: the series whose regime or bucket began on that date."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.report.palette import REGIME_COLOURS

#: A series that ends so long before the newest of its timeframe has no news.
_RECENT = dt.timedelta(days=7)
#: The riskiest first.
_ORDER = (*REGIME_COLOURS, "HIGH", "MED", "LOW", "NA")


@dataclass(frozen=True)
class Change:
    """A series that is in another state than before its last session."""

    symbol: str
    link: str  # its page; empty where there is none
    since: dt.datetime  # the open of the first bar of the state
    why: str  # the rules that changed; empty for a bucket


@dataclass(frozen=True)
class Transition:
    """The series that went from one state to another, the newest first."""

    before: str
    now: str
    changes: Sequence[Change]

    @property
    def size(self) -> int:
        """How many series."""
        return len(self.changes)


@dataclass(frozen=True)
class TimeframeChanges:
    """The changes of a timeframe; transitions into the riskiest states come first."""

    timeframe: str
    date: dt.date  # of its newest bar
    series: int  # that end within a week of it, and could change
    ended: int  # that end earlier
    regimes: Sequence[Transition]
    buckets: Sequence[Transition]


def changes(
    rows: pl.DataFrame, why: Mapping[tuple[str, str], str], pages: Collection[str]
) -> Sequence[TimeframeChanges]:
    """The changes by timeframe, daily bars first.

    Args:
        rows: of ``query.board.series_board``; transitions keep their order of symbols.
        why: of `Past`.
        pages: the symbols that have a page.
    """
    words = pl.col("timeframe", "regime_before", "regime_label", "bucket_before")
    rows = rows.with_columns(words.cast(pl.String), pl.col("escalation_bucket").cast(pl.String))
    rows = rows.filter(pl.col("regime_label").is_not_null())
    first = ("1day", *(name for name in TIMEFRAMES if name != "1day"))
    return [
        _of_timeframe(timeframe, own, why, pages)
        for timeframe in first
        if not (own := rows.filter(timeframe=timeframe)).is_empty()
    ]


def _of_timeframe(
    timeframe: str,
    rows: pl.DataFrame,
    why: Mapping[tuple[str, str], str],
    pages: Collection[str],
) -> TimeframeChanges:
    newest: dt.datetime = rows["last_ts"].max()  # type: ignore[assignment]
    recent = rows.filter(pl.col("last_ts") > newest - _RECENT)

    def transitions(kind: str, now: str) -> Sequence[Transition]:
        before, since = f"{kind}_before", f"{kind}_since"
        is_new = pl.col(since).dt.date() == pl.col("last_ts").dt.date()
        changed = recent.filter(is_new & pl.col(before).is_not_null())
        by_pair: dict[tuple[str, str], list[Change]] = {}
        for symbol, *pair, at in changed.select("symbol", before, now, since).iter_rows():
            link = f"{symbol}.html" if symbol in pages else ""
            text = why.get((symbol, timeframe), "") if kind == "regime" else ""
            by_pair.setdefault((pair[0], pair[1]), []).append(Change(symbol, link, at, text))
        pairs = sorted(by_pair, key=lambda pair: (_ORDER.index(pair[1]), _ORDER.index(pair[0])))
        return [Transition(*pair, by_pair[pair]) for pair in pairs]

    return TimeframeChanges(
        timeframe,
        newest.date(),
        recent.height,
        rows.height - recent.height,
        transitions("regime", "regime_label"),
        transitions("bucket", "escalation_bucket"),
    )
