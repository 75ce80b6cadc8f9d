"""Which bars must be there by a moment."""

import datetime as dt
from pathlib import Path

from regime_platform.model.markets import MARKETS
from regime_platform.operations.staleness import missing_bars, stale_series
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.scenario import street

FRIDAY = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def test_bars_are_missing_from_the_one_after_the_last_on() -> None:
    evening = FRIDAY + dt.timedelta(days=1, hours=12)

    assert missing_bars(MARKETS["US_EQUITY"], "1day", FRIDAY, evening) == (0, "")
    missing = missing_bars(MARKETS["US_EQUITY"], "1day", FRIDAY - dt.timedelta(days=2), evening)
    assert missing == (2, "2026-11-20T00:00:00Z")


def test_a_symbol_without_results_lacks_every_bar_of_the_days_looked_back(tmp_path: Path) -> None:
    workspace = RunWorkspace.open(street(tmp_path, ["AAA"]))

    daily, weekly = stale_series(workspace, FRIDAY)

    assert (daily.timeframe, daily.last_bar, daily.expected_bar[:10]) == ("1day", "", "2026-11-18")
    assert daily.missing > 4 * weekly.missing > 200
