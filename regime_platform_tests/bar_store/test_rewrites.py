"""What a split asks for is remembered until it is done, whenever a process ends."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.rewrites import note, pending, read_rewrites, settle
from regime_platform.errors import BarsError
from regime_platform.revisions.splits import Split
from regime_platform_tests.builders import LONG_AFTER, START
from regime_platform_tests.error_codes import raises

BY_DATE = ("1day", "1week")
TWO = Split(Fraction(2), 5, START, START + dt.timedelta(days=4), 0.0, None)
LATER = LONG_AFTER + dt.timedelta(days=1)


def _note(paths: SymbolPaths, split: Split = TWO, at: dt.datetime = LONG_AFTER) -> None:
    note(paths, BY_DATE, split, seen_on="1day", seen_at=at)


def test_a_split_waits_on_every_timeframe_until_each_is_settled(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)

    settle(paths, "1day", LATER)

    assert pending(paths, "1day") is None
    waiting = pending(paths, "1week")
    assert waiting is not None
    assert (waiting.ratio, waiting.seen_on, waiting.seen_at) == (
        "2:1",
        "1day",
        "2026-11-22T03:15:00Z",
    )
    assert waiting.evidence["bars"] == 5


def test_noting_a_split_twice_is_noting_it_once(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)
    before = paths.splits.read_bytes()

    _note(paths, at=LATER)

    assert paths.splits.read_bytes() == before


def test_the_same_ratio_years_later_is_another_split(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)
    for timeframe in BY_DATE:
        settle(paths, timeframe, LATER)

    _note(paths, at=LATER + dt.timedelta(days=900))

    assert len(read_rewrites(paths)) == 4
    assert pending(paths, "1day") is not None


def test_without_splits_nothing_waits_and_nothing_is_written(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)

    settle(paths, "1day", LATER)

    assert pending(paths, "1day") is None
    assert not paths.splits.exists()


def test_a_damaged_list_is_named(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    paths.splits.write_text('{"splits": [{"ratio": "2:1"}]}')

    with raises(BarsError, "splits-damaged", match=r"splits\.json"):
        pending(paths, "1day")
