"""Detects fetches whose bars cannot be revisions of the stored ones.

A source revises some bars, or all of them by a factor: a split, a dividend, another unit. Where it
serves most of them with prices that no factor explains, the whole series has to be read again;
where these are nearly all, or older bars do not come back, it serves another instrument.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.document import Document, Instant
from regime_platform.model.markets import Market
from regime_platform.revisions.basis_changes import (
    USABLE,
    detect_basis_change,
    is_older,
    last_digits,
)
from regime_platform.revisions.fold import precedence, ranks
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.comparison import (
    NO_REVISED,
    TOLERANCE,
    revised_price,
    versions_of_repeated,
)

#: Common bars of a fetch and the stored ones from which on it contradicts if all differ (an update
#: requests so many again), or if this share of at least ``MANY`` differs.
FEWEST, MANY, NEARLY_ALL = 5, 20, 0.9
#: A page disagrees with the stored bars if so many differ, and more than half of the common ones.
FEWEST_APART = 3
#: What rounding on the way may do to a price that was multiplied, beside its last digit.
_NOISE = 2e-4

_EARLIER = [f"earlier_{name}" for name in PRICE_COLUMNS]

Repeated = Callable[[], Mapping[str, str]]


class Disagreement(Document):
    """Bars that a page repeats have other prices, and no factor explains it."""

    shared: int  # common bars of the page and the stored ones
    apart: int  # of which prices differ by more than the tolerance
    first: Instant  # open of the first of these
    last: Instant  # and of the last

    def describe(self) -> str:
        """The same in words."""
        return (
            f"{self.apart:,} of {self.shared:,} bars fetched again have other prices, which no "
            f"factor explains ({self.first:%Y-%m-%d} to {self.last:%Y-%m-%d})"
        )


class Reading(NamedTuple):
    """A series that was read again in whole, since its bars disagreed."""

    before: int  # number of the first batch of it
    until: dt.datetime  # when it was done


def contradictions(  # noqa: PLR0913 - the log, its meaning, and what is known beside it
    raw: pl.DataFrame,
    served: pl.DataFrame,
    timeframe: str,
    market: Market,
    *,
    repeated: Repeated,
    settled: dt.datetime | None,
    readings: Sequence[Reading] = (),
) -> pl.DataFrame:
    """The bars in force of contradicting fetches: ``ts`` and ``revised_price``.

    A later fetch that agrees with the earlier bars replaces them again.

    Args:
        raw: all revisions (gate schema).
        served: those in force, as they were served.
        timeframe: of the series.
        market: decides when bars are finished.
        repeated: called only if needed: batch -> number of its finished bars that were stored
            already, bit for bit; "" where an earlier release did not record it.
        settled: fetches up to this moment were declared to be of the same instrument.
        readings: after which bars of older batches were to have come back; where some did not, and
            most others changed, the batches of a reading contradict them.
    """
    versions = _versions(raw, timeframe, market)
    if versions.is_empty():
        return NO_REVISED
    foreign = set[str]()
    if readings:
        stored = served.filter(finished_when_fetched(served, timeframe, market))
        foreign = _unjoined(versions, stored, readings, settled)
    while True:
        batch = _first_contradicting(versions, foreign, repeated, settled)
        if batch is None:
            break
        foreign.add(batch)
    rows = served.filter(pl.col("batch").is_in(foreign)) if foreign else NO_REVISED
    if rows.is_empty():
        return NO_REVISED
    before = versions.filter(~pl.col("batch").is_in(foreign)).unique("ts", keep="last")
    before = before.select("ts", pl.col(PRICE_COLUMNS).name.prefix("earlier_"))
    both = rows.join(before, on="ts", how="left", maintain_order="left")
    both = both.filter(_apart().fill_null(value=True))
    # bars with two prices first, since messages quote the first
    quoted = both.select("ts", *revised_price())
    return quoted.sort(pl.col("before").is_null(), "ts", maintain_order=True)


def page_disagreement(
    stored: pl.DataFrame, page: pl.DataFrame, *, joins: bool = False
) -> Disagreement | None:
    """How a page disagrees with ``stored``, the finished bars in force, where it does.

    More than half of the common bars differ, at least ``FEWEST_APART``; any bar where the page is
    to join a history. That a factor explains this is to be ruled out before.
    """
    before = stored.filter(USABLE).select("ts", pl.col(PRICE_COLUMNS).name.prefix("earlier_"))
    both = before.join(page.filter(USABLE), on="ts").unique("ts").sort("ts")
    apart = both.filter(_apart())["ts"]
    is_most = apart.len() >= FEWEST_APART and 2 * apart.len() > both.height
    if not (is_most or (joins and apart.len())):
        return None
    return Disagreement(shared=both.height, apart=apart.len(), first=apart[0], last=apart[-1])


def _versions(raw: pl.DataFrame, timeframe: str, market: Market) -> pl.DataFrame:
    """The finished versions of all bars that have several, in order of precedence."""
    again = versions_of_repeated(raw, timeframe, market)
    if again.is_empty():
        return again
    again = again.filter(USABLE).unique(["ts", "batch"], keep="last", maintain_order=True)
    return again.with_columns(rank=ranks(again["batch"])).sort("ts", "rank")


def _unjoined(
    versions: pl.DataFrame,
    served: pl.DataFrame,
    readings: Sequence[Reading],
    settled: dt.datetime | None,
) -> set[str]:
    """Batches of readings that left bars of older batches in force and changed most others.

    ``served`` are finished bars: a forming bar of an older batch has only to be finished.
    """
    foreign: set[str] = set()
    for before, until in readings:
        is_accepted = settled is not None and until <= settled
        if is_accepted or served.filter(is_older(before)).is_empty():
            continue
        again = served.filter(~is_older(before) & (pl.col("fetched_at") <= until))
        older = versions.filter(is_older(before)).unique("ts", keep="last")
        older = older.select("ts", pl.col(PRICE_COLUMNS).name.prefix("earlier_"))
        both = again.join(older, on="ts")
        if 2 * both.filter(_apart()).height > both.height:
            foreign.update(again["batch"])
    return foreign


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
    stored = apart.select("ts", "volume", pl.col(_EARLIER).name.replace("^earlier_", ""))
    return detect_basis_change(stored, apart) is not None


def _apart() -> pl.Expr:
    ratios = ((pl.col(name) / pl.col(f"earlier_{name}") - 1).abs() for name in PRICE_COLUMNS)
    return pl.max_horizontal(ratios) > TOLERANCE
