"""What the source calls its first bar, and when a symbol was delisted, enters the verdict."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from regime_platform.bars.acquisition import earliest_dates
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import Platform, open_platform
from regime_platform.pipeline.promote import promote, read_verdict
from regime_platform.validation.findings import Finding
from regime_platform.validation.listing_rules import Listed
from regime_platform_tests.pipeline.vendor_street import (
    catch_up,
    list_stock,
    stock_bars,
    vendor_settings,
)
from regime_platform_tests.street import fingerprint
from regime_platform_tests.vendor import LoopbackVendor

START = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
#: Friday evening in New York: after the close, after the second look.
FRIDAY = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)
MUCH_LATER = FRIDAY + dt.timedelta(days=40)
BARS = stock_bars("1day", START, FRIDAY)


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    vendor = LoopbackVendor(httpserver, asset_class="US_EQUITY")
    list_stock(vendor, "AAA", "1day", BARS)
    return vendor


@pytest.fixture
def platform(tmp_path: Path, vendor: LoopbackVendor) -> Platform:
    """AAA fetched and promoted."""
    platform = open_platform(vendor_settings(tmp_path, vendor, ["AAA"]))
    catch_up(platform, FRIDAY, ["1day"])
    assert promote(platform, _stock(platform)).status is Status.DONE
    return platform


def _stock(platform: Platform) -> Instrument:
    return platform.universe.instrument("AAA")


def _told(platform: Platform) -> tuple[Listed, Finding]:
    verdict = read_verdict(platform, "AAA")
    series = None if verdict is None else verdict.at("1day")
    assert series is not None
    return series.listed, next(one for one in series.findings if one.rule == "outside_listing")


def test_the_verdict_names_the_first_bar_of_the_source(platform: Platform) -> None:
    listed, found = _told(platform)

    assert listed == Listed(first="2025-01-02")
    assert (found.checked, found.count) == (BARS.height, 0)


def test_a_later_first_bar_is_judged_anew_warns_and_leaves_the_bars(
    platform: Platform, vendor: LoopbackVendor
) -> None:
    before = promote(platform, _stock(platform)).promoted
    list_stock(vendor, "AAA", "1day", BARS.tail(-5))
    catch_up(platform, MUCH_LATER, ["1day"], is_backfill=True)

    outcome = promote(platform, _stock(platform))

    listed, found = _told(platform)
    first = f"{BARS['ts'][5]:%Y-%m-%d}"
    assert (outcome.status, outcome.promoted) == (Status.DONE, before)
    assert (listed.first, found.count) == (first, 5)
    assert found.examples[0].endswith(f"opens before {first}, the first bar that its source has")


def test_a_fetch_that_learns_no_other_first_bar_leaves_the_verdict_alone(
    platform: Platform,
) -> None:
    paths = platform.root.symbol("AAA")
    remembered, verdict = paths.acquisition.read_bytes(), fingerprint(paths.folder)["verdict.json"]
    catch_up(platform, MUCH_LATER, ["1day"], is_backfill=True)

    outcome = promote(platform, _stock(platform))

    assert paths.acquisition.read_bytes() != remembered
    assert outcome.status is Status.UNCHANGED
    assert fingerprint(paths.folder)["verdict.json"] == verdict


def test_a_delisting_is_judged_once(platform: Platform) -> None:
    delisted = replace(_stock(platform), delisted=f"{BARS['ts'][-3]:%Y-%m-%d}")

    outcomes = [promote(platform, delisted).status for _ in range(2)]

    assert outcomes == [Status.DONE, Status.UNCHANGED]
    assert _told(platform)[1].count == 2


@pytest.mark.parametrize("text", ['{"1day": {"windows": 1}}', "[]", "{", ""])
def test_a_damaged_memory_changes_no_verdict_and_is_made_anew(
    platform: Platform, text: str
) -> None:
    paths = platform.root.symbol("AAA")
    before = fingerprint(paths.folder)["verdict.json"]
    paths.acquisition.write_text(text)

    assert promote(platform, _stock(platform)).status is Status.UNCHANGED
    assert fingerprint(paths.folder)["verdict.json"] == before
    assert _told(platform)[0] == Listed(first="2025-01-02")
    catch_up(platform, MUCH_LATER, ["1day"], is_backfill=True)
    assert f"{earliest_dates(paths)['1day']}" == "2025-01-02"


def test_a_symbol_whose_source_was_never_asked_has_no_first_bar(platform: Platform) -> None:
    assert earliest_dates(platform.root.symbol("BBB")) == {}
