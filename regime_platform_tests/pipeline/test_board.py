"""The board is kept in step with the results, and marks failed symbols."""

import datetime as dt
import shutil
from collections.abc import Sequence

import polars as pl
import pytest

from regime_platform.compute_db.board import read_board
from regime_platform.pipeline.board import rebuild_board, refresh_board
from regime_platform.pipeline.outcomes import STAGES, Stage
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, with_value


def test_a_damaged_board_is_rebuilt_for_all_symbols(
    settings_of_three: Settings, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = RunWorkspace.open(settings_of_three)
    outcomes = list(run_symbols(workspace, workspace.universe.instruments, now))
    with monkeypatch.context() as patched:  # the run hands on the rows of what it computed
        patched.delattr("regime_platform.pipeline.board.shown_symbol")
        refresh_board(workspace, outcomes)
    whole = read_board(workspace.root)
    workspace.root.board.write_bytes(b"nonsense")

    refresh_board(workspace, outcomes[:1])

    assert read_board(workspace.root).equals(whole)


def test_the_board_shows_failed_symbols_until_they_succeed(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    good, bad = make_bars(430, seed=1), with_value(make_bars(430, seed=1), 425, low=1e6)
    workspace = RunWorkspace.open(settings_of_three)

    def held_back(
        bars: pl.DataFrame, at: dt.datetime, stages: Sequence[Stage] = STAGES
    ) -> dict[str, str | None]:
        serve(settings_of_three, "BBB", "1day", bars)
        instruments = workspace.universe.instruments
        refresh_board(workspace, list(run_symbols(workspace, instruments, at, stages=stages)))
        return dict(read_board(workspace.root).select("symbol", "held_back").iter_rows())

    first = held_back(bad, now)
    fetched = held_back(bad, now, [Stage.RAW_BARS])  # which does not come to the gate
    repaired = held_back(good, now + dt.timedelta(hours=1))

    assert first["AAA"] is first["CCC"] is None
    assert first["BBB"] is not None
    assert first["BBB"].startswith("blocked: 1day: high_low_order")
    assert fetched == first
    assert set(repaired.values()) == {None}


def test_rebuilding_an_unchanged_board_writes_nothing(processed: RunWorkspace) -> None:
    before = processed.root.board.stat().st_mtime_ns

    assert not rebuild_board(processed, processed.universe.instruments)
    assert processed.root.board.stat().st_mtime_ns == before


def test_a_failed_fetch_stays_on_the_board_until_the_series_is_served(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    workspace = RunWorkspace.open(settings_of_three)
    instruments = workspace.universe.instruments
    serve(settings_of_three, "AAA", "1day", make_bars(300))
    assert settings_of_three.files_root is not None
    broken = settings_of_three.files_root / "BBB" / "1day.parquet"
    whole = broken.read_bytes()
    broken.write_bytes(b"nonsense")
    shutil.rmtree(settings_of_three.files_root / "CCC")

    def shown(at: dt.datetime, *stages: Stage) -> dict[str, tuple[str, int]]:
        refresh_board(
            workspace, list(run_symbols(workspace, instruments, at, stages=stages or STAGES))
        )
        rows = read_board(workspace.root).filter(timeframe="1day")
        return {
            row["symbol"]: ((row["held_back"] or "").partition(":")[0], row["bars"])
            for row in rows.iter_rows(named=True)
        }

    fetched = shown(now)
    passed = shown(now + dt.timedelta(hours=1), *STAGES[1:])
    rebuild_board(workspace, instruments)
    rebuilt = read_board(workspace.root)["held_back"].drop_nulls().to_list()
    broken.write_bytes(whole)
    served = shown(now + dt.timedelta(hours=2))

    assert fetched["CCC"][0] in ("failed", "no_bars")
    assert (passed["AAA"][0], passed["BBB"][0], passed["CCC"][0]) == ("", "no_bars", "no_bars")
    assert len({text for text in rebuilt if text.startswith("no_bars: ")}) == 2
    assert served["BBB"] == ("", 421)
