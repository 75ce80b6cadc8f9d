"""Files of somebody else's making: their columns, their times, and nothing guessed."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.errors import BarsError, ConfigError
from regime_platform.model.instruments import Instrument
from regime_platform.sources.files.source import FilesSource
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises

MINE = Instrument("MINE", "My own", "US_EQUITY", "core", "files")
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
OURS = "ts,open,high,low,close,volume\n"


def _served(root: Path, timeframe: str, text: str, mapping: str, place: str = "MINE"):
    (root / "MINE").mkdir(exist_ok=True)
    (root / "MINE" / f"{timeframe}.csv").write_text(text, encoding="utf-8")
    (root / place / "mapping.yaml").write_text(mapping, encoding="utf-8")
    page = FilesSource(root).series(MINE, timeframe)
    return page.bars


def _utc(*numbers: int) -> dt.datetime:
    return dt.datetime(*numbers, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


def test_their_columns_format_and_zone_become_ours(tmp_path: Path) -> None:
    text = "Sym,Day,Clock,Open,Hi,Lo,Last,Adj\nX,03/11/2024,09:30,1,3,0.5,2,9\n"
    mapping = """
    columns: {ts: [Day, Clock], open: Open, high: Hi, low: Lo, close: Last}
    zone: America/New_York
    time_format: "%m/%d/%Y %H:%M"
    """

    bars = _served(tmp_path, "1h", text, mapping)

    assert bars.rows() == [(_utc(2024, 3, 11, 13, 30), 1.0, 3.0, 0.5, 2.0, None)]


def test_the_mapping_of_the_symbol_goes_before_the_one_for_all(tmp_path: Path) -> None:
    text = OURS + "2024-01-02 09:30,1,1,1,1,1\n"
    _served(tmp_path, "1h", text, "zone: Asia/Tokyo", place=".")

    tokyo = FilesSource(tmp_path).series(MINE, "1h")
    own = _served(tmp_path, "1h", text, "zone: America/New_York")

    assert tokyo.bars["ts"][0] == _utc(2024, 1, 2, 0, 30)
    assert own["ts"][0] == _utc(2024, 1, 2, 14, 30)


def test_an_offset_in_the_text_goes_before_the_zone(tmp_path: Path) -> None:
    rows = "2024-01-02 14:30Z,1,1,1,1,1\n2024-01-02 15:30,1,1,1,1,1\n"

    bars = _served(tmp_path, "1h", OURS + rows, "zone: Europe/Berlin")

    assert bars["ts"].to_list() == [_utc(2024, 1, 2, 14, 30)] * 2


@pytest.mark.parametrize("text", ["2024-01-02", "2024-01-02 00:00:00"])
def test_a_date_is_that_date_in_any_zone(tmp_path: Path, text: str) -> None:
    bars = _served(tmp_path, "1day", f"{OURS}{text},1,1,1,1,1\n", "zone: America/New_York")

    assert bars["ts"][0] == _utc(2024, 1, 2)


def test_dates_in_their_format_label_days_and_no_hours(tmp_path: Path) -> None:
    text, mapping = OURS + "02.01.2024,1,1,1,1,1\n", 'time_format: "%d.%m.%Y"'

    assert _served(tmp_path, "1day", text, mapping)["ts"][0] == _utc(2024, 1, 2)
    with raises(BarsError, "bad-value", match="a date alone"):
        _served(tmp_path, "1h", text, mapping)


def test_parquet_columns_are_mapped_too(tmp_path: Path) -> None:
    (tmp_path / "MINE").mkdir()
    bars = make_bars(30, "1h")
    local = pl.col("ts").dt.convert_time_zone("Asia/Tokyo").dt.replace_time_zone(None)
    theirs = bars.with_columns(local).rename({"ts": "when", "close": "last"})
    theirs.with_columns(extra=pl.lit("x")).write_parquet(tmp_path / "MINE" / "1h.parquet")
    columns = "ts: when, open: open, high: high, low: low, close: last, volume: volume"
    (tmp_path / "mapping.yaml").write_text(f"columns: {{{columns}}}\nzone: Asia/Tokyo\n")

    page = FilesSource(tmp_path).series(MINE, "1h")

    assert page.bars.equals(bars)


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
def test_local_times_around_the_clock_come_back_as_the_instants_they_were(
    zone: str, day: int, minutes: int, backward: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    start = _utc(2024, 1, 1) + dt.timedelta(days=day)
    end = start + dt.timedelta(days=40)  # whole days: no hour that comes twice is cut in half
    opens = pl.datetime_range(start, end, f"{minutes}m", closed="left", time_unit="us", eager=True)
    wanted = (opens.reverse() if backward else opens).alias("ts")
    text = OURS + _local_rows(wanted, zone)

    bars = _served(tmp_path_factory.mktemp("files"), "15min", text, f"zone: {zone}")

    assert bars["ts"].equals(wanted)


@pytest.mark.parametrize(
    ("time", "why"),
    [
        ("2024-03-10 02:30", "skipped by the clocks"),
        ("2024-11-03 01:30", "comes twice on the clocks and once in the file"),
    ],
)
def test_a_time_that_the_zone_has_not_once_is_refused_with_its_line(
    tmp_path: Path, time: str, why: str
) -> None:
    text = f"{OURS}2024-01-02 09:30,1,1,1,1,1\n{time},1,1,1,1,1\n"

    with raises(BarsError, "bad-value", match=rf"line 3: ts is '{time}'.*offset"):
        _served(tmp_path, "1h", text, "zone: America/New_York")
    assert why


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ("zones: UTC", "unknown key zones; expected columns, zone, time_format"),
        ("zone: New_York", "zone 'New_York' is unknown; give an IANA name"),
        ("zone: 5", "zone 5 is unknown"),
        ("time_format: 2024", "time_format is 2024; write it in quotes"),
        ("columns: {ts: Date, open: O}", "columns: high, low, close missing"),
        ("columns: {date: Date}", "columns: date unknown"),
        ("columns: Date", "columns is 'Date'; expected ours: theirs"),
        (
            "columns: {ts: t, open: [a, b], high: h, low: l, close: c}",
            "open has several names; only ts may",
        ),
        ("columns: {ts: t, open: 5, high: h, low: l, close: c}", "open is 5; give a name"),
        ("columns: {ts: [], open: o, high: h, low: l, close: c}", "ts is \\[\\]; give a name"),
        ("[1, 2]", "expected a mapping"),
        ("columns: {", "not YAML"),
    ],
)
def test_a_mapping_that_cannot_be_understood_is_refused(
    tmp_path: Path, mapping: str, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        _served(tmp_path, "1h", OURS, mapping)
    assert str(tmp_path / "MINE" / "mapping.yaml") in str(caught.value)


def test_a_column_that_the_mapping_names_and_the_file_lacks_is_refused(tmp_path: Path) -> None:
    mapping = "columns: {ts: ts, open: open, high: high, low: low, close: Last}"

    with raises(BarsError, "bar-columns", match=r"Last .*mapping\.yaml"):
        _served(tmp_path, "1h", OURS, mapping)
