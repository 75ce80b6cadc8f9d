"""The columns that the UI says a column is made from are those that it changes with."""

from collections.abc import Mapping

import polars as pl
import pytest

from regime_platform.compute.engine import compute_series
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.orchestration.columns import column_metadata, origins
from regime_platform.pipeline.outcomes import Stage
from regime_platform_tests.builders import make_bars

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


def test_every_column_of_an_asset_names_columns_that_the_asset_before_has() -> None:
    columns = {stage: column_metadata(stage).get("dagster/column_schema") for stage in Stage}
    for before, stage in (
        (Stage.RAW_BARS, Stage.VALIDATED_BARS),
        (Stage.VALIDATED_BARS, Stage.COMPUTE_DB),
    ):
        lineage = column_metadata(stage)["dagster/column_lineage"].deps_by_column
        assert list(lineage) == [column.name for column in columns[stage].columns]
        there = {(before.value, column.name) for column in columns[before].columns}
        named = {
            (dep.asset_key.to_user_string(), dep.column_name)
            for deps in lineage.values()
            for dep in deps
        }
        assert named == there


def test_the_list_of_columns_says_what_each_is_made_from() -> None:
    columns = column_metadata(Stage.COMPUTE_DB)["dagster/column_schema"].columns
    descriptions = {column.name: column.description for column in columns}

    assert descriptions["ema_fast"] == "from close of validated_bars"
    assert (
        descriptions["vol_trend"]
        == "one of FALLING, FLAT, RISING; from open, high, low, close of validated_bars"
    )
    assert descriptions["symbol"] is None
