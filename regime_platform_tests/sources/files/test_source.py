"""The bars that the folder of files serves, and the files that are refused."""

import datetime as dt
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.errors import BarsError, SourceError
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.instruments import Instrument
from regime_platform.sources.files.series import read_bars_file
from regime_platform.sources.files.source import FilesSource
from regime_platform.sources.protocol import NotOfferedError
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.csv_files import HEADER, csv_file

MINE = Instrument(
    symbol="MINE", name="My own", asset_class="US_EQUITY", tier="core", source="files"
)
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def test_a_csv_file_becomes_bars(tmp_path: Path) -> None:
    path = csv_file(tmp_path, HEADER + "2024-01-02,1.5,2,1,1.75,100\n2024-01-03,1,1,1,1,\n")

    bars = read_bars_file(path)

    assert bars.schema == BAR_SCHEMA
    assert bars.rows() == [
        (dt.datetime(2024, 1, 2, tzinfo=dt.UTC), 1.5, 2.0, 1.0, 1.75, 100.0),
        (dt.datetime(2024, 1, 3, tzinfo=dt.UTC), 1.0, 1.0, 1.0, 1.0, None),
    ]


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
def test_numbers_keep_every_bit(numbers: list[float]) -> None:
    rows = "".join(f"2024-01-02,1,1,1,{number!r},1\n" for number in numbers)
    with tempfile.TemporaryDirectory() as folder:
        bars = read_bars_file(csv_file(Path(folder), HEADER + rows))

    assert [repr(close) for close in bars["close"]] == [repr(number) for number in numbers]


def test_columns_may_stand_in_any_order_and_volume_may_be_absent(tmp_path: Path) -> None:
    bars = read_bars_file(csv_file(tmp_path, "close,ts,low,high,open\n4,2024-01-02,2,3,1\n"))

    assert bars.row(0)[1:] == (1.0, 3.0, 2.0, 4.0, None)


def test_rows_that_are_wrong_pass_through_for_the_gate(tmp_path: Path) -> None:
    rows = "2024-01-03,1,1,1,,1\n2024-01-02,-1,0,nan,inf,1\n2024-01-02,1,1,1,1,-5\n"

    bars = read_bars_file(csv_file(tmp_path, HEADER + rows))

    assert bars["ts"].dt.day().to_list() == [3, 2, 2]
    assert bars["close"][0] is None
    assert str(bars["low"][1]) == "nan"
    assert bars["volume"][2] == -5.0


@pytest.mark.parametrize(
    ("text", "code", "culprit"),
    [
        ("", "bar-columns", "column ts, open, high, low, close missing"),
        ("ts,open,high,low\n", "bar-columns", "column close missing"),
        ("ts;open;high;low\n", "bar-columns", "close missing; the header is ts, .*delimiter ;"),
        ("ts,open,high,low,close,close\n", "bar-columns", "column close repeated"),
        (HEADER + "2024-01-02,1,1,1,abc,1\n", "bad-value", "line 2: close is 'abc'"),
        (HEADER + '2024-01-02,1,1,1,"1,5.5",1\n', "bad-value", "line 2: close is '1,5.5'"),
        (HEADER + "2024-01-02,1,1,1,1,some\n", "bad-value", "line 2: volume is 'some'"),
        (
            HEADER + "2024-01-02,1,1,1,1,1\n\n02.01.2024,1,1,1,1,1\n",
            "bad-value",
            "line 4: ts is '02.01.2024'",
        ),
        (HEADER + "2024-02-30,1,1,1,1,1\n", "bad-value", "line 2: ts is '2024-02-30'"),
        (HEADER + ",1,1,1,1,1\n", "bad-value", "line 2: ts is None"),
        (
            HEADER + "2024-01-02,1,1,1,x,1\n2024-01-03,1,1,1,y,1\n",
            "bad-value",
            r"line 2 \(and 1 more\)",
        ),
        (HEADER + "2024-01-02,1,1,1,1\n", "csv-fields", "line 2: 5 fields .* 6"),
        (HEADER + "2024-01-02,1,1,1,1,1,1\n", "csv-fields", "line 2: 7 fields"),
        (HEADER + '2024-01-02,1,1,1,1,"1\n', "unreadable-file", "line 2"),
    ],
)
def test_an_invalid_value_is_refused_with_its_line_and_column(
    tmp_path: Path, text: str, code: str, culprit: str
) -> None:
    path = csv_file(tmp_path, text)

    with raises(BarsError, code, match=culprit) as caught:
        read_bars_file(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "1day.csv"
    path.write_bytes(HEADER.encode() + b"2024-01-02,1,1,1,1,\xff\n")

    with raises(BarsError, "bad-value", match="no UTF-8, but read in cp1252"):
        read_bars_file(path)


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "\ufeff" + HEADER + "2024-01-02,1,1,1,1,1\n")

    assert read_bars_file(path).height == 1


