"""Pure functions on raw rows: what is held now, and what of a served page is news to it.

The revision in force of a bar is everything the latest batch said of its ts; a batch that saw the
bar still forming never outranks one that saw it finished, and a migrated one none that was fetched.
Rows of one batch that contradict each other are all kept, so that the gate can show them. Files are
the business of ``raw_log``.
"""

import datetime as dt
from dataclasses import dataclass

import polars as pl

from regime_platform.bars.raw_names import standing_of
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.sessions import last_finished
from regime_platform.validation.bar_rules import finished_when_fetched
from regime_platform.validation.series_rules import GATE_SCHEMA, is_strictly_increasing, value_bits

#: Per open, the distinct versions of its bar: the bits of its values, and whether it was finished.
_Said = dict[int, set[tuple[bytes, bool]]]


@dataclass(frozen=True)
class News:
    """A served page, sorted out against what is held; the four counts add up to its rows."""

    rows: pl.DataFrame  # to be stored, as served and in the order of arrival
    new: int  # finished bars that were not held as finished before
    revised: int  # finished bars that differ from what is held
    same: int  # finished bars that tell nothing, repetitions within the page included
    provisional: int  # bars that were still forming
    held: pl.DataFrame  # the finished bars in force that the page could have been about


def fold(raw: pl.DataFrame, timeframe: str, asset_class: str) -> pl.DataFrame:
    """The revisions in force, by ts: the input of the gate.

    Args:
        raw: rows with ``fetched_at`` and ``batch``; batches sort by name in order of arrival, and
            the rows of a batch stand in theirs. Beyond that the order of rows is of no account.
        timeframe: the timeframe of the series.
        asset_class: the class of the instrument, which tells when its bars are finished.

    Returns:
        The columns of ``raw``. A bar that was only ever seen forming is there too, and stays out of
        the canonical bars because the gate sets it aside.
    """
    rows = raw.select(list(GATE_SCHEMA))
    if is_strictly_increasing(rows["ts"]):
        return rows
    # told more than once are a few bars of many, and only these take any judging
    repeated = rows["ts"].is_duplicated()
    if repeated.any():
        force = _in_force(rows.filter(repeated), timeframe, asset_class)
        rows = pl.concat([rows.filter(~repeated), force.drop("finished")])
    return rows if rows["ts"].is_sorted() else rows.sort("ts", maintain_order=True)


def news(
    held: pl.DataFrame,
    served: pl.DataFrame,
    *,
    fetched_at: dt.datetime,
    timeframe: str,
    asset_class: str,
) -> News:
    """What ``served`` (in ``BAR_SCHEMA``) adds to the raw rows ``held``.

    A ts whose served rows are, as a set, those in force tells nothing; otherwise all of them are
    stored, so that the latest batch always has the whole of what was said of a ts. A bar that
    comes back unchanged after it was seen forming is news: it is final now.
    """
    bound = last_finished(fetched_at, timeframe, asset_class)
    page = served.with_columns(finished=(served["ts"] < bound).fill_null(value=True))
    force = _in_force(held, timeframe, asset_class)
    finished = force.filter("finished")
    final = set(_opens(finished))
    known, said = _said(force), _said(page)
    untold = {key: set(versions) for key, versions in said.items() if versions != known.get(key)}
    rows = page.filter(_first_of_each(page, untold))
    was_final = pl.Series([key in final for key in _opens(rows)], dtype=pl.Boolean)
    # A final bar that is served as forming means that a clock went back: it changes nothing.
    kept = rows["finished"] | ~was_final
    rows, was_final = rows.filter(kept), was_final.filter(kept)
    new = int((rows["finished"] & ~was_final).sum())
    revised = int((rows["finished"] & was_final).sum())
    provisional = int((~page["finished"]).sum())
    same = served.height - provisional - new - revised
    before = finished.select(BAR_COLUMNS)
    return News(rows.select(BAR_COLUMNS), new, revised, same, provisional, before)


def _first_of_each(page: pl.DataFrame, untold: _Said) -> pl.Series:
    """True for the rows to store: each version of an open in ``untold`` once. Empties it."""
    mask = []
    for key, version in zip(_opens(page), _versions(page), strict=True):
        left = untold.get(key)
        first = left is not None and version in left
        if left is not None and first:
            left.remove(version)
        mask.append(first)
    return pl.Series(mask, dtype=pl.Boolean)


def _said(rows: pl.DataFrame) -> _Said:
    said: _Said = {}
    for key, version in zip(_opens(rows), _versions(rows), strict=True):
        versions = said.get(key)
        if versions is None:
            said[key] = {version}
        else:
            versions.add(version)
    return said


def _opens(rows: pl.DataFrame) -> list[int]:
    """Opens as whole numbers, a missing one as NumPy's: one number that no open has."""
    opens: list[int] = rows["ts"].to_numpy().view("<i8").tolist()
    return opens


def _versions(rows: pl.DataFrame) -> list[tuple[bytes, bool]]:
    return list(zip(value_bits(rows), rows["finished"].to_list(), strict=True))


def _in_force(raw: pl.DataFrame, timeframe: str, asset_class: str) -> pl.DataFrame:
    """The rows of the revisions in force by ts, with ``finished``."""
    if raw.is_empty():
        return raw.with_columns(finished=pl.lit(value=True))
    rows = raw.with_columns(finished=finished_when_fetched(raw, timeframe, asset_class))
    if rows["ts"].n_unique() < rows.height:
        standing = sorted(raw["batch"].unique(), key=standing_of)
        arrival = raw["batch"].cast(pl.Enum(standing)).to_physical()
        rank = arrival.cast(pl.Int64) + rows["finished"].cast(pl.Int64) * raw.height
        rows = rows.with_columns(rank=rank).filter(
            pl.col("rank") == pl.col("rank").max().over("ts")
        )
        rows = rows.drop("rank")
    return rows.sort("ts", maintain_order=True)
