"""A run of the assets that has no partitions is refused, in words."""

from collections.abc import Mapping

import dagster as dg
import polars as pl
import pytest

from regime_platform.compute.engine import compute_series
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.orchestration.assets import column_metadata, origins
from regime_platform.orchestration.build import build_definitions
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import (
    QUIET,
    failure_text,
)


def test_a_run_of_the_assets_without_partitions_is_refused(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    job = build_definitions(processed_eight).resolve_job_def("process_all")

    result = job.execute_in_process(
        instance=processed_instance, run_config={"loggers": QUIET}, raise_on_error=False
    )

    assert "choose some, or launch the job process_listed" in failure_text(result)


BARS = make_bars(400)
TABLE = "state_history"


def _states(bars: pl.DataFrame) -> Mapping[str, pl.Series]:
    return compute_series(bars, symbol="ALDER", timeframe="1day", eras=()).frame(TABLE).to_dict()


@pytest.mark.parametrize("column", BAR_COLUMNS[1:])
def test_what_changes_with_a_column_of_the_bars_names_it_as_its_origin(column: str) -> None:
    nudge = pl.Series([1 + 0.003 * (row % 7) for row in range(BARS.height)])
    before = _states(BARS)
    after = _states(BARS.with_columns(pl.col(column) * nudge))

    moved = {name for name, values in before.items() if not values.equals(after[name])}
    named = {name for name in before if column in origins(name)}
    assert moved <= named
    # a label may be the same after all, a number is not
    assert [name for name in named - moved if before[name].dtype.is_float()] == []


def test_every_column_of_the_asset_before_is_an_origin() -> None:
    for before, stage in (
        (Stage.RAW_BARS, Stage.VALIDATED_BARS),
        (Stage.VALIDATED_BARS, Stage.COMPUTE_DB),
    ):
        columns, there = (
            [column.name for column in column_metadata(each)["dagster/column_schema"].columns]
            for each in (stage, before)
        )
        assert {name for column in columns for name in origins(column)} == set(there)


def test_the_list_of_columns_says_what_each_is_made_from() -> None:
    columns = column_metadata(Stage.COMPUTE_DB)["dagster/column_schema"].columns
    descriptions = {column.name: column.description for column in columns}

    assert descriptions["ema_fast"] == "from close of validated_bars"
    assert (
        descriptions["vol_trend"]
        == "one of FALLING, FLAT, RISING; from open, high, low, close of validated_bars"
    )
    assert descriptions["symbol"] is None
