"""Plain rows are what a digest is made of."""

from pathlib import Path

import polars as pl
import pytest

from regime_platform.compute_db.physical_rows import physical_rows
from regime_platform.compute_db.reader import reading
from regime_platform.model.digests import blocks_of, plain_frame
from regime_platform.model.result_schema import TABLES


@pytest.mark.parametrize("table", list(TABLES))
def test_plain_rows_are_what_a_digest_is_made_of(
    path: Path, tables: dict[str, pl.DataFrame], table: str
) -> None:
    with reading(path) as reader:
        rows = physical_rows(reader.connection, table, "timeframe = ?", ["1h"])

    given = tables[table].filter(pl.col("timeframe") == "1h")
    assert rows.equals(plain_frame(given))
    assert blocks_of(rows) == blocks_of(given)
