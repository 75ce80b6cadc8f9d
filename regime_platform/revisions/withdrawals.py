"""Bars that their source took back, and readings of its files, in a raw log.

A row with a mark is no bar: it states something of the bar that the same source served at its ts
before. ``WITHDRAWN``: there is none any more. ``LOST``: the source no longer has it, at the start
or the end of what it serves, which may be a rolling or a truncated export; the bar stays. ``KEPT``:
it is not lost after all. A bar that is served again after a mark is in force again.

A reading is how a file is read: its columns, zone, time format. A batch of another reading than the
batches of the same source before it replaces all of these. Batches without a recorded reading are
of the first one that is. Migrated bars are of a source of their own, so no mark concerns them.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.timeframes import DURATION, is_intraday

WITHDRAWN, LOST, KEPT = "withdrawn", "lost", "kept"
#: The columns that ``current`` needs.
STATED = ("ts", "batch", "source", "reading", "mark")

#: Marks: the open that each is about, and the mark.
MARK_SCHEMA = pl.Schema({"ts": BAR_SCHEMA["ts"], "mark": pl.String()})
_BAR = ["ts", "source"]
_TICK = dt.timedelta(microseconds=1)


class Withdrawal(NamedTuple):
    """The bars that open in [first, last] and were fetched by ``at`` are no bars."""

    first: dt.datetime
    last: dt.datetime
    at: dt.datetime

    @property
    def rows(self) -> pl.Expr:
        """True for the rows that it withdraws."""
        return pl.col("ts").is_between(self.first, self.last) & (pl.col("fetched_at") <= self.at)


def no_opens() -> pl.Series:
    """An empty column of opens."""
    return pl.Series("ts", dtype=BAR_SCHEMA["ts"])


def reach(timeframe: str) -> dt.timedelta:
    """Bars of a series that open at most so much apart share time."""
    return DURATION[timeframe] - _TICK if is_intraday(timeframe) else dt.timedelta()


@dataclass(frozen=True)
class Current:
    """The revisions that no later mark or reading took back."""

    rows: pl.DataFrame  # bars, in the order and with the columns of the log, without marks
    lost: pl.Series = field(default_factory=no_opens)  # opens that their source no longer has


def current(raw: pl.DataFrame) -> Current:
    """The bars among rows of a raw log (with ``STATED``), in order of arrival."""
    rows = _of_last_reading(raw)
    bars, marks = rows.filter(pl.col("mark") == ""), rows.filter(pl.col("mark") != "")
    withdrawn = marks.filter(mark=WITHDRAWN).group_by(_BAR).agg(until=pl.col("batch").max())
    bars = bars.join(withdrawn, on=_BAR, how="left", nulls_equal=True, maintain_order="left")
    is_later = (pl.col("batch") > pl.col("until")).fill_null(value=True)
    bars = bars.filter(is_later).drop("until", "mark")
    last = rows.sort("batch", maintain_order=True).unique(_BAR, keep="last")
    lost = last.filter(mark=LOST).join(bars, on=_BAR, how="semi")["ts"].unique().sort()
    return Current(bars, lost)


def without(known: Current, withdrawals: Sequence[Withdrawal]) -> Current:
    """``known`` without the bars that an operator withdrew."""
    rows = known.rows
    for withdrawal in withdrawals:
        rows = rows.filter(~withdrawal.rows.fill_null(value=False))
    return known if rows.height == known.rows.height else replace(known, rows=rows)


def marked(opens: pl.Series, mark: str) -> pl.DataFrame:
    """One mark for each of ``opens``."""
    if opens.is_empty():
        return MARK_SCHEMA.to_frame()
    return pl.DataFrame({"ts": opens.unique().sort()}).with_columns(mark=pl.lit(mark))


def marks_of_whole(
    absent: pl.DataFrame, lost: pl.Series, served: pl.Series, timeframe: str, *, is_rolling: bool
) -> pl.DataFrame:
    """The marks after a source served all that it has.

    Args:
        absent: stored rows of the source in force that it did not serve; ``is_bar`` is False for
            those that no series could have, which are withdrawn wherever they open.
        lost: opens of bars that are marked as lost.
        served: the opens of what it served.
        timeframe: of the series.
        is_rolling: the start of what it serves moves, so bars before it are not lost.
    """
    first = pl.lit((served - reach(timeframe)).min(), BAR_SCHEMA["ts"])
    last = pl.lit((served + reach(timeframe)).max(), BAR_SCHEMA["ts"])
    is_inside = pl.col("ts").is_between(first, last).fill_null(value=False)
    is_outside = ~is_inside & pl.col("is_bar")
    withdrawn, outside = absent.filter(~is_outside)["ts"], absent.filter(is_outside)
    is_expected = (pl.col("ts") < first).fill_null(value=False) & is_rolling
    back = pl.concat([served.drop_nulls(), outside.filter(is_expected)["ts"]])
    gone = outside.filter(~is_expected & ~pl.col("ts").is_in(lost.implode()))["ts"]
    kept = lost.filter(lost.is_in(back.implode()))
    return pl.concat([marked(withdrawn, WITHDRAWN), marked(gone, LOST), marked(kept, KEPT)])


def _of_last_reading(raw: pl.DataFrame) -> pl.DataFrame:
    """Without the batches that a batch of another reading replaced."""
    readings = raw.filter(pl.col("reading") != "").select("source", "reading", "batch")
    readings = readings.unique(maintain_order=True).sort("batch")
    is_other = (pl.col("reading") != pl.col("reading").shift()).over("source")
    starts = readings.filter(is_other).group_by("source").agg(since=pl.col("batch").max())
    if starts.is_empty():
        return raw
    rows = raw.join(starts, on="source", how="left", maintain_order="left")
    return rows.filter((pl.col("batch") >= pl.col("since")).fill_null(value=True)).drop("since")
