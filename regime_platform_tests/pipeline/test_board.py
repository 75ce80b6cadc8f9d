"""The board is kept in step with the results, and marks failed symbols."""

import datetime as dt

import polars as pl

from regime_platform.compute_db.board import read_board
from regime_platform.pipeline.board import rebuild_board, refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, with_value


def test_a_damaged_board_is_rebuilt_for_all_symbols(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    workspace = RunWorkspace.open(settings_of_three)
    outcomes = list(run_symbols(workspace, workspace.universe.instruments, now))
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

    def held_back(bars: pl.DataFrame, at: dt.datetime) -> dict[str, str | None]:
        serve(settings_of_three, "BBB", "1day", bars)
        refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, at)))
        return dict(read_board(workspace.root).select("symbol", "held_back").iter_rows())

    first = held_back(bad, now)
    repaired = held_back(good, now + dt.timedelta(hours=1))

    assert first["AAA"] is first["CCC"] is None
    assert first["BBB"] is not None
    assert first["BBB"].startswith("blocked: 1day: high_low_order")
    assert set(repaired.values()) == {None}


def test_rebuilding_an_unchanged_board_writes_nothing(processed: RunWorkspace) -> None:
    before = processed.root.board.stat().st_mtime_ns

    assert not rebuild_board(processed, processed.universe.instruments)
    assert processed.root.board.stat().st_mtime_ns == before
