"""A series that is not fetched fails alone: the others go through gate, compute and manifests."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.cli.console.output import SOME_FAILED
from regime_platform.cli.pipeline.run import code_of_run
from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline import run
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.outcomes import (
    OVERLAP_LOST,
    IngestOutcome,
    SeriesIngest,
    Stage,
    Status,
    SymbolOutcome,
)
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.scenario import fingerprint, serve, street, with_value

DAYS, WEEKS = make_bars(420), make_bars(420, "1week", seed=1)
_FAILED = SeriesIngest("1day", status="failed")
#: Two labels in the week of 2010-01-18.
UNCLEAR = pl.concat([WEEKS, WEEKS[3:4].with_columns(pl.col("ts").dt.offset_by("2d"))]).sort("ts")


def _run(settings: Settings, day: int = 0, workers: int = 1) -> SymbolOutcome:
    workspace = RunWorkspace.open(settings)
    now = LONG_AFTER + dt.timedelta(days=day)
    (outcome,) = run_symbols(workspace, workspace.universe.instruments, now, workers=workers)
    refresh_board(workspace, [outcome])
    return outcome


def _served(folder: Path, days: pl.DataFrame = DAYS, weeks: pl.DataFrame = WEEKS) -> Settings:
    settings = street(folder, ["AAA"])
    serve(settings, "AAA", "1day", days)
    serve(settings, "AAA", "1week", weeks)
    return settings


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.usefixtures("prepared_workers")
def test_the_others_are_computed_and_the_symbol_stays_failed(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WORTH_PROCESSES", 1)
    settings = _served(tmp_path, weeks=UNCLEAR)

    outcome = _run(settings, workers=workers)

    assert (outcome.status, outcome.stage) == (Status.FAILED, Stage.RAW_BARS)
    assert outcome.reason.startswith("1week: ")
    assert outcome.publish is not None
    assert code_of_run([outcome], is_complete=True) == SOME_FAILED
    folder = settings.data_root / "assets/AAA"
    assert read_table(folder / "compute.db", "latest_state")["timeframe"].to_list() == ["1day"]
    workspace = RunWorkspace.open(settings)
    assert verify(workspace, workspace.universe.instrument("AAA")).result == "proven"
    before = fingerprint(folder)
    assert _run(settings, 1).reason == outcome.reason
    assert fingerprint(folder) == before


def test_the_reason_names_what_failed_and_what_is_blocked(tmp_path: Path) -> None:
    assert _run(_served(tmp_path)).status is Status.DONE
    bad_days = with_value(make_bars(425), 422, low=1e6)

    outcome = _run(_served(tmp_path, bad_days, UNCLEAR), 1)

    assert (outcome.status, outcome.stage) == (Status.FAILED, Stage.RAW_BARS)
    failed, blocked = outcome.reason.split(" | ")
    assert failed.startswith("1week: ")
    assert blocked.startswith("1day: high_low_order")
    assert list(outcome.left_out) == ["1day"]
    assert code_of_run([outcome], is_complete=True) == SOME_FAILED
    assert _run(_served(tmp_path, make_bars(425), WEEKS), 2).status is Status.DONE


def test_nothing_is_processed_where_the_ticker_seems_reused() -> None:
    series = [SeriesIngest("1day", status=OVERLAP_LOST), SeriesIngest("1week", new=3)]

    assert not IngestOutcome("AAA", Status.FAILED, tuple(series)).is_partial
    assert IngestOutcome("AAA", Status.FAILED, (series[1], _FAILED)).is_partial
    assert not IngestOutcome("AAA", Status.FAILED, (_FAILED,)).is_partial
