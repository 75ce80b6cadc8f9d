"""How much a run of one symbol asks of the disk and of DuckDB: at most so much, on any machine.

docs/performance.md shows these counts. Lower them where a run asks less.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from regime_platform.compute.engine import warm_up
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.bench.counts import counting
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street

_START = dt.datetime(2009, 2, 2, tzinfo=dt.UTC)
_BARS = 400
#: Flushes, files opened to read and to write, statements of DuckDB and files that it opens.
_COUNTED = ("fsync", "open_to_read", "open_to_write", "duckdb_statement", "duckdb_attach")


@pytest.mark.parametrize(
    ("timeframes", "at_most"),
    [
        pytest.param(
            ("1day", "1week"),
            {
                "from scratch": (25, 50, 30, 42, 3),
                "nothing new": (0, 15, 0, 0, 0),
                "one bar more": (14, 45, 29, 28, 1),
            },
            id="daily",
        ),
        pytest.param(
            TIMEFRAMES,
            {
                "from scratch": (43, 86, 54, 50, 3),
                "nothing new": (0, 21, 0, 0, 0),
                "one bar more": (26, 84, 53, 28, 1),
            },
            id="core",
        ),
    ],
)
def test_a_run_asks_for_no_more_than_documented(
    timeframes: tuple[str, ...],
    at_most: Mapping[str, tuple[int, ...]],
    tmp_path: Path,
    now: dt.datetime,
) -> None:
    tier = "daily" if len(timeframes) == 2 else "core"
    settings = street(tmp_path, ["AAA"], tier=tier, asset_class="FX", timeframes=timeframes)
    workspace = RunWorkspace.open(settings)
    (instrument,) = workspace.universe.instruments
    counted: dict[str, Counter[str]] = {}
    warm_up()  # kernels are kept in files, once for each machine

    for step, bars, status in (
        ("from scratch", _BARS, Status.DONE),
        ("nothing new", _BARS, Status.UNCHANGED),
        ("one bar more", _BARS + 1, Status.DONE),
    ):
        for timeframe in timeframes:
            serve(settings, "AAA", timeframe, make_bars(bars, timeframe, _START))
        with counting(workspace.root.path) as counts:
            assert run_symbol(workspace, instrument, now).status is status
        counted[step] = counts

    asked = {step: tuple(counts[name] for name in _COUNTED) for step, counts in counted.items()}
    assert {
        step: counts
        for step, counts in asked.items()
        if any(map(int.__gt__, counts, at_most[step]))
    } == {}
