"""Times of legacy stores are converted to instants and back, or refused with a reason."""

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.legacy.times import (
    AMBIGUOUS,
    NO_TIME_OF_DAY,
    SKIPPED,
    UNREADABLE,
    LegacyTimes,
    as_local,
    legacy_times,
)

NEW_YORK = "America/New_York"
AUTUMN = "2023-11-05 "  # 01:00 to 02:00 occurs twice
SPRING = "2024-03-10 "  # 02:00 to 03:00 does not exist
EARLY, LATE = (dt.datetime.fromisoformat(text) for text in ("1990-01-01", "2030-01-01"))


def read(
    raw_ts: list[str | None], zone: str = NEW_YORK, *, order: bool = False, needs_time: bool = True
) -> LegacyTimes:
    column = pl.Series("ts", raw_ts, pl.String)
    return legacy_times(column, zone, is_chronological=order, needs_time=needs_time)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-07-05 09:30:00", NEW_YORK, "2024-07-05 13:30"),
        ("2024-01-05 09:30:00", NEW_YORK, "2024-01-05 14:30"),
        ("2024-01-05T09:30", NEW_YORK, "2024-01-05 14:30"),
        ("2024-01-05 09:30:00.250", NEW_YORK, "2024-01-05 14:30:00.250"),
        ("2024-01-05 09:30:00", "UTC", "2024-01-05 09:30"),
        ("2024-01-05 09:30:00+01:00", NEW_YORK, "2024-01-05 08:30"),
        (f"{AUTUMN}00:59:00", NEW_YORK, "2023-11-05 04:59"),
        (f"{AUTUMN}02:00:00", NEW_YORK, "2023-11-05 07:00"),
    ],
)
def test_an_unambiguous_time_is_its_instant(text: str, zone: str, expected: str) -> None:
    parsed = read([text], zone)

    assert parsed.ts.to_list() == [utc(expected)]
    assert parsed.refused is None


@pytest.mark.parametrize(
    ("raw_ts", "reason"),
    [
        (["05/01/2024 09:30"], UNREADABLE),
        ([None], UNREADABLE),
        (["2024-13-05 09:30:00"], UNREADABLE),
        (["2024-01-05"], NO_TIME_OF_DAY),
        ([f"{AUTUMN}01:30:00"], AMBIGUOUS),
        ([f"{SPRING}02:30:00"], SKIPPED),
        (["2024-01-05 09:30:00+01:00", "2024-01-05 10:30:00"], UNREADABLE),
    ],
)
def test_an_unclear_time_is_refused_and_its_neighbour_is_not(
    raw_ts: list[str | None], reason: str
) -> None:
    parsed = read([*raw_ts, "2024-01-05 15:45:00"])

    assert parsed.refused is not None
    assert parsed.refused[0] == reason
    assert parsed.ts[0] is None
    assert parsed.refused[-1] is None
    assert parsed.ts[-1] == utc("2024-01-05 20:45")


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
def test_an_hour_that_occurs_twice_is_resolved_by_the_order_of_the_rows(*, backward: bool) -> None:
    raw_ts = [f"{AUTUMN}{time}" for time in ("00:30", "01:00", "01:30", "01:00", "01:30", "02:00")]
    instants = [utc(f"2023-11-05 {time}") for time in ("04:30", "05:00", "05:30")]
    instants += [utc(f"2023-11-05 {time}") for time in ("06:00", "06:30", "07:00")]
    if backward:
        raw_ts, instants = raw_ts[::-1], instants[::-1]

    parsed = read(list(raw_ts), order=True)

    assert parsed.ts.to_list() == instants
    assert parsed.refused is None
    assert parsed.by_order == 4


@pytest.mark.parametrize("count", [1, 3])
def test_order_resolves_nothing_where_the_hour_does_not_occur_twice(count: int) -> None:
    parsed = read([f"{AUTUMN}01:30:00"] * count, order=True)

    assert parsed.refused is not None
    assert parsed.refused.to_list() == [AMBIGUOUS] * count


def test_dates_are_dates_in_no_zone() -> None:
    parsed = read(["2024-07-05", "2024-07-08 00:00:00"], "UTC", needs_time=False)

    assert parsed.ts.to_list() == [utc("2024-07-05"), utc("2024-07-08")]


@settings(deadline=None)
@given(
    st.lists(st.datetimes(EARLY, LATE), min_size=1),
    st.sampled_from(["UTC", NEW_YORK, "Europe/Berlin"]),
)
def test_instants_and_local_times_convert_to_each_other(
    moments: list[dt.datetime], zone: str
) -> None:
    shown = [moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)) for moment in moments]
    local = [moment.replace(tzinfo=None) for moment in shown]

    parsed = legacy_times(pl.Series("ts", local, pl.Datetime("us")), zone, needs_time=True)

    for at, moment in enumerate(moments):
        if parsed.ts[at] is None:
            assert shown[at].replace(fold=0).utcoffset() != shown[at].replace(fold=1).utcoffset()
        else:
            assert parsed.ts[at] == moment.replace(tzinfo=dt.UTC)
    known = parsed.ts.is_not_null()
    assert as_local(parsed.ts.filter(known), zone).to_list() == parsed.local.filter(known).to_list()
