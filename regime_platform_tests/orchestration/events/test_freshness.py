"""The check is_fresh of each symbol: reported where it changed, and where series lack more bars."""

import dagster as dg
import pytest

from regime_platform.errors import ResultsError
from regime_platform.model.instants import instant
from regime_platform.orchestration.events.freshness import IS_FRESH, freshness
from regime_platform.orchestration.instance.shown_states import ShownStates
from regime_platform.orchestration.partitions import symbol_partitions
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.orchestration.graph import SYMBOLS

THEN = instant("2013-07-13T00:00Z")  # the day after the last bars


def test_a_symbol_is_reported_where_its_check_shows_something_else(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    workspace, instance = RunWorkspace.open(processed_eight), processed_instance
    # as releases before reported it: one result of all series
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(asset_key=IS_FRESH.asset_key, check_name=IS_FRESH.name, passed=True)
    )

    assert list(freshness(workspace, instance, NOW)) == []  # the run reported all as stale
    daily = list(freshness(workspace, instance, NOW, with_stale=True))
    fresh = list(freshness(workspace, instance, THEN))
    for evaluation in fresh:
        instance.report_runless_asset_event(evaluation)

    assert [each.partition for each in daily] == list(SYMBOLS)
    assert {each.severity for each in daily} == {dg.AssetCheckSeverity.WARN}
    series = daily[0].metadata["series"]
    assert isinstance(series, dg.TableMetadataValue)
    (row,) = series.records
    assert (row.data["timeframe"], row.data["last bar"]) == ("1day", "2013-07-12T00:00:00Z")
    text = f"1day: last bar 2013-07-12, over {row.data['bars missing']} bars missing"
    assert (daily[0].description or "").startswith(text)
    assert [(each.partition, each.passed) for each in fresh] == [(name, True) for name in SYMBOLS]
    shown = ShownStates(instance, symbol_partitions(workspace.universe))
    assert all(shown.passed(IS_FRESH, symbol) for symbol in SYMBOLS)
    assert list(freshness(workspace, instance, THEN)) == []


def test_a_board_that_cannot_be_read_is_an_error(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    workspace = RunWorkspace.open(processed_eight)
    workspace.root.board.write_bytes(b"nonsense")

    with pytest.raises(ResultsError, match=r"board\.parquet"):
        list(freshness(workspace, processed_instance, NOW))
