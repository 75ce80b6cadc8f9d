"""Which rows of a series are read and written again."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.errors import ResultsError
from regime_platform.model.digests import BLOCK_ROWS, blocks_of
from regime_platform.sql_views.catalog import Part
from regime_platform.sql_views.series_parts import parts_of
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises

_KEY = ("bars", "AAA", "1day")
_BARS = make_bars(4 * BLOCK_ROWS)


def _parts(
    bars: pl.DataFrame, stored: list[Part], first_read: list[dt.datetime | None] | None = None
) -> list[tuple[bool, int, bool]]:
    """Each part: whether it is the tail, its rows, and whether it is written."""
    shown = _shown(bars, stored, first_read)
    return [(part.is_tail, part.rows, rows is not None) for part, rows in shown]


def _shown(
    bars: pl.DataFrame, stored: list[Part], read: list[dt.datetime | None] | None = None
) -> list[tuple[Part, pl.DataFrame | None]]:
    def rows(after: dt.datetime | None) -> pl.DataFrame:
        if read is not None:
            read.append(after)
        return bars if after is None else bars.filter(pl.col("ts") > after)

    return list(parts_of(_KEY, blocks_of(bars), stored, rows))


def _stored(bars: pl.DataFrame) -> list[Part]:
    return [part for part, _ in _shown(bars, [])]


def test_one_more_bar_writes_the_tail_alone() -> None:
    before = _BARS[: BLOCK_ROWS + 10]
    stored, read = _stored(before), list[dt.datetime | None]()

    parts = _parts(_BARS[: BLOCK_ROWS + 11], stored, read)

    assert parts == [(False, BLOCK_ROWS, False), (True, 11, True)]
    assert read == [before["ts"][BLOCK_ROWS - 1]]
    assert _parts(before, stored) == [(False, BLOCK_ROWS, False), (True, 10, False)]


def test_a_long_tail_becomes_whole_blocks() -> None:
    stored = _stored(_BARS[: BLOCK_ROWS + 10])

    parts = _parts(_BARS[: 3 * BLOCK_ROWS + 1], stored)

    assert parts == [(False, 3 * BLOCK_ROWS, True), (True, 1, True)]


@pytest.mark.parametrize("rows", [5, BLOCK_ROWS, BLOCK_ROWS + 10])
def test_a_changed_early_bar_writes_all(rows: int) -> None:
    before = _BARS[:rows]
    changed = before.with_columns(close=pl.col("close") + (pl.int_range(pl.len()) == 1))

    written = [rows for _, rows in _shown(changed, _stored(before))]

    frames = [frame for frame in written if frame is not None]
    assert len(frames) == len(written)
    assert pl.concat(frames).equals(changed)


def test_fewer_rows_than_the_blocks_state_are_refused() -> None:
    with raises(ResultsError, "results-damaged"):
        list(parts_of(_KEY, blocks_of(_BARS[:20]), [], lambda _: _BARS[:19]))
