"""What was canonical at a moment of the past is found again, whatever came since."""

import datetime as dt
import json
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from regime_platform.audit.as_of import BarsAsOf, bars_as_of
from regime_platform.bar_store.canonical import pointer, read_in_force
from regime_platform.bar_store.raw.compaction import compact, locate
from regime_platform.bar_store.raw.page_update import FetchOrigin
from regime_platform.bar_store.raw.raw_log import append
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.model.instants import instant
from regime_platform.model.markets import MARKETS
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import STAGES, Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.scenario import fingerprint, street, with_value
from regime_platform_tests.traded import as_traded, sessions_of

DAY = dt.timedelta(days=1)
TODAY = make_bars(420)
EX_DATE = TODAY["ts"].dt.date()[380]
TRADED = as_traded(TODAY, {EX_DATE: Fraction(4)})


@pytest.fixture
def workspace(tmp_path: Path) -> RunWorkspace:
    return RunWorkspace.open(street(tmp_path, ["AAA"], tier="core"))


def _fetch(
    workspace: RunWorkspace, timeframe: str, bars: pl.DataFrame, day: int, basis: str = "as_served"
) -> str | None:
    """Stores a page fetched on ``day`` and promotes; the digest that is in force then."""
    instrument = workspace.universe.instrument("AAA")
    paths = workspace.root.symbol("AAA")
    facts = FetchOrigin(
        LONG_AFTER + day * DAY, "vendor", timeframe, MARKETS["US_EQUITY"], basis, "0" * 64
    )
    append(paths.raw(timeframe), bars, facts)
    promote(workspace, instrument)
    promoted = pointer(paths, timeframe)
    return None if promoted is None else promoted.digest


def _as_of(workspace: RunWorkspace, timeframe: str, day: float) -> BarsAsOf:
    instrument = workspace.universe.instrument("AAA")
    return bars_as_of(workspace, instrument, timeframe, LONG_AFTER + day * DAY)


def test_every_day_s_bars_come_back_revised_blocked_and_compacted(workspace: RunWorkspace) -> None:
    bars = make_bars(310)
    pages = [
        bars[:300],
        with_value(bars[290:302], 0, close=bars["close"][290] * 1.0001),
        with_value(bars[300:304], 3, low=1e6),  # blocks
        bars[303:304],  # lifts the block
        bars[300:310],
    ]
    in_force = [_fetch(workspace, "1day", page, day) for day, page in enumerate(pages)]
    compact(workspace.root.symbol("AAA").raw("1day"))

    then = [_as_of(workspace, "1day", day + 0.5) for day in range(len(pages))]

    assert [entry.digest for entry in then] == in_force
    assert [entry.status for entry in then] == ["passed", "passed", "blocked", "passed", "passed"]
    assert in_force[1] == in_force[2]
    assert then[2].known_at == LONG_AFTER + DAY
    assert [entry.bars.height for entry in then] == [300, 302, 302, 304, 310]


def test_before_the_first_fetch_there_was_nothing(workspace: RunWorkspace) -> None:
    _fetch(workspace, "1day", make_bars(300), 0)

    then = _as_of(workspace, "1day", -1)

    assert (then.status, then.known_at, then.bars.height) == ("no_bars", None, 0)


def test_asking_writes_nothing(workspace: RunWorkspace, tmp_path: Path) -> None:
    _fetch(workspace, "1day", make_bars(300), 0)
    before = fingerprint(tmp_path)

    _as_of(workspace, "1day", 1)

    assert fingerprint(tmp_path) == before


def _live_through_a_split(workspace: RunWorkspace) -> list[str | None]:
    """Intraday as traded, daily rewritten by the vendor the day after; digests of 1h in force."""
    hours = sessions_of(TRADED)
    old, new = hours.filter(pl.col("ts").dt.date() < EX_DATE), hours
    _fetch(workspace, "1day", TRADED[:380], 0, "split_adjusted")
    return [
        _fetch(workspace, "1h", old, 0, "unadjusted"),
        _fetch(workspace, "1h", new, 1, "unadjusted"),
        _fetch(workspace, "1day", TODAY, 2, "split_adjusted"),
        _fetch(workspace, "1h", new, 2, "unadjusted"),
    ]


