"""The fold: the latest revision of every bar, whatever the order of the rows."""

import datetime as dt
import random
from functools import partial

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.markets import MARKETS
from regime_platform.revisions.fold import diff_page, fold
from regime_platform_tests.builders import LONG_AFTER, fetched, make_bars


def _batch(number: int, bars: pl.DataFrame, at: dt.datetime = LONG_AFTER) -> pl.DataFrame:
    return fetched(bars, at, f"{number:06d}-x.parquet")


def _fold(*batches: pl.DataFrame) -> pl.DataFrame:
    return fold(pl.concat(batches), "1day", MARKETS["US_EQUITY"])


def test_the_latest_batch_is_in_force_for_each_of_its_bars() -> None:
    old, new = make_bars(10), make_bars(10, seed=1)

    folded = _fold(_batch(1, old), _batch(2, new[4:6]))

    assert folded.select(BAR_COLUMNS).equals(pl.concat([old[:4], new[4:6], old[6:]]))
    assert folded["batch"].to_list()[3:7] == [f"00000{n}-x.parquet" for n in (1, 2, 2, 1)]


def test_batches_rank_by_arrival_and_not_by_fetch_time() -> None:
    old, new = make_bars(3), make_bars(3, seed=1)

    folded = _fold(_batch(1, old), _batch(2, new, LONG_AFTER - dt.timedelta(days=9)))

    assert folded.select(BAR_COLUMNS).equals(new)


def test_a_forming_bar_never_outranks_a_finished_one() -> None:
    old, new = make_bars(3), make_bars(3, seed=1)

    folded = _fold(_batch(1, old), _batch(2, new, dt.datetime(2012, 1, 4, 18, tzinfo=dt.UTC)))

    assert folded.select(BAR_COLUMNS).equals(pl.concat([new[:2], old[2:]]))


def test_a_bar_only_fetched_while_forming_is_included() -> None:
    folded = _fold(_batch(1, make_bars(3), dt.datetime(2012, 1, 4, 18, tzinfo=dt.UTC)))

    assert folded.height == 3


def test_contradicting_rows_of_the_latest_batch_are_all_there() -> None:
    old, new, other = make_bars(3), make_bars(3, seed=1), make_bars(3, seed=2)

    folded = _fold(_batch(1, old), _batch(2, pl.concat([new[1:2], other[1:2]])))

    assert folded.select(BAR_COLUMNS).equals(pl.concat([old[:1], new[1:2], other[1:2], old[2:]]))


def test_a_new_bar_that_is_served_with_two_values_is_one_bar() -> None:
    bars, other = make_bars(3), make_bars(3, seed=2)
    market = MARKETS["US_EQUITY"]

    page = pl.concat([bars, other[1:2]]).sort("ts")
    stored = _batch(1, bars).clear()
    diff = diff_page(stored, page, fetched_at=LONG_AFTER, timeframe="1day", market=market)

    assert (diff.new, diff.revised, diff.same, diff.rows.height) == (3, 0, 1, 4)


def test_no_rows_fold_to_no_rows() -> None:
    assert _fold(_batch(1, make_bars(3)).clear()).is_empty()


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(
    pages=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 10)), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_rows_does_not_matter(
    pages: list[tuple[int, int]], order: random.Random
) -> None:
    batches = [
        _batch(number, make_bars(30, seed=number)[start : start + size])
        for number, (start, size) in enumerate(pages)
    ]
    raw = pl.concat(batches)
    shuffled = list(range(raw.height))
    order.shuffle(shuffled)

    assert _fold(raw[shuffled]).equals(_fold(raw))
    assert _fold(_fold(raw)).equals(_fold(raw))


@settings(deadline=None, max_examples=60)
@given(
    stored=st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0, 3])), max_size=2),
    page=st.tuples(st.integers(0, 5), st.integers(0, 8)),
    changed=st.sets(st.tuples(st.integers(0, 9), st.sampled_from(BAR_COLUMNS[1:]))),
    hours=st.integers(-1, 9),
    again=st.booleans(),
)
def test_a_page_in_order_is_compared_as_in_any_order(
    stored: list[tuple[int, int]],
    page: tuple[int, int],
    changed: set[tuple[int, str]],
    hours: int,
    again: bool,
) -> None:
    bars, row = make_bars(20, "1h"), pl.int_range(pl.len())
    known = [
        _batch(n, bars[a : a + 8], bars["ts"][a + 7] + dt.timedelta(hours=late))
        for n, (a, late) in enumerate(stored)
    ]
    served = bars[page[0] : page[0] + page[1]]
    for place, name in changed:
        value = None if place % 2 else 1e6
        served = served.with_columns(pl.when(row == place).then(value).otherwise(name).alias(name))
    compare = partial(
        diff_page,
        pl.concat([_batch(0, bars[:0]), *known]),
        fetched_at=bars["ts"][page[0]] + dt.timedelta(hours=hours),
        timeframe="1h",
        market=MARKETS["US_EQUITY"],
        again=again,
    )

    in_order, reverse = compare(served=served), compare(served=served.reverse())

    assert in_order.rows.equals(reverse.rows.sort("ts"))
    counts = ("new", "revised", "same", "provisional", "repeated")
    assert [getattr(in_order, name) for name in counts] == [
        getattr(reverse, name) for name in counts
    ]
