"""The raw log stores every revision once, in order of arrival."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.bar_store.raw.page_update import FetchOrigin
from regime_platform.bar_store.raw.raw_log import (
    append,
    compare,
    extent,
    read_current,
    read_raw,
)
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA, empty_bars
from regime_platform.model.markets import MARKETS
from regime_platform.revisions.fold import fold
from regime_platform.revisions.withdrawals import WITHDRAWN, marked
from regime_platform_tests.bar_store.raw.fetches import FACTS, LATER
from regime_platform_tests.builders import LONG_AFTER, START, fetch_origin, make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.examples import examples


def _counts(
    folder: Path, bars: pl.DataFrame, facts: FetchOrigin = FACTS
) -> tuple[int, int, int, int]:
    update = append(folder, bars, facts)
    return update.diff.new, update.diff.revised, update.diff.same, update.diff.provisional


def _changed(bars: pl.DataFrame, row: int, **values: float | None) -> pl.DataFrame:
    here = pl.int_range(pl.len()) == row
    return bars.with_columns(
        pl.when(here).then(pl.lit(value, dtype=pl.Float64)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def test_a_page_is_read_as_it_was_served(tmp_path: Path) -> None:
    bars = make_bars(30)

    update = append(tmp_path, bars, FACTS)

    raw = read_raw(tmp_path)
    assert raw.select(BAR_COLUMNS).equals(bars)
    assert raw["fetched_at"].unique().to_list() == [LONG_AFTER]
    assert raw["batch"].unique().to_list() == [update.file]
    assert (update.diff.new, update.diff.revised, update.diff.same, update.diff.provisional) == (
        30,
        0,
        0,
        0,
    )


def test_file_names_sort_by_arrival_and_name_the_moment(tmp_path: Path) -> None:
    append(tmp_path, make_bars(3), LATER)
    append(tmp_path, make_bars(5), FACTS)

    first, second = list_raw(tmp_path).names

    assert first.startswith("000001-20261123T031500Z-")
    assert second.startswith("000002-20261122T031500Z-")


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    append(tmp_path, make_bars(30), FACTS)
    before = {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.iterdir()]}

    update = append(tmp_path, make_bars(30), LATER)

    assert (update.diff.is_empty, update.file, update.diff.same) == (True, None, 30)
    assert {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.iterdir()]} == before


def test_only_new_and_changed_rows_are_stored(tmp_path: Path) -> None:
    append(tmp_path, make_bars(10), FACTS)
    page = _changed(make_bars(12), 4, close=1.25)

    update = append(tmp_path, page[3:], LATER)

    assert (update.diff.new, update.diff.revised, update.diff.same) == (2, 1, 6)
    stored = read_raw(tmp_path).filter(batch=update.file).select(BAR_COLUMNS)
    assert stored.equals(page[[4, 10, 11]])


def test_a_bar_that_changes_back_is_a_revision_again(tmp_path: Path) -> None:
    good, other = make_bars(3), _changed(make_bars(3), 1, close=1.25)

    counts = [_counts(tmp_path, page) for page in (good, other, good, good)]

    assert counts == [(3, 0, 0, 0), (0, 1, 2, 0), (0, 1, 2, 0), (0, 0, 3, 0)]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -0.0])
def test_nan_null_and_signed_zero_are_different_values(tmp_path: Path, value: float | None) -> None:
    page = _changed(make_bars(3), 1, volume=value)
    append(tmp_path, _changed(make_bars(3), 1, volume=0.0), FACTS)

    counts = [_counts(tmp_path, page), _counts(tmp_path, page)]

    assert counts == [(0, 1, 2, 0), (0, 0, 3, 0)]


def test_contradicting_rows_of_a_page_are_stored_once(tmp_path: Path) -> None:
    pair = pl.concat([make_bars(5), _changed(make_bars(5), 2, close=1.25)[2:3]])

    first, again = _counts(tmp_path, pair), _counts(tmp_path, pair, LATER)

    assert first == (5, 0, 1, 0)  # five bars, one of them in two rows
    assert again == (0, 0, 6, 0)
    assert read_raw(tmp_path).select(BAR_COLUMNS).equals(pair)


def test_one_of_a_contradicting_pair_alone_settles_it(tmp_path: Path) -> None:
    good = make_bars(5)
    append(tmp_path, pl.concat([good, _changed(good, 2, close=1.25)[2:3]]), FACTS)

    counts = _counts(tmp_path, good, LATER)

    assert counts == (0, 1, 4, 0)
    assert fold(read_raw(tmp_path), "1day", MARKETS["US_EQUITY"]).select(BAR_COLUMNS).equals(good)


def test_equal_rows_of_one_page_are_stored_once(tmp_path: Path) -> None:
    bars = make_bars(4)

    counts = _counts(tmp_path, pl.concat([bars, bars[1:3]]))

    assert counts == (4, 0, 2, 0)
    assert read_raw(tmp_path).height == 4


def test_rows_keep_the_order_in_which_they_came(tmp_path: Path) -> None:
    upside_down = make_bars(9).reverse()

    append(tmp_path, upside_down, FACTS)

    assert read_raw(tmp_path).select(BAR_COLUMNS).equals(upside_down)


def test_rows_without_ts_are_kept_for_the_gate(tmp_path: Path) -> None:
    page = make_bars(3).with_columns(
        pl.when(pl.int_range(pl.len()) == 1).then(None).otherwise("ts").alias("ts")
    )

    counts = [_counts(tmp_path, page), _counts(tmp_path, page)]

    assert counts == [(3, 0, 0, 0), (0, 0, 3, 0)]


def test_a_forming_bar_counts_as_provisional_until_it_is_seen_finished(tmp_path: Path) -> None:
    bars = make_bars(3)  # Monday to Wednesday, 4 January 2012
    during = fetch_origin(dt.datetime(2012, 1, 4, 18, tzinfo=dt.UTC))
    after = fetch_origin(dt.datetime(2012, 1, 4, 23, tzinfo=dt.UTC))

    counts = [_counts(tmp_path, bars, facts) for facts in (during, during, after, after)]

    assert counts == [(2, 0, 0, 1), (0, 0, 2, 1), (1, 0, 2, 0), (0, 0, 3, 0)]
    assert len(list_raw(tmp_path).names) == 2


def test_a_clock_that_goes_back_makes_no_final_bar_provisional(tmp_path: Path) -> None:
    bars = make_bars(3)
    append(tmp_path, bars, FACTS)
    before_close = fetch_origin(dt.datetime(2012, 1, 4, 18, tzinfo=dt.UTC))

    counts = _counts(tmp_path, _changed(bars, 2, close=1.25), before_close)

    assert counts == (0, 0, 2, 1)
    assert len(list_raw(tmp_path).names) == 1


def test_as_of_leaves_out_what_came_later(tmp_path: Path) -> None:
    append(tmp_path, make_bars(5), FACTS)
    append(tmp_path, _changed(make_bars(6), 0, close=1.25), LATER)

    assert read_raw(tmp_path, as_of=LONG_AFTER).select(BAR_COLUMNS).equals(make_bars(5))
    assert read_raw(tmp_path, as_of=LATER.fetched_at).height == 7
    assert read_raw(tmp_path, as_of=START).is_empty()


def test_an_empty_log_and_an_empty_page_are_valid(tmp_path: Path) -> None:
    update = append(tmp_path / "none", empty_bars(), FACTS)

    assert (update.diff.is_empty, update.file) == (True, None)
    assert read_raw(tmp_path / "none").is_empty()
    assert extent(tmp_path / "none") is None


def test_the_extent_has_first_and_last_open_and_finished_bars(tmp_path: Path) -> None:
    append(tmp_path, make_bars(10), FACTS)
    append(tmp_path, _changed(make_bars(12), 3, close=1.25), LATER)

    stored = extent(tmp_path)

    assert stored is not None
    assert (stored.first, stored.last, stored.rows) == (START, make_bars(12)["ts"][-1], 12)


def test_the_log_digest_changes_with_the_log_only(tmp_path: Path) -> None:
    append(tmp_path, make_bars(10), FACTS)
    before = list_raw(tmp_path).digest
    append(tmp_path, make_bars(10), LATER)
    unchanged = list_raw(tmp_path).digest
    append(tmp_path, make_bars(11), LATER)

    assert before == unchanged != list_raw(tmp_path).digest


def test_append_uses_the_comparison_unless_the_log_grew(tmp_path: Path) -> None:
    stale = compare(tmp_path, make_bars(5), FACTS)
    append(tmp_path, make_bars(5), FACTS)

    update = append(tmp_path, make_bars(5), LATER, stale)

    assert (stale.diff.new, update.diff.new, update.diff.same) == (5, 0, 5)


def test_a_foreign_file_in_the_folder_is_named(tmp_path: Path) -> None:
    append(tmp_path, make_bars(3), FACTS)
    (tmp_path / "2012-01-02.parquet").touch()

    with raises(BarsError, "foreign-file", match=r"2012-01-02\.parquet"):
        read_raw(tmp_path)


def test_bars_of_another_shape_are_refused(tmp_path: Path) -> None:
    with raises(BarsError, "page-schema"):
        append(tmp_path, make_bars(3).drop("volume"), FACTS)


_prices = st.sampled_from([1.0, 2.0, float("nan"), None])
_rows = st.lists(st.tuples(st.integers(0, 5), _prices), max_size=8)


def _page(rows: list[tuple[int, float | None]]) -> pl.DataFrame:
    opens = make_bars(6)["ts"]
    values = [value for _, value in rows]
    columns = dict.fromkeys(BAR_COLUMNS[1:], values)
    return pl.DataFrame({"ts": [opens[place] for place, _ in rows], **columns}, schema=BAR_SCHEMA)


@pytest.mark.slow
@examples(30)
@given(pages=st.lists(_rows, max_size=5))
def test_a_page_served_twice_adds_nothing_the_second_time(
    pages: list[list[tuple[int, float | None]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    for rows in pages:
        page = _page(rows)
        counts = _counts(folder, page)
        log = list_raw(folder).names
        again = append(folder, page, LATER)

        assert sum(counts) == page.height
        assert (again.diff.same, again.diff.is_empty) == (page.height, True)
        assert list_raw(folder).names == log
        force = fold(read_raw(folder), "1day", MARKETS["US_EQUITY"]).select(BAR_COLUMNS)
        expected = page.unique().sort("ts", "close")
        named = force.filter(pl.col("ts").is_in(expected["ts"].implode()))
        assert named.sort("ts", "close").equals(expected)


def test_the_bars_in_force_are_read_with_any_columns(tmp_path: Path) -> None:
    bars = make_bars(6)
    append(tmp_path, bars, FACTS)
    append(tmp_path, bars, LATER, marks=lambda _: marked(bars["ts"][2:3], WITHDRAWN))

    known = read_current(tmp_path, columns=("ts",)).rows
    before = read_current(tmp_path, LONG_AFTER, ("close",)).rows

    assert known["ts"].to_list() == [*bars["ts"][:2], *bars["ts"][3:]]
    assert before["close"].to_list() == bars["close"].to_list()
