"""The timeframes of an entry: those without bars are findings, and others are not shown."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.operations.universe_edits import track_on
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.gate.inspection import inspect_canonical, inspect_raw
from regime_platform.pipeline.outcomes import STAGES, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import series_board
from regime_platform.query.states import state
from regime_platform.settings import Settings
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.scenario import serve, street


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = street(tmp_path, ["AAA"], timeframes=("1day", "1week"))
    serve(settings, "AAA", "1week", make_bars(420, "1week"))
    return settings


def run(settings: Settings, *, is_fetched: bool = True) -> SymbolOutcome:
    workspace = RunWorkspace.open(settings)
    stages = STAGES if is_fetched else STAGES[1:]
    instruments = workspace.universe.instruments
    (outcome,) = run_symbols(workspace, instruments, LONG_AFTER, stages=stages)
    refresh_board(workspace, [outcome])
    return outcome


def rules(outcome: SymbolOutcome) -> dict[str, dict[str, int]]:
    """Timeframe -> those of the rules on counts -> errors and warnings."""
    assert outcome.promote is not None
    return {
        name: {rule: number for rule, number in counts.rules.items() if rule.endswith("_bars")}
        for name, counts in outcome.promote.findings.items()
    }


def test_one_without_bars_is_a_finding_with_the_reason_of_its_fetch(settings: Settings) -> None:
    outcome = run(settings)

    assert (outcome.status, rules(outcome)) == (Status.DONE, {"1day": {"no_bars": 1}, "1week": {}})
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA")
    now = LONG_AFTER + dt.timedelta(hours=1)
    for report in (
        inspect_raw(workspace.root, instrument),
        inspect_canonical(workspace.root, now, instrument),
    ):
        week = next(each for each in report.series if each.timeframe == "1day")
        assert "has no 1day.csv" in week.reason
        assert "no_bars" in {each.rule for each in week.findings if each.count}
    (note,) = state("AAA", where=settings)["1week"].fetch_notes
    assert note.startswith("1day is not served since ")
    reasons = dict(series_board(where=settings).select("timeframe", "reason").iter_rows())
    assert "has no 1day.csv" in reasons["1day"]
    assert run(settings, is_fetched=False).status is Status.UNCHANGED


def test_severity_and_minimum_are_set_in_the_policy(settings: Settings) -> None:
    run(settings)
    policy = settings.data_root / "gate.yaml"
    policy.write_text("rules: {no_bars: {AAA: error}}\n")

    blocked = run(settings)

    assert (blocked.status, set(blocked.left_out)) == (Status.BLOCKED, {"1day"})
    assert "expect only those with bars: `regime universe timeframes AAA 1week`" in blocked.reason
    policy.write_text(
        "rules: {no_bars: {default: off}}\nminimum: {US_EQUITY: {1week: 500}, AAA: {1week: 421}}\n"
    )
    warned = run(settings)
    assert (warned.status, rules(warned)["1week"]) == (Status.DONE, {"too_few_bars": 1})
    assert rules(warned)["1day"] == {}
    policy.write_text(
        policy.read_text().replace("{default: off}}", "{default: off}, too_few_bars: {AAA: error}}")
    )
    assert "420 of at least 421 bars" in run(settings).reason
    serve(settings, "AAA", "1week", make_bars(421, "1week"))
    assert run(settings).status is Status.DONE
    policy.write_text(policy.read_text().replace("{1week: 421}", "{1week: 421, 1day: 10}"))
    without = run(settings)
    assert without.left_out["1day"].startswith("1day: too_few_bars counts 1 series (0 of at")


def test_a_dropped_one_is_not_shown_and_comes_back_without_a_fetch(settings: Settings) -> None:
    serve(settings, "AAA", "1day", make_bars(420))
    run(settings)
    before = series_board(where=settings)
    assert before["timeframe"].to_list() == ["1day", "1week"]
    raw = sorted((settings.data_root / "assets/AAA/raw").rglob("*.parquet"))

    track_on(settings, "AAA", ["1day"])
    outcome = run(settings)

    assert rules(outcome) == {"1day": {}}
    assert series_board(where=settings)["timeframe"].to_list() == ["1day"]
    assert list(state("AAA", where=settings)) == ["1day"]
    workspace = RunWorkspace.open(settings)
    assert verify(workspace, workspace.universe.instrument("AAA")).result == "proven"
    assert sorted((settings.data_root / "assets/AAA/raw").rglob("*.parquet")) == raw
    track_on(settings, "AAA", [])
    assert run(settings, is_fetched=False).status is Status.DONE
    columns = pl.exclude("made_from", "results_digest")
    assert series_board(where=settings).select(columns).equals(before.select(columns))
    verdict = read_verdict(workspace.root.symbol("AAA"))
    assert verdict is not None
    assert set(verdict.promoted) == {"1day", "1week"}