@pytest.mark.slow
def test_a_split_adjusts_intraday_bars_once_the_daily_ones_are_rewritten(
    workspace: RunWorkspace,
) -> None:
    before, cliff, _, now = _live_through_a_split(workspace)
    paths = workspace.root.symbol("AAA")
    in_force = read_in_force(paths, "1h")

    assert in_force is not None
    steps = in_force[1]["close"].log().diff().abs()
    assert steps.max() < 0.2  # type: ignore[operator]
    raw = [bars.height for bars in (sessions_of(TRADED), in_force[1])]
    assert raw[0] == raw[1]
    assert [_as_of(workspace, "1h", day).digest for day in (0.5, 1.5, 2.5)] == [before, cliff, now]
    assert [len(_as_of(workspace, "1h", day).factors) for day in (1.5, 2.5)] == [0, 1]


def test_the_raw_prices_stay_and_the_factor_stands_beside_them(workspace: RunWorkspace) -> None:
    _live_through_a_split(workspace)
    paths = workspace.root.symbol("AAA")

    versions = json.loads(paths.price_factors.read_text())["1h"]

    (step,) = versions[0]["steps"]
    last_old = TODAY["ts"].dt.date()[379].isoformat()
    assert (len(versions), step["until"], step["ratio"]) == (1, last_old, "4:1")
    verdict = read_verdict(workspace.root.symbol("AAA"))
    assert verdict is not None
    logs = {series.timeframe: series.log_digest for series in verdict.series}
    assert versions[0]["raw_logs"] == {"1day": logs["1day"], "1h": logs["1h"]}


def test_the_manifest_names_factors_and_compaction_changes_no_bar(
    workspace: RunWorkspace, now: dt.datetime
) -> None:
    _live_through_a_split(workspace)
    instrument = workspace.universe.instrument("AAA")
    paths = workspace.root.symbol("AAA")
    stages = STAGES[1:]
    run_symbol(workspace, instrument, now, stages=stages)
    before = json.loads(paths.manifest.read_text())["manifest"]

    compact(paths.raw("1day"))
    compact(paths.raw("1h"))
    outcome = run_symbol(workspace, instrument, now, stages=stages)

    after = json.loads(paths.manifest.read_text())["manifest"]
    assert outcome.compute is not None
    assert outcome.compute.status is Status.UNCHANGED
    assert after["timeframes"]["1h"]["price_factors"] == {
        "version": 1,
        "steps": [{"until": TODAY["ts"].dt.date()[379].isoformat(), "ratio": "4:1"}],
    }
    for timeframe in ("1h", "1day"):
        old, new = (entry["timeframes"][timeframe] for entry in (before, after))
        (now_one,) = list_raw(paths.raw(timeframe)).names
        named = old.pop("raw_files"), new.pop("raw_files")
        assert len(named[0]) == 2
        for name in (*named[0], *named[1]):  # whichever a manifest names, the log has it
            assert locate(paths.raw(timeframe), name) == now_one
        assert old == new


def test_bars_that_no_source_calls_unadjusted_are_not_adjusted(workspace: RunWorkspace) -> None:
    _fetch(workspace, "1day", TODAY, 0, "split_adjusted")
    _fetch(workspace, "1h", sessions_of(TRADED), 0, "as_served")

    in_force = read_in_force(workspace.root.symbol("AAA"), "1h")

    assert in_force is not None
    assert in_force[1].equals(sessions_of(TRADED))
    assert not workspace.root.symbol("AAA").price_factors.exists()


def test_moments_are_written_as_they_are_stored(workspace: RunWorkspace) -> None:
    _fetch(workspace, "1day", make_bars(300), 0)

    assert _as_of(workspace, "1day", 0).known_at == instant("2026-11-22T03:15:00Z")
