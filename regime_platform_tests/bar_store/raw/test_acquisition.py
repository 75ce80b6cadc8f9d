"""acquisition.json: the record of requests, over which the raw log takes precedence."""

import datetime as dt
import json
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.acquisition import (
    earliest_dates,
    proven_coverage,
    read_coverage,
    write_coverage,
)
from regime_platform.bar_store.raw.raw_log import append
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.files import json_text
from regime_platform.model.coverage import Coverage, Refusal, Window
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform_tests.builders import LONG_AFTER, START, fetch_origin, make_bars

SPY = Instrument(symbol="SPY", name="SPY", asset_class="US_EQUITY", tier="core", source="sample")
NOW = LONG_AFTER + dt.timedelta(days=1)
COVERAGE = Coverage(
    windows=(Window(START, START + dt.timedelta(days=30), 21, LONG_AFTER),),
    settled=START + dt.timedelta(days=14),
    earliest=START.date(),
    earliest_asked=LONG_AFTER.date(),
    refusal=Refusal(status="not_entitled", reason="403", ask_again=NOW.date()),
)
SERIES = {
    "windows": [["2012-01-02T00:00:00Z", "2012-02-01T00:00:00Z", 21, "2026-11-22T03:15:00Z"]],
    "settled": "2012-01-16T00:00:00Z",
    "earliest": "2012-01-02",
    "earliest_asked": "2026-11-22",
    "since": None,
    "refusal": {"status": "not_entitled", "reason": "403", "ask_again": "2026-11-23"},
    "log": "0000000000000000",
}
STORED = {"1day": {**SERIES, "digest": document_digest(SERIES)}}


def test_the_file_is_written_in_the_form_of_every_release(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)

    write_coverage(paths, "1day", COVERAGE)

    assert paths.acquisition.read_text() == json_text(STORED)
    assert read_coverage(paths, "1day").windows == COVERAGE.windows
    assert earliest_dates(paths) == {"1day": START.date()}


def test_a_series_without_digest_is_of_an_earlier_release(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    paths.acquisition.write_text(json_text({"1day": SERIES}))

    assert read_coverage(paths, "1day").windows == COVERAGE.windows


@pytest.mark.parametrize(
    "series",
    [
        None,
        [],
        {},
        {**STORED["1day"], "earliest": "2013-01-02"},
        {**SERIES, "windows": [["2012-01-02T00:00:00Z"]]},
        {**SERIES, "settled": 5},
    ],
)
def test_a_damaged_series_is_ignored_and_the_others_stay(tmp_path: Path, series: object) -> None:
    paths = SymbolPaths(tmp_path)
    paths.acquisition.write_text(json.dumps({**STORED, "1week": series}))

    assert read_coverage(paths, "1week") == Coverage()
    assert read_coverage(paths, "1day").windows == COVERAGE.windows
    write_coverage(paths, "1week", Coverage())
    assert json.loads(paths.acquisition.read_text())["1day"] == STORED["1day"]


def test_windows_that_the_raw_log_does_not_confirm_are_dropped(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    bars = make_bars(21)
    append(paths.raw("1day"), bars, fetch_origin())
    last = bars["ts"][-1] + dt.timedelta(days=1)
    window = Window(START, last, bars.height, LONG_AFTER)
    write_coverage(paths, "1day", Coverage(windows=(window,)))
    assert proven_coverage(paths, SPY, "1day", NOW).windows == (window,)

    for file in paths.raw("1day").iterdir():
        file.unlink()
    append(paths.raw("1day"), bars[:10], fetch_origin())

    known = proven_coverage(paths, SPY, "1day", NOW)
    assert window not in known.windows
    assert known.log == list_raw(paths.raw("1day")).digest


def test_an_unchanged_record_is_not_written_again(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    write_coverage(paths, "1day", COVERAGE)
    before = paths.acquisition.stat().st_ino

    write_coverage(paths, "1day", read_coverage(paths, "1day"))

    assert paths.acquisition.stat().st_ino == before
