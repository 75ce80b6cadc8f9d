"""Rules on bars that were fetched twice with different prices.

A vendor that restates a series serves all of it again. Where a fetch disagrees in its overlap with
stored bars and the history before is still of an earlier fetch, two price bases may be joined.
"""

from dataclasses import dataclass

import polars as pl

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.validation.findings import Rule, Severity, worded
from regime_platform.validation.rules.bar import finished_when_fetched

#: Relative; smaller differences are corrections of the last digits.
TOLERANCE = 0.001

OVERLAP = Rule(
    "overlap_disagreement",
    Severity.WARNING,
    "bars",
    "fetch the whole series again, so that all bars are on one price basis; or accept it",
    worded("close {} was {} when fetched before", "close", "earlier_close"),
)

#: `regime universe repoint --same` accepts it for all fetches up to the time of the override.
CONTRADICTED = Rule(
    "overlap_contradiction",
    Severity.ERROR,
    "bars",
    "its source serves another instrument or another state of this one: "
    "settle it by `regime universe repoint SYMBOL --reason TEXT`, with --same, or with --archive "
    "to start again",
    worded("close {} was {} when fetched before", "close", "earlier_close"),
)


@dataclass(frozen=True)
class Overlap:
    """How the fetches of a series agree where they have the same bars."""

    compared: int  # bars in force that an earlier fetch had too
    disagreeing: pl.DataFrame  # ts and the columns of the rule's reason
    contradicting: pl.DataFrame | None = None  # the same, of fetches that differ in every bar


def overlap(raw: pl.DataFrame, rows: pl.DataFrame, timeframe: str, asset_class: str) -> Overlap:
    """Compares every bar in force with the finished version fetched before it.

    Args:
        raw: all revisions, batches in order of arrival.
        rows: the revisions in force, by ts.
        timeframe: the timeframe of the series.
        asset_class: the class of the instrument.
    """
    nothing = Overlap(0, rows.select("ts", "close", earlier_close="close").clear())
    if raw.height == rows.height:
        return nothing
    again = raw.filter(pl.col("ts").is_duplicated() & pl.col("ts").is_not_null())
    again = again.filter(finished_when_fetched(again, timeframe, asset_class))
    versions = again.select(
        "ts", "batch", *(pl.col(name).alias(f"earlier_{name}") for name in PRICE_COLUMNS)
    ).sort("ts", "batch", maintain_order=True)
    both = rows.join(versions, on="ts", suffix="_before", maintain_order="left")
    both = both.filter(pl.col("batch_before") < pl.col("batch"))
    both = both.unique("ts", keep="last", maintain_order=True)
    apart = pl.max_horizontal(
        (pl.col(name) / pl.col(f"earlier_{name}") - 1).abs() for name in PRICE_COLUMNS
    )
    disagreeing = both.filter(apart > TOLERANCE)
    if disagreeing.is_empty() or not _stayed(rows, disagreeing):
        return Overlap(both.height, nothing.disagreeing)
    return Overlap(both.height, disagreeing.select("ts", "close", "earlier_close"))


def _stayed(rows: pl.DataFrame, disagreeing: pl.DataFrame) -> bool:
    """True where bars before the first disagreement are of an earlier fetch."""
    first, batch = disagreeing.select("ts", "batch").row(0)
    return bool(((rows["ts"] < first) & (rows["batch"] < batch)).any())