def test_parquet_integers_and_missing_numbers_pass(tmp_path: Path) -> None:
    path = tmp_path / "1day.parquet"
    frame = make_bars(3).with_columns(
        close=pl.Series([1, None, 3]), volume=pl.lit(None), low=pl.Series([1.0, float("nan"), 1.0])
    )
    frame.write_parquet(path)

    bars = read_bars_file(path)

    assert bars["close"].to_list() == [1.0, None, 3.0]
    assert bars["volume"].null_count() == 3
    assert bars["low"].is_nan().sum() == 1


@pytest.mark.parametrize(
    ("column", "code", "culprit"),
    [
        (pl.Series("ts", [1, 2, 3]), "column-type", "ts .*Int64"),
        (pl.Series("close", [True, False, True]), "column-type", "close .*Boolean"),
        (pl.Series("close", ["1", "x", "3"]), "bad-value", "row 2: close is 'x'"),
    ],
)
def test_parquet_of_other_types_is_refused(
    tmp_path: Path, column: pl.Series, code: str, culprit: str
) -> None:
    path = tmp_path / "1day.parquet"
    make_bars(3).with_columns(column).write_parquet(path)

    with raises(BarsError, code, match=culprit):
        read_bars_file(path)


def test_a_damaged_or_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "1day.parquet"
    make_bars(300).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])

    for bad in (path, tmp_path / "absent.csv"):
        with raises(BarsError, "unreadable-file", match=bad.name):
            read_bars_file(bad)
    other = csv_file(tmp_path, HEADER, "1day.xls")
    with raises(BarsError, "file-suffix", match=other.name):
        read_bars_file(other)


def test_a_parquet_that_the_file_extension_hides_is_refused(tmp_path: Path) -> None:
    path = csv_file(tmp_path, HEADER, "1day.parquet")

    with raises(BarsError, "unreadable-file", match="not a readable Parquet file"):
        read_bars_file(path)


@pytest.mark.parametrize("name", ["1day.csv", "1d.csv"])
def test_the_whole_file_is_served(tmp_path: Path, name: str) -> None:
    (tmp_path / "MINE").mkdir()
    csv_file(tmp_path / "MINE", HEADER + "2024-01-02,1,1,1,1,1\n2024-01-03,1,1,1,1,1\n", name)

    page = FilesSource(tmp_path).series(MINE, "1day")

    assert page.bars.height == 2
    assert page.price_basis == "as_served"


def test_a_date_labels_no_intraday_bar(tmp_path: Path) -> None:
    (tmp_path / "MINE").mkdir()
    csv_file(tmp_path / "MINE", HEADER + "2024-01-02,1,1,1,1,1\n", "1h.csv")

    with raises(BarsError, "bad-value", match="a date alone"):
        FilesSource(tmp_path).series(MINE, "1h")


def test_an_absent_timeframe_is_not_offered_and_an_absent_folder_is_an_error(
    tmp_path: Path,
) -> None:
    with raises(SourceError, "no-symbol-folder", match="no folder .*MINE; create it"):
        FilesSource(tmp_path).series(MINE, "1h")

    (tmp_path / "MINE").mkdir()
    csv_file(tmp_path / "MINE", "notes", "readme.txt")

    with pytest.raises(NotOfferedError, match=r"no 1h\.csv"):
        FilesSource(tmp_path).series(MINE, "1h")


def test_two_files_for_one_timeframe_are_refused(tmp_path: Path) -> None:
    (tmp_path / "MINE").mkdir()
    for name in ("1day.csv", "1d.csv"):
        csv_file(tmp_path / "MINE", HEADER, name)

    with raises(SourceError, "ambiguous-file", match=r"1d\.csv, 1day\.csv .* keep one"):
        FilesSource(tmp_path).series(MINE, "1day")
