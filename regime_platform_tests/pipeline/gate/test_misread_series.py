"""Series whose labels are read wrongly: blocked with a remedy, and right once it is followed."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
from pytest_httpserver import HTTPServer

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.operations.overrides import Span, Statement, accept
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.scenario import later, street
from regime_platform_tests.vendor import LoopbackVendor

START, END = dt.datetime(2023, 1, 2, tzinfo=dt.UTC), dt.datetime(2023, 12, 30, tzinfo=dt.UTC)
OPENS = expected_opens(MARKETS["US_EQUITY"], "1h", START, END)
BARS = make_bars(OPENS.len()).with_columns(ts=OPENS)


def _serve(folder: Path, change: Callable[[pl.Expr], pl.Expr]) -> Settings:
    """Hourly bars of AAA as text, with changed labels."""
    settings = street(folder, ["AAA"], tier="core")
    assert settings.files_root is not None
    (settings.files_root / "AAA").mkdir()
    labels = change(pl.col("ts")).dt.strftime("%Y-%m-%d %H:%M")
    BARS.with_columns(labels).write_csv(settings.files_root / "AAA" / "1h.csv")
    return settings


def _map(settings: Settings, text: str) -> None:
    assert settings.files_root is not None
    (settings.files_root / "AAA" / "mapping.yaml").write_text(text)


def _run(settings: Settings, now: dt.datetime) -> SymbolOutcome:
    workspace = RunWorkspace.open(settings)
    stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
    (outcome,) = run_symbols(workspace, workspace.universe.instruments, now, stages=stages)
    return outcome


def _canonical(settings: Settings, timeframe: str) -> pl.DataFrame:
    promoted = read_in_force(RunWorkspace.open(settings).root.symbol("AAA"), timeframe)
    assert promoted is not None
    return promoted[1]


def _new_york(ts: pl.Expr) -> pl.Expr:
    return ts.dt.convert_time_zone("America/New_York").dt.replace_time_zone(None)


def test_following_the_remedy_gives_the_bars_of_the_right_zone(
    tmp_path: Path, now: dt.datetime
) -> None:
    settings = _serve(tmp_path, _new_york)

    wrong = _run(settings, now)
    assert wrong.status is Status.BLOCKED
    assert wrong.reason.startswith("1h: calendar_misfit counts 1 series (2023-01-03 09:30 begins")
    assert "read as America/New_York instead of UTC all fit" in wrong.reason
    assert "set `zone: America/New_York` in mapping.yaml" in wrong.reason
    _map(settings, "zone: America/New_York\n")
    right = _run(settings, later(now))

    assert right.status is Status.DONE, right.reason
    assert _canonical(settings, "1h").equals(BARS)


def test_a_person_can_take_the_labels_as_they_are(tmp_path: Path, now: dt.datetime) -> None:
    settings = _serve(tmp_path, _new_york)
    _run(settings, now)
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA")
    first = _new_york(pl.lit(OPENS).first())
    opens = pl.select(first.dt.replace_time_zone("UTC")).item()

    accept(
        workspace.root,
        instrument,
        Span("1h", opens),
        Statement("checked", "me", now),
        rule="calendar_misfit",
    )

    assert _run(settings, later(now)).status is Status.DONE


def test_labels_by_the_end_are_read_by_the_open_and_noted(tmp_path: Path, now: dt.datetime) -> None:
    settings = _serve(tmp_path, lambda ts: ts + pl.duration(hours=1))

    outcome = _run(settings, now)

    assert outcome.ingest is not None
    notes = [series.note for series in outcome.ingest.series if series.note]
    assert notes == ["bars labelled by their end read by their open"]
    assert _canonical(settings, "1h").equals(BARS)


def test_weeks_that_a_vendor_labels_by_sunday_are_those_of_the_next_monday(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    vendor = LoopbackVendor(httpserver, asset_class="US_EQUITY")
    bars = {frame: stock_bars(frame, START, END) for frame in ("1day", "1week")}
    list_stock(vendor, "AAA", "1day", bars["1day"])
    sundays = bars["1week"].with_columns(pl.col("ts") - pl.duration(days=1))
    list_stock(vendor, "AAA", "1week", sundays.head(20))
    settings = vendor_settings(tmp_path, vendor, ["AAA"])

    for number, weeks in enumerate((20, 50)):
        list_stock(vendor, "AAA", "1week", sundays.head(weeks))
        outcome = _run(settings, sundays["ts"][weeks - 1] + dt.timedelta(days=7 + number))
        assert outcome.status is Status.DONE, outcome.reason

    assert _canonical(settings, "1week").equals(bars["1week"].head(50))
