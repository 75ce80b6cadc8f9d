"""Detects fetches whose bars cannot be revisions of the stored ones.

A source revises some bars, or all of them by a factor: a split, a dividend, another unit. Where it
serves nearly all of them with prices that no factor explains, it serves another instrument.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
import polars as pl

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.revisions.fold import precedence, ranks
from regime_platform.revisions.splits import USABLE, detect_split, last_digits
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.comparison import TOLERANCE

#: Common bars of a fetch and the stored ones from which on it contradicts if all differ (an update
#: requests so many again), or if this share of at least ``MANY`` differs.
FEWEST, MANY, NEARLY_ALL = 5, 20, 0.9
#: What rounding on the way may do to a price that was multiplied, beside its last digit.
_NOISE = 2e-4

_EARLIER = [f"earlier_{name}" for name in PRICE_COLUMNS]

Repeated = Callable[[], Mapping[str, str]]


def contradictions(  # noqa: PLR0913 - the log, its meaning, and what is known beside it
    raw: pl.DataFrame,
    served: pl.DataFrame,
    timeframe: str,
    asset_class: str,
    *,
    repeated: Repeated,
    settled: dt.datetime | None,
) -> pl.DataFrame:
    """The bars in force of contradicting fetches: ``ts``, ``close``, ``earlier_close``.

    A later fetch that agrees with the earlier bars replaces them again.

    Args:
        raw: all revisions (gate schema).
        served: those in force, as they were served.
        timeframe: of the series.
        asset_class: decides when bars are finished.
        repeated: called only if needed: batch -> number of its finished bars that were stored
            already, bit for bit; "" where an earlier release did not record it.
        settled: fetches up to this moment were declared to be of the same instrument.
    """
    nothing = served.clear().select("ts", "close", earlier_close="close")
    if raw.height == served.height:
        return nothing
    versions = _versions(raw, timeframe, asset_class)
    foreign: set[str] = set()
    while not versions.is_empty():
        batch = _first_contradicting(versions, foreign, repeated, settled)
        if batch is None:
            break
        foreign.add(batch)
    rows = served.filter(pl.col("batch").is_in(foreign))
    if not foreign or rows.is_empty():
        return nothing
    before = versions.filter(~pl.col("batch").is_in(foreign)).unique("ts", keep="last")
    before = before.select("ts", pl.col(PRICE_COLUMNS).name.prefix("earlier_"))
    both = rows.join(before, on="ts", how="left", maintain_order="left")
    both = both.filter(_apart().fill_null(value=True))
    # bars with two prices first, since messages quote the first
    return both.select("ts", "close", "earlier_close").sort(
        pl.col("earlier_close").is_null(), "ts", maintain_order=True
    )


def page_contradicts(stored: pl.DataFrame, page: pl.DataFrame) -> bool:
    """True where a page cannot be a revision of ``stored``, the finished bars in force."""
    before = stored.filter(USABLE).select("ts", pl.col(PRICE_COLUMNS).name.prefix("earlier_"))
    both = before.join(page.filter(USABLE), on="ts").unique("ts").sort("ts")
    apart = both.filter(_apart())
    return _is_throughout(apart.height, both.height) and not _is_explained(apart)


def _versions(raw: pl.DataFrame, timeframe: str, asset_class: str) -> pl.DataFrame:
    """The finished versions of all bars that have several, in order of precedence."""
    again = raw.filter(pl.col("ts").is_duplicated() & pl.col("ts").is_not_null() & USABLE)
    again = again.filter(finished_when_fetched(again, timeframe, asset_class))
    again = again.unique(["ts", "batch"], keep="last", maintain_order=True)
    return again.with_columns(rank=ranks(again["batch"])).sort("ts", "rank")


def _first_contradicting(
    versions: pl.DataFrame,
    foreign: Collection[str],
    repeated: Repeated,
    settled: dt.datetime | None,
) -> str | None:
    for batch, pairs in _suspects(versions.filter(~pl.col("batch").is_in(foreign))):
        if settled is not None and pairs["fetched_at"][0] <= settled:
            continue
        apart = pairs.filter("apart")
        if _is_explained(apart):
            continue
        same = repeated().get(batch, "")
        if same and _is_throughout(apart.height, pairs.height + int(same)):
            return batch
    return None


def _suspects(versions: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Batches in order of arrival whose repeated bars mostly have other prices, with these."""
    earlier = pl.col(*PRICE_COLUMNS, "batch").shift().over("ts").name.prefix("earlier_")
    pairs = versions.with_columns(earlier).filter(pl.col("earlier_batch") < pl.col("batch"))
    pairs = pairs.with_columns(apart=_apart().fill_null(value=False))
    counts = pairs.group_by("batch").agg(pl.col("apart").sum(), pl.len()).sort("batch")
    for batch, apart, stored in counts.iter_rows():
        # migrated bars are stored beside others, whatever their prices
        if apart >= FEWEST and apart >= NEARLY_ALL * stored and precedence(batch)[0]:
            yield batch, pairs.filter(batch=batch)


def _is_throughout(apart: int, shared: int) -> bool:
    return apart == shared >= FEWEST or (shared >= MANY and apart >= NEARLY_ALL * shared)


def _is_explained(apart: pl.DataFrame) -> bool:
    """True where steady factors lead from the earlier prices to the later ones."""
    old, new = (apart.select(names).to_numpy() for names in (_EARLIER, list(PRICE_COLUMNS)))
    ratios = old / new
    factors = np.median(ratios, axis=1)
    slack = (_NOISE + last_digits(old) / old + last_digits(new) / new).max(axis=1)
    within = (np.abs(ratios / factors[:, None] - 1) <= slack[:, None]).all(axis=1)
    steady = np.abs(factors[1:] / factors[:-1] - 1) <= np.maximum(slack[1:], slack[:-1])
    follows = within & np.concatenate([[True], steady])
    if follows.mean() >= NEARLY_ALL:
        return True
    stored = apart.select("ts", pl.col(_EARLIER).name.replace("^earlier_", ""))
    return detect_split(stored, apart.select("ts", *PRICE_COLUMNS)) is not None


def _apart() -> pl.Expr:
    ratios = ((pl.col(name) / pl.col(f"earlier_{name}") - 1).abs() for name in PRICE_COLUMNS)
    return pl.max_horizontal(ratios) > TOLERANCE
