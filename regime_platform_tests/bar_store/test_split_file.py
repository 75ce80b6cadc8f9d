"""splits.json: timeframes are pending until they are fetched again, also after a kill."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.split_file import (
    note_split,
    pending_split,
    read_splits,
    settle_split,
)
from regime_platform.errors import BarsError
from regime_platform.revisions.splits import Split
from regime_platform_tests.builders import LONG_AFTER, START
from regime_platform_tests.error_codes import raises

BY_DATE = ("1day", "1week")
TWO = Split(
    ratio=Fraction(2),
    bars=5,
    first=START,
    last=START + dt.timedelta(days=4),
    deviation=0.0,
    same_from=None,
)
LATER = LONG_AFTER + dt.timedelta(days=1)
STORED = """{
  "splits": [
    {
      "timeframe": "1week",
      "ratio": "1:10",
      "seen_at": "2026-11-20T03:15:00.250000Z",
      "seen_on": "1day",
      "evidence": {
        "ratio": "1:10",
        "bars": 7,
        "first": "2012-01-02T00:00:00Z",
        "last": "2012-01-10T00:00:00Z",
        "deviation": 2.1e-05,
        "same_from": null
      },
      "refetched_at": null
    }
  ]
}
"""


def _note(paths: SymbolPaths, split: Split = TWO, at: dt.datetime = LONG_AFTER) -> None:
    note_split(paths, BY_DATE, split, seen_on="1day", seen_at=at)


def test_a_split_waits_on_every_timeframe_until_each_is_settled(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)

    settle_split(paths, "1day", LATER)

    assert pending_split(paths, "1day") is None
    waiting = pending_split(paths, "1week")
    assert waiting is not None
    assert (waiting.ratio, waiting.seen_on, waiting.seen_at) == (2, "1day", LONG_AFTER)
    assert waiting.evidence == TWO


def test_a_pending_split_is_recorded_once(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)
    before = paths.splits.read_bytes()

    _note(paths, at=LATER)

    assert paths.splits.read_bytes() == before


def test_the_same_ratio_years_later_is_another_split(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)
    for timeframe in BY_DATE:
        settle_split(paths, timeframe, LATER)

    _note(paths, at=LATER + dt.timedelta(days=900))

    assert len(read_splits(paths)) == 4
    assert pending_split(paths, "1day") is not None


def test_without_splits_nothing_waits_and_nothing_is_written(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)

    settle_split(paths, "1day", LATER)

    assert pending_split(paths, "1day") is None
    assert not paths.splits.exists()


def test_a_list_is_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    paths.splits.write_text(STORED)

    settle_split(paths, "1week", LONG_AFTER)

    settled = STORED.replace("null\n    }\n  ]", '"2026-11-22T03:15:00Z"\n    }\n  ]')
    assert paths.splits.read_text() == settled


def test_a_damaged_list_is_named(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    paths.splits.write_text('{"splits": [{"ratio": "2:1"}]}')

    with raises(BarsError, "splits-damaged", match=r"splits\.json"):
        pending_split(paths, "1day")
