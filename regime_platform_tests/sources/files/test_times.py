"""Local times of a file are read as their instants, or refused."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.errors import BarsError
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.mapped import OURS, served, utc


@pytest.mark.parametrize("text", ["2024-01-02", "2024-01-02 00:00:00"])
def test_a_date_is_that_date_in_any_zone(tmp_path: Path, text: str) -> None:
    bars = served(tmp_path, "1day", f"{OURS}{text},1,1,1,1,1\n", "zone: America/New_York")

    assert bars["ts"][0] == utc(2024, 1, 2)


def test_dates_in_their_format_label_days_and_no_hours(tmp_path: Path) -> None:
    text, mapping = OURS + "02.01.2024,1,1,1,1,1\n", 'time_format: "%d.%m.%Y"'

    assert served(tmp_path, "1day", text, mapping)["ts"][0] == utc(2024, 1, 2)
    with raises(BarsError, "bad-value", match="a date alone"):
        served(tmp_path, "1h", text, mapping)


def _local_rows(opens: pl.Series, zone: str) -> str:
    texts = opens.dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M")
    return "".join(f"{text},1,1,1,1,1\n" for text in texts)


@settings(deadline=None, max_examples=16)
@given(
    zone=st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe"]),
    day=st.sampled_from([60, 270]),  # clocks change in the days after, everywhere
    minutes=st.sampled_from([15, 30]),
    backward=st.booleans(),
)
def test_local_times_around_clock_changes_are_read_as_their_instants(
    zone: str, day: int, minutes: int, backward: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    start = utc(2024, 1, 1) + dt.timedelta(days=day)
    end = start + dt.timedelta(days=40)  # whole days: no hour that comes twice is cut in half
    opens = pl.datetime_range(start, end, f"{minutes}m", closed="left", time_unit="us", eager=True)
    wanted = (opens.reverse() if backward else opens).alias("ts")
    text = OURS + _local_rows(wanted, zone)

    bars = served(tmp_path_factory.mktemp("files"), f"{minutes}min", text, f"zone: {zone}")

    assert bars["ts"].equals(wanted)


@pytest.mark.parametrize(
    ("time", "why"),
    [
        ("2024-03-10 02:30", "skipped by the clocks"),
        ("2024-11-03 01:30", "comes twice on the clocks and once in the file"),
    ],
)
def test_an_ambiguous_or_skipped_local_time_is_refused_with_its_line(
    tmp_path: Path, time: str, why: str
) -> None:
    text = f"{OURS}2024-01-02 09:30,1,1,1,1,1\n{time},1,1,1,1,1\n"

    with raises(BarsError, "bad-value", match=rf"line 3: ts is '{time}'.*offset"):
        served(tmp_path, "1h", text, "zone: America/New_York")
    assert why
