"""The gate stands before promotion, and the last good bars stay."""

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bars.canonical import read_in_force
from regime_platform.pipeline.batches import Batches
from regime_platform.pipeline.ingest import ingest
from regime_platform.pipeline.order import Order
from regime_platform.pipeline.outcomes import PromoteOutcome, Status
from regime_platform.pipeline.platform import Platform, open_platform
from regime_platform.pipeline.promote import promote, read_verdict
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.street import fingerprint, serve, street, with_value


@pytest.fixture
def place(tmp_path: Path) -> tuple[Settings, Platform]:
    settings = street(tmp_path, ["AAA"])
    return settings, open_platform(settings)


def _take(platform: Platform, now: dt.datetime) -> PromoteOutcome:
    instrument = platform.universe.instrument("AAA")
    ingest(platform, instrument, Batches(platform, [instrument], Order(now)))
    return promote(platform, instrument)


def _bars(platform: Platform) -> pl.DataFrame:
    in_force = read_in_force(platform.root.symbol("AAA"), "1day")
    assert in_force is not None
    return in_force[1]


def test_good_bars_become_canonical(place: tuple[Settings, Platform], now: dt.datetime) -> None:
    settings, platform = place
    bars = make_bars(500)
    serve(settings, "AAA", "1day", bars)

    outcome = _take(platform, now)

    assert outcome.status is Status.DONE
    assert _bars(platform).equals(bars)


def test_a_bad_bar_blocks_and_the_last_good_bars_stay(
    place: tuple[Settings, Platform], now: dt.datetime
) -> None:
    settings, platform = place
    bars = make_bars(510)
    serve(settings, "AAA", "1day", bars.head(500))
    _take(platform, now)
    serve(settings, "AAA", "1day", with_value(bars, 505, high=0.01))

    outcome = _take(platform, now + dt.timedelta(hours=1))

    assert outcome.status is Status.BLOCKED
    assert "high" in outcome.reason
    assert _bars(platform).equals(bars.head(500))
    rejected = pl.read_parquet(platform.root.symbol("AAA").rejected("1day"))
    assert rejected["ts"].to_list() == [bars["ts"][505]]
    assert rejected["batch"].is_not_null().all()


def test_a_corrected_bar_lifts_the_block(
    place: tuple[Settings, Platform], now: dt.datetime
) -> None:
    settings, platform = place
    bars = make_bars(510)
    serve(settings, "AAA", "1day", with_value(bars, 505, high=0.01))
    _take(platform, now)
    serve(settings, "AAA", "1day", bars)

    outcome = _take(platform, now + dt.timedelta(hours=1))

    assert outcome.status is Status.DONE
    assert _bars(platform).equals(bars)
    assert not platform.root.symbol("AAA").rejected("1day").exists()


def test_promoting_twice_writes_once(
    place: tuple[Settings, Platform], now: dt.datetime, tmp_path: Path
) -> None:
    settings, platform = place
    serve(settings, "AAA", "1day", make_bars(500))
    _take(platform, now)
    before = fingerprint(tmp_path)

    outcome = _take(platform, now)

    assert outcome.status is Status.UNCHANGED
    assert fingerprint(tmp_path) == before


def test_an_unfinished_bar_waits_without_blocking(place: tuple[Settings, Platform]) -> None:
    settings, platform = place
    bars = make_bars(500)
    in_session = bars["ts"][-1] + dt.timedelta(hours=18)
    serve(settings, "AAA", "1day", bars)

    outcome = _take(platform, in_session)

    assert outcome.status is Status.DONE
    assert _bars(platform).height == 499
    serve(settings, "AAA", "1day", with_value(bars, 499, volume=1.0))
    _take(platform, in_session + dt.timedelta(days=1))
    assert _bars(platform).height == 500


def test_the_verdict_reports_every_rule(place: tuple[Settings, Platform], now: dt.datetime) -> None:
    settings, platform = place
    serve(settings, "AAA", "1day", make_bars(500))
    _take(platform, now)

    verdict = read_verdict(platform, "AAA")

    assert verdict is not None
    judged = verdict.at("1day")
    assert judged is not None
    assert len(judged.findings) >= 10
    wrong = [one.rule for one in judged.findings if one.count and one.severity != "warning"]
    assert wrong == []
    stored = json.loads(platform.root.symbol("AAA").verdict.read_text())
    assert stored["status"] == "passed"
