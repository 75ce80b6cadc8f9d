"""The latest regimes of a symbol, a row per timeframe, with what the board shows."""

from regime_platform.orchestration.events.regimes import by_field, latest_regimes
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import BoardFilter, series_board
from regime_platform.report.palette import readable
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW


def test_each_timeframe_with_results_has_a_row_with_what_the_board_shows(
    processed: RunWorkspace,
) -> None:
    rows = latest_regimes(processed, "MSFT")

    daily, weekly = rows
    assert (daily["last bar"], daily["change"], daily["findings"]) == (
        "2013-03-01",
        "+0.54%",
        "none",
    )
    board = series_board(BoardFilter(symbols=["MSFT"]), where=processed.settings)
    for row, shown in zip(rows, board.iter_rows(named=True), strict=True):
        assert row["timeframe"] == shown["timeframe"]
        assert row["price"] == float(f"{shown['price']:.6g}")
        assert row["change"] == f"{shown['change']:+.2%}"
        assert row["regime"] == readable(shown["regime_label"])
        assert row["bars"] == shown["regime_bars"]
        assert row["escalation"] == f"{shown['esc_pctl']:.3f}"
        assert row["bucket since"] == f"{shown['bucket_since']:%Y-%m-%d}"
    assert {"": "regime", "1day": "transition", "1week": weekly["regime"]} in by_field(rows)
    assert weekly["bucket"] == f"{board['escalation_bucket'][1]}, immature"
    assert [row["ranked on"] for row in rows] == [
        "795 bars of the last of 2 eras with bars",
        "165 bars of the last of 2 eras with bars: immature",
    ]


def test_a_last_bar_that_is_too_old_has_what_is_missing(processed_eight: Settings) -> None:
    workspace = RunWorkspace.open(processed_eight, clock=NOW.timestamp)

    (row,) = latest_regimes(workspace, "ALDER")

    assert row["last bar"] == "2013-07-12"
    assert str(row["missing bars"]).startswith("over ")


def test_a_symbol_without_results_has_none(processed: RunWorkspace) -> None:
    assert latest_regimes(processed, "NOPE") == by_field([]) == []
