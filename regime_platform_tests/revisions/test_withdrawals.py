"""What marks and readings leave of a raw log."""

import polars as pl
import pytest

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.revisions.withdrawals import KEPT, LOST, WITHDRAWN, current, marks_of_whole
from regime_platform_tests.builders import make_opens

OPENS = make_opens(9).to_list()


def _rows(
    batch: int, *places: int, mark: str = "", source: str = "files", reading: str = ""
) -> pl.DataFrame:
    opens = pl.Series("ts", [OPENS[place] for place in places], dtype=BAR_SCHEMA["ts"])
    return opens.to_frame().with_columns(
        batch=pl.lit(f"{batch:06d}-x.parquet"),
        source=pl.lit(source),
        reading=pl.lit(reading),
        mark=pl.lit(mark),
    )


def _current(*batches: pl.DataFrame) -> tuple[list[tuple[int, int]], list[int]]:
    """Batch and place of each bar, and the places of lost ones."""
    known = current(pl.concat(batches))
    rows = [(int(row["batch"][:6]), OPENS.index(row["ts"])) for row in known.rows.to_dicts()]
    return rows, [OPENS.index(ts) for ts in known.lost]


def test_a_withdrawn_bar_is_none_until_it_is_served_again() -> None:
    first, mark, again = _rows(1, 0, 1), _rows(2, 1, mark=WITHDRAWN), _rows(3, 1)

    assert _current(first, mark) == ([(1, 0)], [])
    assert _current(first, mark, again) == ([(1, 0), (3, 1)], [])


def test_a_mark_concerns_its_own_source_alone() -> None:
    migrated = _rows(1, 0, 1, source="legacy:live AAA")
    assert _current(migrated, _rows(2, 1), _rows(3, 1, mark=WITHDRAWN)) == ([(1, 0), (1, 1)], [])


@pytest.mark.parametrize(
    ("marks", "lost"),
    [((LOST,), [1]), ((LOST, KEPT), []), ((LOST, KEPT, LOST), [1]), ((LOST, WITHDRAWN), [])],
)
def test_the_last_mark_decides_whether_a_bar_is_lost(
    marks: tuple[str, ...], lost: list[int]
) -> None:
    batches = [_rows(number, 1, mark=mark) for number, mark in enumerate(marks, 2)]

    assert _current(_rows(1, 1), *batches)[1] == lost


def test_a_revision_of_a_lost_bar_ends_the_loss() -> None:
    assert _current(_rows(1, 1), _rows(2, 1, mark=LOST), _rows(3, 1))[1] == []


def test_only_the_batches_since_the_last_change_of_reading_count() -> None:
    others = _rows(1, 5, source="sample")
    unnamed, first = _rows(2, 0), _rows(3, 1, reading="a")
    second, back = _rows(4, 2, reading="b"), _rows(5, 3, reading="a")

    assert _current(others, unnamed, first)[0] == [(1, 5), (2, 0), (3, 1)]
    assert _current(others, unnamed, first, second)[0] == [(1, 5), (4, 2)]
    assert _current(others, unnamed, first, second, back)[0] == [(1, 5), (5, 3)]


def test_what_shares_time_with_a_served_bar_is_inside() -> None:
    opens = make_opens(8, "1h")
    absent = pl.DataFrame({"ts": opens.dt.offset_by("30m")}).with_columns(is_bar=pl.lit(value=True))

    marks = marks_of_whole(absent, opens.clear(), opens[2:5], "1h", is_rolling=False)

    assert marks.filter(mark=WITHDRAWN)["ts"].to_list() == absent["ts"][1:5].to_list()
    assert marks.filter(mark=LOST).height == 4
