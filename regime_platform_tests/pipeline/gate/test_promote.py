"""The gate stands before promotion, and the last good bars stay."""

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.ingest import Batches, ingest
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import PromoteOutcome, Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import fingerprint, serve, street, with_value


@pytest.fixture
def place(tmp_path: Path) -> tuple[Settings, RunWorkspace]:
    settings = street(tmp_path, ["AAA"])
    return settings, RunWorkspace.open(settings)


def _take(workspace: RunWorkspace, now: dt.datetime) -> PromoteOutcome:
    instrument = workspace.universe.instrument("AAA")
    ingest(workspace, instrument, Batches(workspace, [instrument], FetchRequest(now)))
    return promote(workspace, instrument)


def _bars(workspace: RunWorkspace) -> pl.DataFrame:
    in_force = read_in_force(workspace.root.symbol("AAA"), "1day")
    assert in_force is not None
    return in_force[1]


def test_good_bars_become_canonical(place: tuple[Settings, RunWorkspace], now: dt.datetime) -> None:
    settings, workspace = place
    bars = make_bars(500)
    serve(settings, "AAA", "1day", bars)

    outcome = _take(workspace, now)

    assert outcome.status is Status.DONE
    assert _bars(workspace).equals(bars)


def test_a_bad_bar_blocks_and_the_last_good_bars_stay(
    place: tuple[Settings, RunWorkspace], now: dt.datetime
) -> None:
    settings, workspace = place
    bars = make_bars(510)
    serve(settings, "AAA", "1day", bars.head(500))
    _take(workspace, now)
    serve(settings, "AAA", "1day", with_value(bars, 505, high=0.01))

    outcome = _take(workspace, now + dt.timedelta(hours=1))

    assert outcome.status is Status.BLOCKED
    assert "high" in outcome.reason
    assert _bars(workspace).equals(bars.head(500))
    rejected = pl.read_parquet(workspace.root.symbol("AAA").rejected("1day"))
    assert rejected["ts"].to_list() == [bars["ts"][505]]
    assert rejected["batch"].is_not_null().all()


def test_a_corrected_bar_lifts_the_block(
    place: tuple[Settings, RunWorkspace], now: dt.datetime
) -> None:
    settings, workspace = place
    bars = make_bars(510)
    serve(settings, "AAA", "1day", with_value(bars, 505, high=0.01))
    _take(workspace, now)
    serve(settings, "AAA", "1day", bars)

    outcome = _take(workspace, now + dt.timedelta(hours=1))

    assert outcome.status is Status.DONE
    assert _bars(workspace).equals(bars)
    assert not workspace.root.symbol("AAA").rejected("1day").exists()


def test_promoting_twice_writes_once(
    place: tuple[Settings, RunWorkspace], now: dt.datetime, tmp_path: Path
) -> None:
    settings, workspace = place
    serve(settings, "AAA", "1day", make_bars(500))
    _take(workspace, now)
    before = fingerprint(tmp_path)

    outcome = _take(workspace, now)

    assert outcome.status is Status.UNCHANGED
    assert fingerprint(tmp_path) == before


def test_an_unfinished_bar_waits_without_blocking(place: tuple[Settings, RunWorkspace]) -> None:
    settings, workspace = place
    bars = make_bars(500)
    in_session = bars["ts"][-1] + dt.timedelta(hours=18)
    serve(settings, "AAA", "1day", bars)

    outcome = _take(workspace, in_session)

    assert outcome.status is Status.DONE
    assert _bars(workspace).height == 499
    serve(settings, "AAA", "1day", with_value(bars, 499, volume=1.0))
    _take(workspace, in_session + dt.timedelta(days=1))
    assert _bars(workspace).height == 500


def test_the_verdict_reports_every_rule(
    place: tuple[Settings, RunWorkspace], now: dt.datetime
) -> None:
    settings, workspace = place
    serve(settings, "AAA", "1day", make_bars(500))
    _take(workspace, now)

    verdict = read_verdict(workspace.root.symbol("AAA"))

    assert verdict is not None
    validated = verdict.at("1day")
    assert validated is not None
    assert len(validated.findings) >= 10
    wrong = [
        finding.rule
        for finding in validated.findings
        if finding.count and finding.severity != "warning"
    ]
    assert wrong == []
    stored = json.loads(workspace.root.symbol("AAA").verdict.read_text())
    assert stored["status"] == "passed"


def test_another_calendar_of_the_instrument_validates_the_bars_again(
    place: tuple[Settings, RunWorkspace], now: dt.datetime
) -> None:
    settings, workspace = place
    serve(settings, "AAA", "1day", make_bars(500))
    _take(workspace, now)
    instrument = workspace.universe.instrument("AAA")
    unchanged = promote(workspace, instrument)

    again = promote(workspace, instrument.changed(calendar="XLON"))

    verdict = read_verdict(workspace.root.symbol("AAA"))
    assert (unchanged.status, again.status) == (Status.UNCHANGED, Status.DONE)
    assert verdict is not None
    assert verdict.calendar == "XLON"
    series = verdict.at("1day")
    assert series is not None
    counts = {finding.rule: finding.count for finding in series.findings}
    assert counts["outside_session"] > 0  # open in New York while London had a holiday
