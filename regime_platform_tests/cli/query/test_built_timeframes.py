"""Where a timeframe is shown whose bars are built from finer ones, so is that."""

import datetime as dt
import json
from pathlib import Path

import dagster as dg
import pytest

from regime_platform.orchestration.events.metadata import stage_metadata
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import session_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import serve, street

START = dt.datetime(2025, 9, 1, tzinfo=dt.UTC)
END = dt.datetime(2026, 10, 24, 3, tzinfo=dt.UTC)
NOW = "2026-10-24T03:00:00Z"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = street(tmp_path, ["AAA"], timeframes=("1day", "1week"))
    serve(settings, "AAA", "30min", session_bars("30min", START, END))
    return settings


@pytest.mark.slow
def test_every_view_names_the_finer_bars(settings: Settings, regime: Regime) -> None:
    run = regime("run", "AAA", "--now", NOW, settings=settings)
    document = json.loads(regime("run", "AAA", "--force", "--now", NOW, "--json").out)

    assert "1day, 1week built from 30min" in run.out
    built = {"1day": "30min", "1week": "30min"}
    assert document["symbols"][0]["derived_from"] == built
    assert document["symbols"][0]["fetched"][0]["timeframe"] == "30min"
    board = regime("board", "--by-timeframe")
    assert "1day+" in board.out
    assert "+ built from 30min bars" in board.out
    rows = json.loads(regime("board", "--by-timeframe", "--json").out)
    assert {row["timeframe"]: row["derived_from"] for row in rows} == built
    state = regime("state", "AAA", "--now", NOW)
    assert "1day built from 30min" in state.out
    assert "not served" not in state.out
    then = ("--as-of", "2026-10-24T04:00:00Z", "--json")
    for past in (then[:0], then[:2]):
        explained = regime("explain", "AAA", "1day", "2026-10-20", *past)
        assert "  built from 30min bars\n" in explained.out
    for words in (("--json",), then):
        states = json.loads(regime("state", "AAA", *words).out)
        states = states.get("states", states)
        assert states["1day"]["derived_from"] == "30min"
    for past in (then[:0], then[:2]):
        shown = regime("bars", "AAA", "1week", *past)
        assert "built from 30min bars" in shown.out + shown.err
    reports = json.loads(regime("validate", "AAA", "--json").out)["symbols"][0]["series"]
    assert {report["timeframe"]: report["derived_from"] for report in reports} == {
        **built,
        "30min": None,
    }
    assert regime("charts", "AAA").code == 0
    pages = [file.read_text() for file in settings.data_root.rglob("AAA.html")]
    assert ["1day, 1week built from 30min" in page for page in pages] == [True]


def test_dagster_shows_what_a_series_is_built_from(settings: Settings) -> None:
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA")
    stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)

    outcome = run_symbol(workspace, instrument, END, stages=stages)

    metadata, _ = stage_metadata(workspace, Stage.VALIDATED_BARS, outcome)
    assert isinstance(metadata["timeframes"], dg.TableMetadataValue)
    records = [record.data for record in metadata["timeframes"].records]
    assert {record["timeframe"]: record["built from"] for record in records} == {
        "1day": "30min",
        "1week": "30min",
    }
    _, before = stage_metadata(workspace, Stage.RAW_BARS, outcome)
    serve(settings, "AAA", "30min", session_bars("30min", START, END + dt.timedelta(days=3)))
    again = run_symbol(workspace, instrument, END + dt.timedelta(days=3), stages=stages)
    assert stage_metadata(workspace, Stage.RAW_BARS, again)[1] != before


def test_overrides_name_finer_bars_by_any_spelling_of_their_length(
    settings: Settings, regime: Regime
) -> None:
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA")
    run_symbol(workspace, instrument, END, stages=(Stage.RAW_BARS, Stage.VALIDATED_BARS))

    excluded = regime(
        "bars", "exclude", "AAA", "30m", "2026-10-16T14:30", "--reason", "torn", settings=settings
    )

    assert excluded.code == 0
    listed = json.loads(regime("bars", "list", "AAA", "--json").out)
    assert "30min" in json.dumps(listed)
