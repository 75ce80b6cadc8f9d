"""Symbols in several processes come out as in one, in the order asked for."""

import datetime as dt

import pytest

from regime_platform.pipeline import run
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.pipeline.three_symbols import SYMBOLS
from regime_platform_tests.scenario import serve, with_value


@pytest.mark.slow
@pytest.mark.usefixtures("prepared_workers")
def test_outcomes_keep_their_order_and_a_blocked_symbol_stops_no_other(
    settings_of_three: Settings, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WORTH_PROCESSES", 1)
    serve(settings_of_three, "BBB", "1day", with_value(make_bars(430), 5, close=-1.0))
    workspace = RunWorkspace.open(settings_of_three)

    outcomes = list(run_symbols(workspace, workspace.universe.instruments, now, workers=2))

    assert [outcome.symbol for outcome in outcomes] == SYMBOLS
    assert [outcome.status for outcome in outcomes] == [Status.DONE, Status.BLOCKED, Status.DONE]
    assert outcomes[0].ingest is not None
    assert outcomes[0].ingest.rows_inserted == 420


def test_few_series_start_no_process(
    settings_of_three: Settings, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(run, "map_in_processes")
    workspace = RunWorkspace.open(settings_of_three)

    outcomes = list(run_symbols(workspace, workspace.universe.instruments, now, workers=2))

    assert {outcome.status for outcome in outcomes} == {Status.DONE}
