"""The request record of a series: what counts as answered, and its JSON."""

import datetime as dt
import json
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.model.coverage import UNREAD, Coverage, Refusal, Window

MONDAY = dt.datetime(2024, 1, 8, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
OPENS = pl.Series("ts", [MONDAY + n * DAY for n in range(10)], dtype=pl.Datetime("us", "UTC"))


def answered(coverage: Coverage, first: int, end: int, at: dt.datetime = MONDAY) -> Coverage:
    """After the days [first, end) were answered."""
    return coverage.answered(MONDAY + first * DAY, MONDAY + end * DAY, OPENS, at)


def test_an_answer_covers_its_window_and_neighbours_merge() -> None:
    coverage = answered(answered(Coverage(), 0, 3), 3, 5, MONDAY + DAY)

    assert coverage.windows == (Window(MONDAY, MONDAY + 5 * DAY, 5, MONDAY),)
    assert coverage.missing(MONDAY, MONDAY + 7 * DAY) == [(MONDAY + 5 * DAY, MONDAY + 7 * DAY)]


def test_a_window_inside_an_answer_is_renewed_and_gaps_are_filled() -> None:
    coverage = answered(answered(Coverage(), 2, 3).unread(), 0, 5, MONDAY + DAY)

    assert [(window.rows, window.read_at) for window in coverage.windows] == [(5, MONDAY + DAY)]


def test_a_window_that_is_unread_stays_apart() -> None:
    unread = answered(Coverage(), 0, 2).unread()

    assert [window.read_at for window in answered(unread, 2, 4).windows] == [UNREAD, MONDAY]


@given(
    days=st.lists(st.integers(0, 9), min_size=2, max_size=6, unique=True).map(sorted),
    lost=st.sets(st.integers(0, 9)),
)
def test_covered_and_missing_parts_are_the_whole(days: list[int], lost: set[int]) -> None:
    coverage = Coverage()
    for first, end in zip(days[::2], days[1::2], strict=False):
        coverage = answered(coverage, first, end)
    known = coverage.verified(OPENS.filter(pl.Series([n not in lost for n in range(10)])))

    parts = [*[(window.start, window.end) for window in known.windows]]
    parts = sorted([*parts, *known.missing(MONDAY, MONDAY + 10 * DAY)])

    assert (parts[0][0], parts[-1][1]) == (MONDAY, MONDAY + 10 * DAY)
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    assert all(not lost & set(_days(window)) for window in known.windows)


def _days(window: Window) -> range:
    return range((window.start - MONDAY).days, (window.end - MONDAY).days)


def test_what_a_clock_ahead_recorded_is_unknown() -> None:
    coverage = answered(answered(Coverage(earliest=MONDAY.date()), 0, 2), 3, 4, MONDAY + 90 * DAY)
    settled = coverage.settled_until(MONDAY + 4 * DAY)

    known = settled.known_at(MONDAY + 5 * DAY, MONDAY + 5 * DAY)

    assert [window.end for window in known.windows] == [MONDAY + 2 * DAY]
    assert known.settled == MONDAY + 2 * DAY


FULL = Coverage(
    windows=(Window(MONDAY, MONDAY + DAY, 1, MONDAY.replace(microsecond=5)),),
    settled=MONDAY,
    earliest=dt.date(2020, 2, 29),
    refusal=Refusal(status="not_offered", reason="none", ask_again=dt.date(2024, 1, 9)),
    log="abc",
)
JSON = (
    '{"windows": [["2024-01-08T00:00:00Z", "2024-01-09T00:00:00Z", 1, '
    '"2024-01-08T00:00:00.000005Z"]], "settled": "2024-01-08T00:00:00Z", '
    '"earliest": "2020-02-29", "earliest_asked": null, "since": null, '
    '"refusal": {"status": "not_offered", "reason": "none", "ask_again": "2024-01-09"}, '
    '"log": "abc"}'
)


def test_the_json_is_that_of_earlier_releases() -> None:
    assert json.dumps(FULL.model_dump(mode="json")) == JSON
    assert Coverage.parsed(json.loads(JSON)) == FULL
    assert Coverage.parsed({**json.loads(JSON), "of a later release": 1}) == FULL


@given(
    days=st.lists(st.integers(0, 9), min_size=2, max_size=6, unique=True).map(sorted),
    read_at=st.datetimes(timezones=st.just(dt.UTC)),
    settled=st.none() | st.datetimes(timezones=st.just(dt.UTC)),
    since=st.none() | st.dates(),
)
def test_a_record_is_read_as_it_was_written(
    days: list[int], read_at: dt.datetime, settled: dt.datetime | None, since: dt.date | None
) -> None:
    coverage = Coverage(settled=settled, since=since)
    for first, end in zip(days[::2], days[1::2], strict=False):
        coverage = answered(coverage, first, end, read_at)

    stored = json.dumps(coverage.model_dump(mode="json"))

    assert Coverage.parsed(json.loads(stored)) == coverage


@pytest.mark.parametrize(
    "change",
    [
        {"windows": [[1]]},
        {"windows": "no"},
        {"windows": [["2024-01-08T00:00:00Z", "2024-01-09T00:00:00Z", "1", "soon"]]},
        {"settled": 5},
        {"earliest": "soon"},
        {"refusal": {}},
        {"log": None},
    ],
)
def test_a_record_of_another_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        Coverage.parsed({**json.loads(JSON), **change})


@pytest.mark.parametrize("name", ["windows", "since", "log"])
def test_an_incomplete_record_is_refused(name: str) -> None:
    document = {key: value for key, value in json.loads(JSON).items() if key != name}

    with pytest.raises(ValueError, match=f"{name} missing"):
        Coverage.parsed(document)
