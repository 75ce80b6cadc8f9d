"""From a source into the raw log: what is news, and that nothing else writes."""

import datetime as dt
from pathlib import Path

import polars as pl

from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.ingest import Batches, ingest
from regime_platform.pipeline.outcomes import IngestOutcome, Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import fingerprint, serve, street, with_value


def _open(tmp_path: Path) -> tuple[Settings, RunWorkspace]:
    settings = street(tmp_path, ["AAA"], timeframes=("1day", "1week"))
    return settings, RunWorkspace.open(settings)


def _ingest(workspace: RunWorkspace, now: dt.datetime) -> IngestOutcome:
    instrument = workspace.universe.instrument("AAA")
    return ingest(workspace, instrument, Batches(workspace, [instrument], FetchRequest(now)))


def test_the_first_fetch_brings_the_full_history(tmp_path: Path, now: dt.datetime) -> None:
    settings, workspace = _open(tmp_path)
    serve(settings, "AAA", "1day", make_bars(500))

    outcome = _ingest(workspace, now)

    assert outcome.status is Status.DONE
    assert [(series.timeframe, series.new, series.status) for series in outcome.series] == [
        ("1day", 500, "ok"),
        ("1week", 0, "not_offered"),
    ]


def test_a_fetch_without_new_rows_writes_nothing(tmp_path: Path, now: dt.datetime) -> None:
    settings, workspace = _open(tmp_path)
    serve(settings, "AAA", "1day", make_bars(500))
    _ingest(workspace, now)
    before = fingerprint(tmp_path)

    outcome = _ingest(workspace, now + dt.timedelta(hours=1))

    assert outcome.status is Status.UNCHANGED
    assert outcome.series[0].same == 500
    assert fingerprint(tmp_path) == before


def test_new_and_revised_bars_are_counted_apart(tmp_path: Path, now: dt.datetime) -> None:
    settings, workspace = _open(tmp_path)
    bars = make_bars(503)
    serve(settings, "AAA", "1day", bars.head(500))
    _ingest(workspace, now)
    serve(settings, "AAA", "1day", with_value(bars, 250, volume=7.0))

    series = _ingest(workspace, now + dt.timedelta(hours=1)).series[0]

    assert (series.new, series.revised, series.same) == (3, 1, 499)


def test_a_symbol_that_its_source_does_not_carry_fails_with_the_remedy(
    tmp_path: Path, now: dt.datetime
) -> None:
    _, workspace = _open(tmp_path)

    outcome = _ingest(workspace, now)

    assert outcome.status is Status.FAILED
    assert "AAA" in outcome.reason


def test_how_labels_were_read_is_noted_with_the_first_bars_alone(
    tmp_path: Path, now: dt.datetime
) -> None:
    settings, workspace = _open(tmp_path)
    fridays = make_bars(300, "1week").with_columns(pl.col("ts") + dt.timedelta(days=4))
    notes = []
    for rows in (250, 300):
        serve(settings, "AAA", "1week", fridays.head(rows))
        notes.append(_ingest(workspace, now).series[1].note)

    assert notes == ["weeks labelled Friday read as their Monday", ""]
