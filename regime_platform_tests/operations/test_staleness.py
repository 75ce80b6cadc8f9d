"""Which series lack bars that must be there by a moment."""

import datetime as dt
from pathlib import Path

from regime_platform.operations.staleness import stale_series
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.scenario import street

FRIDAY = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def test_a_symbol_without_results_lacks_every_bar_of_the_days_looked_back(tmp_path: Path) -> None:
    workspace = RunWorkspace.open(street(tmp_path, ["AAA"], timeframes=["1day", "1week"]))

    daily, weekly = stale_series(workspace, FRIDAY)

    assert (daily.timeframe, daily.last_bar, daily.row()["expected"]) == (
        "1day",
        "",
        "2026-11-18T00:00:00Z",
    )
    assert daily.age.missing > 4 * weekly.age.missing > 200
