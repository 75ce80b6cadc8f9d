"""The revisions in force of raw rows, and what a served page adds to them.

The revision in force of a bar is all rows that the latest batch has for its ts. A batch fetched
while the bar was still forming never outranks one fetched after it was finished, and a migrated
batch never a fetched one. Rows of one batch with the same ts and other values are all kept, so that
the gate can report them.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.calendar.due import last_finished
from regime_platform.model.instants import ticks_of
from regime_platform.model.markets import Market
from regime_platform.validation.rules.bar import finished_when_fetched, ticks
from regime_platform.validation.rules.series import (
    GATE_SCHEMA,
    have_equal_values,
    is_strictly_increasing,
    value_bits,
)

#: How the name of a migrated batch ends.
LEGACY_SUFFIX = ".legacy.parquet"

#: Per open, the distinct versions of its bar: the bits of its values, and whether it was finished.
_Versions = dict[int, set[tuple[bytes, bool]]]


@dataclass(frozen=True)
class PageDiff:
    """A served page compared with the stored rows; the four counts add up to its rows."""

    rows: pl.DataFrame  # to be stored, as served and in the order of arrival
    new: int  # finished bars that were not stored as finished before
    revised: int  # finished bars that differ from the stored ones
    same: int  # finished bars that are stored already, repetitions within the page included
    provisional: int  # bars that were still forming
    stored: pl.DataFrame  # the stored rows in force that it was compared with, with ``finished``
    repeated: int = 0  # of ``same``: those that are to be stored again

    @property
    def in_force(self) -> pl.DataFrame:
        """The stored finished bars in force, in the gate's schema."""
        return self.stored.filter("finished").drop("finished")

    @property
    def is_empty(self) -> bool:
        """True where nothing of the page is to be stored."""
        return self.rows.is_empty()


def fold(raw: pl.DataFrame, timeframe: str, market: Market) -> pl.DataFrame:
    """The revisions in force, by ts, in ``GATE_SCHEMA``: the input of the gate.

    Batches sort by name in order of arrival, and the rows of a batch stand in theirs; beyond that
    the order of ``raw`` does not matter. A bar that was only ever fetched while forming is
    included; the gate keeps it out of the canonical bars.
    """
    rows = raw.select(list(GATE_SCHEMA))
    if is_strictly_increasing(rows["ts"]):
        return rows
    # few bars of many were fetched more than once, and only these have to be ranked
    repeated = rows["ts"].is_duplicated()
    if repeated.any():
        in_force = _in_force(rows.filter(repeated), timeframe, market)
        rows = pl.concat([rows.filter(~repeated), in_force.drop("finished")])
    return rows if rows["ts"].is_sorted() else rows.sort("ts", maintain_order=True)


def diff_page(  # noqa: PLR0913 - two frames, and what decides how they are compared
    stored: pl.DataFrame,
    served: pl.DataFrame,
    *,
    fetched_at: dt.datetime,
    timeframe: str,
    market: Market,
    again: bool = False,
) -> PageDiff:
    """Compares ``served`` (in ``BAR_SCHEMA``) with the raw rows ``stored`` over its time span.

    Where the served rows of a ts are, as a set, those in force, they are not stored again, unless
    ``again``: then the log is to show which bars came back. Otherwise all of them are, so that the
    latest batch has every row of that ts. A bar that comes back unchanged after it was stored while
    forming is stored: it is final now.
    """
    bound = ticks_of(last_finished(fetched_at, timeframe, market))
    page = served.with_columns(finished=pl.Series(ticks(served["ts"]) < bound))
    in_force = _in_force(stored, timeframe, market)
    comparison = _Comparison.of(page, in_force)
    is_brought = comparison.is_first if again else comparison.is_first & ~comparison.is_equal
    rows = page.filter(is_brought)
    was_final = comparison.was_final.filter(is_brought)
    # A final bar that is served as forming means that a clock went back: it changes nothing.
    is_kept = rows["finished"] | ~was_final
    rows, was_final = rows.filter(is_kept), was_final.filter(is_kept)
    new = rows["ts"].filter(rows["finished"] & ~was_final).n_unique()
    is_equal = comparison.is_equal.filter(is_brought).filter(is_kept)
    repeated = int((was_final & is_equal).sum())
    revised = int((rows["finished"] & was_final).sum()) - repeated
    provisional = int((~page["finished"]).sum())
    same = served.height - provisional - new - revised
    brought = rows.select(BAR_COLUMNS)
    return PageDiff(brought, new, revised, same, provisional, in_force, repeated)


