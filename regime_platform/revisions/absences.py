"""Stored bars that answers of a vendor lack: remembered once, withdrawn the second time.

An answer says nothing of bars before its first or after its last bar. A bar that two answers at
least ``CONFIRMED_AFTER`` apart lack is withdrawn; a bar that comes back in between is forgotten.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from regime_platform.model.coverage import Absence

_TICK = dt.timedelta(microseconds=1)


def confirmed(known: Sequence[Absence], absent: pl.DataFrame, now: dt.datetime) -> pl.Series:
    """The opens among ``absent`` (ts, fetched_at) that an earlier answer lacked as well."""
    if absent.is_empty():
        return absent["ts"]
    return absent.filter(_covered([each for each in known if each.is_due(now)]))["ts"]


def remembered(
    known: Sequence[Absence],
    stored: pl.DataFrame,
    absent: pl.DataFrame,
    now: dt.datetime,
) -> tuple[Absence, ...]:
    """What is known after an answer at ``now``; those that were due are settled by it.

    ``stored`` are the finished bars in force over its time span, ``absent`` those of its source
    that it lacks; both have ts and fetched_at, in order of ts.
    """
    is_absent = pl.col("ts").is_in(absent["ts"].implode())
    present = stored.filter(~is_absent)
    young = [each for each in known if not each.is_due(now)]
    later = [part for each in young for part in _without(each, present)]
    new = absent.filter(~_covered(known))
    flags = stored.with_columns(is_new=pl.col("ts").is_in(new["ts"].implode()))
    runs = flags.with_columns(run=pl.col("is_new").rle_id()).filter("is_new").group_by("run")
    spans = runs.agg(first=pl.col("ts").min(), last=pl.col("ts").max()).sort("first")
    added = [Absence(first, last, now) for _, first, last in spans.iter_rows()]
    due = [each for each in known if each.is_due(now)]
    return tuple(sorted([*due, *later, *added]))


def _without(absence: Absence, present: pl.DataFrame) -> Iterator[Absence]:
    """The parts of an absence between the bars that were served again."""
    first = absence.first
    for opens in present.filter(_covered([absence]))["ts"]:
        if first < opens:
            yield Absence(first, opens - _TICK, absence.seen)
        first = opens + _TICK
    if first <= absence.last:
        yield Absence(first, absence.last, absence.seen)


def _covered(absences: Sequence[Absence]) -> pl.Expr:
    """True for bars that were stored when one of the absences was seen and open in it."""
    covered = pl.lit(value=False)
    for first, last, seen in absences:
        covered |= pl.col("ts").is_between(first, last) & (pl.col("fetched_at") < seen)
    return covered
