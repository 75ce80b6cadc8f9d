"""A symbol with a bad series stays red, while its other series are computed."""

import dagster as dg
import polars as pl
import pytest

from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import (
    BARS,
    failure_text,
    gate_failures,
    green,
    materialized,
    red,
    run_listed,
    run_range,
)
from regime_platform_tests.scenario import serve, with_value

BAD = "ELM"
WEEKS = make_bars(BARS + 1, "1week", seed=9)


@pytest.fixture
def half_bad(eight: Settings) -> Settings:
    """ELM has good weeks and a bad day."""
    serve(eight, BAD, "1day", with_value(make_bars(BARS, seed=3), 200, high=1.0))
    serve(eight, BAD, "1week", WEEKS)
    return eight


def computed(settings: Settings) -> list[str]:
    """The timeframes with results."""
    database = settings.data_root / "assets" / BAD / "compute.db"
    timeframes: list[str] = read_table(database, "latest_state")["timeframe"].to_list()
    return timeframes


@pytest.mark.slow
def test_the_partition_is_red_and_the_good_series_are_computed(
    half_bad: Settings, instance: dg.DagsterInstance
) -> None:
    result = run_range(half_bad, instance, ["CEDAR", BAD])

    assert not result.success
    message = f"1 of 2 symbols failed (1 blocked): {BAD} (blocked at validated_bars: 1day:"
    assert message in failure_text(result)
    assert gate_failures(result) == [BAD]
    assert red(half_bad, instance, Stage.VALIDATED_BARS) == {BAD}
    for stage in (Stage.COMPUTE_DB, Stage.MANIFESTS):
        assert red(half_bad, instance, stage) == {BAD}
        assert "CEDAR" in green(half_bad, instance, stage)
    assert computed(half_bad) == ["1week"]

    alone = run_range(half_bad, instance, [BAD], stages=[Stage.COMPUTE_DB, Stage.MANIFESTS])

    assert f"{BAD} (blocked at compute_db: 1day: high_low_order" in failure_text(alone)


@pytest.mark.slow
def test_a_listed_run_computes_the_good_series_and_the_next_nothing(
    half_bad: Settings, instance: dg.DagsterInstance
) -> None:
    first = run_listed(half_bad, instance, [BAD], "process_listed")
    database = half_bad.data_root / "assets" / BAD / "compute.db"
    before = database.stat().st_mtime_ns

    again = run_listed(half_bad, instance, [BAD], "reconcile")

    assert (first.success, again.success) == (False, False)
    assert materialized(first, Stage.COMPUTE_DB) == []
    assert computed(half_bad) == ["1week"]
    assert database.stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_series_that_is_not_fetched_keeps_the_symbol_red_while_others_are_computed(
    eight: Settings, instance: dg.DagsterInstance
) -> None:
    twice = pl.concat([WEEKS, WEEKS[3:4].with_columns(pl.col("ts").dt.offset_by("2d"))])
    serve(eight, BAD, "1week", twice.sort("ts"))

    result = run_range(eight, instance, ["CEDAR", BAD])

    assert f"1 of 2 symbols failed: {BAD} (failed at raw_bars: 1week:" in failure_text(result)
    assert gate_failures(result) == []
    assert computed(eight) == ["1day"]
    reconciled = run_listed(eight, instance, [BAD], "reconcile")
    assert reconciled.success
    assert materialized(reconciled, Stage.COMPUTE_DB) == []
    assert red(eight, instance, Stage.RAW_BARS) == {BAD}
    for stage in (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS):
        assert green(eight, instance, stage) == {"CEDAR", BAD}  # as good as the stored bars

    serve(eight, BAD, "1week", WEEKS)
    assert run_range(eight, instance, [BAD]).success
    assert red(eight, instance, Stage.RAW_BARS) == set()
    assert computed(eight) == ["1day", "1week"]
