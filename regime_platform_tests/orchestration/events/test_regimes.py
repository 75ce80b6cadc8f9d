"""The latest regimes of a symbol, a row per timeframe."""

from regime_platform.orchestration.events.metadata import latest_regimes
from regime_platform.pipeline.run_workspace import RunWorkspace


def test_each_timeframe_with_results_has_a_row(processed: RunWorkspace) -> None:
    rows = latest_regimes(processed, "MSFT")

    assert [row["timeframe"] for row in rows] == ["1day", "1week"]
    assert (rows[0]["regime"], rows[0]["last bar"]) == ("TRANSITION", "2013-03-01")
    assert [row["ranked on"] for row in rows] == [
        "795 bars of the last of 2 eras",
        "165 bars of the last of 2 eras: immature",
    ]


def test_a_symbol_without_results_has_none(processed: RunWorkspace) -> None:
    assert latest_regimes(processed, "NOPE") == []
