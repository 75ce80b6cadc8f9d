"""Decisions and severities are part of what makes canonical bars, and promotion is reproducible."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import ConfigError, UsageError
from regime_platform.operations.overrides import Span, Statement, accept, exclude, undo
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.ingest import Batches, ingest
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import contents, fingerprint, serve, street, with_value

BARS = make_bars(500, seed=5)
BAD_OPEN = BARS["ts"][300]


@pytest.fixture
def workspace(tmp_path: Path, now: dt.datetime) -> RunWorkspace:
    """AAA, whose bar 300 has a low above its high."""
    settings = street(tmp_path, ["AAA"])
    serve(settings, "AAA", "1day", with_value(BARS, 300, low=1e6))
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA")
    ingest(workspace, instrument, Batches(workspace, [instrument], FetchRequest(now)))
    return workspace


@pytest.fixture
def statement(now: dt.datetime) -> Statement:
    return Statement("the vendor's tick is wrong", "ann", now)


def _run(workspace: RunWorkspace, now: dt.datetime) -> SymbolOutcome:
    return run_symbol(workspace, workspace.universe.instrument("AAA"), now)


def _opens(workspace: RunWorkspace) -> list[dt.datetime]:
    stored = read_in_force(workspace.root.symbol("AAA"), "1day")
    return [] if stored is None else stored[1]["ts"].to_list()


def _manifest(workspace: RunWorkspace) -> dict[str, Any]:
    text = workspace.root.symbol("AAA").manifest.read_text()
    gate: dict[str, Any] = json.loads(text)["manifest"]["gate"]
    return gate


def test_excluding_the_bad_bar_lets_the_symbol_through_and_stands_in_the_manifest(
    workspace: RunWorkspace, statement: Statement, now: dt.datetime
) -> None:
    instrument = workspace.universe.instrument("AAA")
    assert promote(workspace, instrument).status is Status.BLOCKED

    exclude(workspace.root, instrument, Span("1day", BAD_OPEN), statement)
    outcome = _run(workspace, now)

    assert outcome.status is Status.DONE
    assert _opens(workspace) == [ts for ts in BARS["ts"] if ts != BAD_OPEN]
    (override,) = _manifest(workspace)["decisions"]
    assert (override["kind"], override["by"], override["reason"]) == (
        "exclude",
        "ann",
        statement.reason,
    )


def test_undoing_brings_the_block_back_and_the_last_good_bars_stay(
    workspace: RunWorkspace, statement: Statement, now: dt.datetime
) -> None:
    instrument = workspace.universe.instrument("AAA")
    exclude(workspace.root, instrument, Span("1day", BAD_OPEN), statement)
    _run(workspace, now)
    before = _opens(workspace)

    undo(workspace.root, instrument, 1, statement)

    assert promote(workspace, instrument).status is Status.BLOCKED
    assert _opens(workspace) == before


def test_the_same_log_and_the_same_decisions_give_the_same_bytes(
    workspace: RunWorkspace, statement: Statement, now: dt.datetime
) -> None:
    instrument = workspace.universe.instrument("AAA")
    exclude(workspace.root, instrument, Span("1day", BAD_OPEN), statement)
    _run(workspace, now)
    folder = workspace.root.symbol("AAA").folder
    first = contents(folder)

    for name in ("verdict.json", "compute.db", "manifest.json", "compute_manifest.json"):
        (folder / name).unlink()
    _run(workspace, now)

    again = contents(folder)
    unlike = ("chain.jsonl", "compute.db", "compute_manifest.json")  # tell which file it is
    made = [name for name in first if not name.endswith(unlike)]
    assert {name: again[name] for name in made} == {name: first[name] for name in made}


def test_promoting_again_after_a_decision_writes_nothing(
    workspace: RunWorkspace, statement: Statement, tmp_path: Path
) -> None:
    instrument = workspace.universe.instrument("AAA")
    exclude(workspace.root, instrument, Span("1day", BAD_OPEN), statement)
    promote(workspace, instrument)
    before = fingerprint(tmp_path)

    assert promote(workspace, instrument).status is Status.UNCHANGED
    assert fingerprint(tmp_path) == before


def test_severities_of_the_data_root_are_applied_and_recorded(
    workspace: RunWorkspace, statement: Statement
) -> None:
    instrument = workspace.universe.instrument("AAA")
    exclude(workspace.root, instrument, Span("1day", BAD_OPEN), statement)
    assert promote(workspace, instrument).status is Status.DONE

    workspace.root.gate_policy.write_text("rules: {outside_session: {US_EQUITY: error}}")
    blocked = promote(workspace, instrument)
    workspace.root.gate_policy.unlink()

    assert blocked.status is Status.BLOCKED
    assert "outside_session rejected" in blocked.reason
    assert promote(workspace, instrument).status is Status.DONE
    assert read_verdict(workspace.root.symbol("AAA")) is not None


def test_an_unusable_gate_file_stops_the_promotion(workspace: RunWorkspace) -> None:
    workspace.root.gate_policy.write_text("rules: {unheard_of: {default: off}}")

    with pytest.raises(ConfigError, match=r"gate\.yaml: rule 'unheard_of' is unknown"):
        promote(workspace, workspace.universe.instrument("AAA"))


def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    workspace: RunWorkspace, statement: Statement, now: dt.datetime
) -> None:
    instrument, root = workspace.universe.instrument("AAA"), workspace.root
    sunday = dt.datetime(2012, 1, 8, tzinfo=dt.UTC)

    with raises(UsageError, "no-such-bar", match="regime bars AAA 1day"):
        exclude(root, instrument, Span("1day", sunday), statement)
    with raises(UsageError, "no-such-bar", match="2012-01-08"):
        accept(root, instrument, Span("1day", sunday), statement)
    with raises(UsageError, "rule-not-acceptable", match="high_low_order"):
        accept(root, instrument, Span("1day", BAD_OPEN), statement, rule="high_low_order")
    with raises(UsageError, "timeframe-not-tracked", match="1h"):
        accept(root, instrument, Span("1h", BAD_OPEN), statement)
    with raises(UsageError, "no-reason", match="--reason"):
        Statement("  ", "ann", now)

    assert not root.symbol("AAA").decisions.exists()


def test_an_acceptance_is_reported_with_the_finding(
    workspace: RunWorkspace, statement: Statement
) -> None:
    instrument = workspace.universe.instrument("AAA")
    exclude(workspace.root, instrument, Span("1day", BAD_OPEN), statement)
    promote(workspace, instrument)
    holiday = dt.datetime(2012, 1, 2, tzinfo=dt.UTC)  # an invented bar is held on it

    accept(workspace.root, instrument, Span("1day", holiday), statement, rule="outside_session")
    promote(workspace, instrument)

    verdict = read_verdict(workspace.root.symbol("AAA"))
    assert verdict is not None
    series = verdict.at("1day")
    assert series is not None
    assert (
        next(finding for finding in series.findings if finding.rule == "outside_session").accepted
        == 1
    )


def test_a_missing_bar_is_accepted_wherever_the_source_anchors_its_bars(
    tmp_path: Path, statement: Statement
) -> None:
    settings = street(tmp_path, ["AAA"], tier="core")
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA").changed(calendar="XHKG")
    noon, night = (  # 12:30 Hong Kong is within hours that run through the break, 22:30 is not
        Span("1h", dt.datetime(2024, 1, 9, hour, 30, tzinfo=dt.UTC)) for hour in (4, 14)
    )

    accepted = accept(workspace.root, instrument, noon, statement, rule="missing_bars")

    assert accepted.opens == noon.opens
    with raises(UsageError, "no-such-bar", match="none is due then"):
        accept(workspace.root, instrument, night, statement, rule="missing_bars")
