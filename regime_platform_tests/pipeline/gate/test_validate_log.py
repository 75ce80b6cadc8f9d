"""What the source calls its first bar, and when a symbol was delisted, enters the verdict."""

import datetime as dt
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from regime_platform.bar_store.raw.acquisition import earliest_dates
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.rules.bar import Listed
from regime_platform_tests.pipeline.vendor_street import (
    catch_up,
    list_stock,
    stock_bars,
    vendor_settings,
)
from regime_platform_tests.scenario import fingerprint
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
def workspace(tmp_path: Path, vendor: LoopbackVendor) -> RunWorkspace:
    """AAA fetched and promoted."""
    workspace = RunWorkspace.open(vendor_settings(tmp_path, vendor, ["AAA"]))
    catch_up(workspace, FRIDAY, ["1day"])
    assert promote(workspace, _stock(workspace)).status is Status.DONE
    return workspace


def _stock(workspace: RunWorkspace) -> Instrument:
    return workspace.universe.instrument("AAA")


def _listed(workspace: RunWorkspace) -> tuple[Listed, ValidationFinding]:
    verdict = read_verdict(workspace.root.symbol("AAA"))
    series = None if verdict is None else verdict.at("1day")
    assert series is not None
    return series.listed, next(
        finding for finding in series.findings if finding.rule == "outside_listing"
    )


def test_the_verdict_names_the_first_bar_of_the_source(workspace: RunWorkspace) -> None:
    listed, finding = _listed(workspace)

    assert listed == Listed(first="2025-01-02")
    assert (finding.checked, finding.count) == (BARS.height, 0)


def test_a_later_first_bar_is_validated_again_warns_and_leaves_the_bars(
    workspace: RunWorkspace, vendor: LoopbackVendor
) -> None:
    before = promote(workspace, _stock(workspace)).promoted
    list_stock(vendor, "AAA", "1day", BARS.tail(-5))
    catch_up(workspace, MUCH_LATER, ["1day"], is_backfill=True)

    outcome = promote(workspace, _stock(workspace))

    listed, finding = _listed(workspace)
    first = f"{BARS['ts'][5]:%Y-%m-%d}"
    assert (outcome.status, outcome.promoted) == (Status.DONE, before)
    assert (listed.first, finding.count) == (first, 5)
    assert finding.examples[0].endswith(f"opens before {first}, the first bar that its source has")


def test_a_fetch_that_learns_no_other_first_bar_leaves_the_verdict_alone(
    workspace: RunWorkspace,
) -> None:
    paths = workspace.root.symbol("AAA")
    remembered, verdict = paths.acquisition.read_bytes(), fingerprint(paths.folder)["verdict.json"]
    catch_up(workspace, MUCH_LATER, ["1day"], is_backfill=True)

    outcome = promote(workspace, _stock(workspace))

    assert paths.acquisition.read_bytes() != remembered
    assert outcome.status is Status.UNCHANGED
    assert fingerprint(paths.folder)["verdict.json"] == verdict


def test_a_delisting_is_validated_once(workspace: RunWorkspace) -> None:
    delisted = _stock(workspace).changed(delisted=f"{BARS['ts'][-3]:%Y-%m-%d}")

    outcomes = [promote(workspace, delisted).status for _ in range(2)]

    assert outcomes == [Status.DONE, Status.UNCHANGED]
    assert _listed(workspace)[1].count == 2


@pytest.mark.parametrize("text", ['{"1day": {"windows": 1}}', "[]", "{", ""])
def test_a_damaged_acquisition_record_changes_no_verdict_and_is_written_again(
    workspace: RunWorkspace, text: str
) -> None:
    paths = workspace.root.symbol("AAA")
    before = fingerprint(paths.folder)["verdict.json"]
    paths.acquisition.write_text(text)

    assert promote(workspace, _stock(workspace)).status is Status.UNCHANGED
    assert fingerprint(paths.folder)["verdict.json"] == before
    assert _listed(workspace)[0] == Listed(first="2025-01-02")
    catch_up(workspace, MUCH_LATER, ["1day"], is_backfill=True)
    assert f"{earliest_dates(paths)['1day']}" == "2025-01-02"


def test_a_symbol_that_was_never_fetched_has_no_first_bar(workspace: RunWorkspace) -> None:
    assert earliest_dates(workspace.root.symbol("BBB")) == {}
