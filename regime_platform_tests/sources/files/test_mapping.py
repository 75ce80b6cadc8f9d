"""Files with other columns, zones and time formats; nothing is guessed."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError, ConfigError
from regime_platform.sources.files.source import FilesSource
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.mapped import MINE, OURS, served, utc

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def test_mapped_columns_format_and_zone_become_bars(tmp_path: Path) -> None:
    text = "Sym,Day,Clock,Open,Hi,Lo,Last,Adj\nX,03/11/2024,09:30,1,3,0.5,2,9\n"
    mapping = """
    columns: {ts: [Day, Clock], open: Open, high: Hi, low: Lo, close: Last}
    zone: America/New_York
    time_format: "%m/%d/%Y %H:%M"
    """

    bars = served(tmp_path, "1h", text, mapping)

    assert bars.rows() == [(utc(2024, 3, 11, 13, 30), 1.0, 3.0, 0.5, 2.0, None)]


def test_the_mapping_of_the_symbol_precedes_the_general_one(tmp_path: Path) -> None:
    text = OURS + "2024-01-02 09:30,1,1,1,1,1\n"
    served(tmp_path, "1h", text, "zone: Asia/Tokyo", place=".")

    tokyo = FilesSource(tmp_path).series(MINE, "1h")
    own = served(tmp_path, "1h", text, "zone: America/New_York")

    assert tokyo.bars["ts"][0] == utc(2024, 1, 2, 0, 30)
    assert own["ts"][0] == utc(2024, 1, 2, 14, 30)


def test_an_offset_in_the_text_precedes_the_zone(tmp_path: Path) -> None:
    rows = "2024-01-02 14:30Z,1,1,1,1,1\n2024-01-02 15:30,1,1,1,1,1\n"

    bars = served(tmp_path, "1h", OURS + rows, "zone: Europe/Berlin")

    assert bars["ts"].to_list() == [utc(2024, 1, 2, 14, 30)] * 2


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


@pytest.mark.parametrize(
    ("mapping", "code", "culprit"),
    [
        ("zones: UTC", "mapping-key", "zones"),
        ("zone: New_York", "mapping-zone", "'New_York'"),
        ("zone: 5", "mapping-zone", "5"),
        ("time_format: 2024", "mapping-time-format", "2024"),
        ("columns: {ts: Date, open: O}", "mapping-columns", "high, low, close missing"),
        ("columns: {date: Date}", "mapping-columns", "date unknown"),
        ("columns: Date", "mapping-columns", "'Date'"),
        (
            "columns: {ts: t, open: [a, b], high: h, low: l, close: c}",
            "mapping-columns",
            "open has several names",
        ),
        ("columns: {ts: t, open: 5, high: h, low: l, close: c}", "mapping-columns", "open is 5"),
        ("columns: {ts: [], open: o, high: h, low: l, close: c}", "mapping-columns", "ts is"),
        ("[1, 2]", "mapping-form", "columns, zone, time_format"),
        ("columns: {", "mapping-yaml", "mapping.yaml"),
    ],
)
def test_an_invalid_mapping_is_refused(
    tmp_path: Path, mapping: str, code: str, culprit: str
) -> None:
    with raises(ConfigError, code, match=culprit) as caught:
        served(tmp_path, "1h", OURS, mapping)
    assert str(tmp_path / "MINE" / "mapping.yaml") in str(caught.value)


def test_a_column_that_the_mapping_names_and_the_file_lacks_is_refused(tmp_path: Path) -> None:
    mapping = "columns: {ts: ts, open: open, high: high, low: low, close: Last}"

    with raises(BarsError, "bar-columns", match=r"Last .*mapping\.yaml"):
        served(tmp_path, "1h", OURS, mapping)
