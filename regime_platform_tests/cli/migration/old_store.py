"""Real bars that a legacy store has."""

import polars as pl

from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform_tests.legacy.stores import (
    GOLDEN,
)


def golden(name: str) -> pl.DataFrame:
    return pl.read_parquet(GOLDEN / f"{name}.bars.parquet").select(BAR_COLUMNS).drop_nulls("close")
