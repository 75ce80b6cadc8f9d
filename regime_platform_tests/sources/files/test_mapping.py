"""Files with other columns, zones and time formats; nothing is guessed."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError, ConfigError
from regime_platform.model.yaml_text import load_yaml
from regime_platform.sources.files.mapping import AS_NAMED, parsed_setting
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
        ("columns: {date: Date}", "mapping-columns", "date unknown"),
        ("columns: Date", "mapping-columns", "'Date'"),
        (
            "columns: {ts: t, open: [a, b], high: h, low: l, close: c}",
            "mapping-columns",
            "open has several names",
        ),
        (
            "columns: {ts: t, open: 5.5, high: h, low: l, close: c}",
            "mapping-columns",
            "open is 5.5",
        ),
        ("columns: {ts: [], open: o, high: h, low: l, close: c}", "mapping-columns", "ts is"),
        ("decimal_mark: x", "mapping-key", "did you mean decimal"),
        ("header: 5", "mapping-value", "header is 5; expected true or false"),
        ("scale: -1", "mapping-value", "scale is -1"),
        ("timeframes: {2h: {}}", "mapping-timeframe", "'2h'"),
        ("timeframes: {1h: {zoone: UTC}}", "mapping-key", "timeframes.1h: unknown key zoone"),
        ("symbols: {MINE: {zone: 5}}", "mapping-zone", "symbols.MINE: zone is 5"),
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


def test_sections_state_keys_of_a_timeframe_and_of_a_symbol() -> None:
    text = """
    zone: UTC
    decimal: ","
    timeframes: {1h: {zone: Asia/Tokyo, label: close}}
    symbols: {MINE: {zone: Europe/Berlin}}
    """
    mapping = AS_NAMED.stating(load_yaml(text), "mapping.yaml")

    hours = mapping.for_series("1h", "OTHER")

    assert (hours.zone, hours.decimal, hours.labels["1h"]) == ("Asia/Tokyo", ",", "close")
    assert mapping.for_series("1h", "MINE").zone == "Europe/Berlin"
    assert mapping.for_series("1day", "OTHER").zone == "UTC"


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("decimal=,", ("decimal", ",")),
        ("time_format=%d/%m/%Y", ("time_format", "%d/%m/%Y")),
        ("columns={close: Adj Close}", ("columns", {"close": "Adj Close"})),
        ("header=false", ("header", False)),
    ],
)
def test_a_setting_is_a_key_and_its_value(text: str, setting: tuple[str, object]) -> None:
    assert parsed_setting(text) == setting


def test_the_reading_of_a_mapping_stays_that_of_earlier_releases() -> None:
    # stored series would be read anew if it changed
    document = {"columns": {"ts": "t"}, "zone": "Asia/Tokyo", "rolling": True, "delimiter": ";"}

    reading = AS_NAMED.stating(document, "").reading("close")

    assert reading == "93d874b6f8bf127ae93ee32f98875fe45906d29f4c66e3a9d3237107b4153425"
    assert AS_NAMED.reading("") == AS_NAMED.stating({"zone": "UTC"}, "").reading("open")
    assert AS_NAMED.stating({"scale": 100}, "").reading("") != AS_NAMED.reading("")