def precedence(batch: str) -> tuple[bool, str, str]:
    """Sorts the names of batches: of two that have the same bar, the later one is in force.

    Fetched batches rank by arrival. Migrated ones rank below them, since they may arrive late, and
    among themselves by when the old store was written.
    """
    is_legacy = batch.endswith(LEGACY_SUFFIX)
    return not is_legacy, batch.split("-")[1] if is_legacy else "", batch


def ranks(batches: pl.Series) -> pl.Series:
    """The place of each batch in the order of ``precedence``."""
    ranked = sorted(batches.unique(), key=precedence)
    return batches.cast(pl.Enum(ranked)).to_physical().cast(pl.Int64)


class _Comparison(NamedTuple):
    """The rows of a page compared with the revisions in force; a mask of the page each."""

    is_first: pl.Series  # of the rows of its open with these values
    is_equal: pl.Series  # the page has of its open what is in force, as a set
    was_final: pl.Series  # a finished bar of its open is in force

    @classmethod
    def of(cls, page: pl.DataFrame, in_force: pl.DataFrame) -> "_Comparison":
        if is_strictly_increasing(page["ts"]) and is_strictly_increasing(in_force["ts"]):
            return cls.of_single_rows(page, in_force)
        final = set(_opens(in_force.filter("finished")))
        known, versions = _versions_by_open(in_force), _versions_by_open(page)
        equal = {key for key, version in versions.items() if version == known.get(key)}
        is_equal, was_final = ([key in keys for key in _opens(page)] for keys in (equal, final))
        is_first = []
        for key, version in zip(_opens(page), _versions(page), strict=True):
            is_first.append(version in versions[key])
            versions[key].discard(version)
        return cls(*(pl.Series(mask, dtype=pl.Boolean) for mask in (is_first, is_equal, was_final)))

    @classmethod
    def of_single_rows(cls, page: pl.DataFrame, in_force: pl.DataFrame) -> "_Comparison":
        """Of frames with one row per open, in order: millions of minutes in little time."""
        opens, known = ticks(page["ts"]), ticks(in_force["ts"])
        is_known = np.isin(opens, known)
        others = in_force[np.searchsorted(known, opens[is_known])]
        served = page.filter(is_known)
        is_equal, was_final = is_known.copy(), is_known.copy()
        is_equal[is_known] = have_equal_values(served, others)
        is_equal[is_known] &= (served["finished"] == others["finished"]).to_numpy()
        was_final[is_known] = others["finished"].to_numpy()
        is_first = np.ones(page.height, np.bool_)
        return cls(*map(pl.Series, (is_first, is_equal, was_final)))


def _versions_by_open(rows: pl.DataFrame) -> _Versions:
    by_open: _Versions = defaultdict(set)
    for key, version in zip(_opens(rows), _versions(rows), strict=True):
        by_open[key].add(version)
    return by_open


def _opens(rows: pl.DataFrame) -> list[int]:
    """Opens as whole numbers, a missing one as NumPy's NaT: a number that no open has."""
    opens: list[int] = rows["ts"].to_numpy().view("<i8").tolist()
    return opens


def _versions(rows: pl.DataFrame) -> list[tuple[bytes, bool]]:
    return list(zip(value_bits(rows), rows["finished"].to_list(), strict=True))


def _in_force(raw: pl.DataFrame, timeframe: str, market: Market) -> pl.DataFrame:
    """The rows of the revisions in force by ts, with ``finished``."""
    if raw.is_empty():
        return raw.with_columns(finished=pl.lit(value=True))
    rows = raw.with_columns(finished=finished_when_fetched(raw, timeframe, market))
    if rows["ts"].n_unique() < rows.height:
        rank = ranks(raw["batch"]) + rows["finished"].cast(pl.Int64) * raw.height
        is_highest = pl.col("rank") == pl.col("rank").max().over("ts")
        rows = rows.with_columns(rank=rank).filter(is_highest).drop("rank")
    return rows.sort("ts", maintain_order=True)
