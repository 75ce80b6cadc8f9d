"""Rows out of order are refused, and physical rows are what a digest is made of."""

from pathlib import Path

import polars as pl
import pytest

from regime_platform.compute_db.content import physical_rows
from regime_platform.compute_db.reader import reading
from regime_platform.compute_db.store import build
from regime_platform.errors import ResultsError
from regime_platform.model.digests import blocks_of, plain_frame
from regime_platform.model.result_schema import TABLES
from regime_platform_tests.compute_db.result_frames import MADE, result_tables
from regime_platform_tests.error_codes import raises


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda frame: frame.reverse(), "row-order"),
        (lambda frame: pl.concat([frame.head(1), frame]), "row-order"),
        (lambda frame: pl.concat([frame.tail(40), frame.head(40)]), "row-order"),
        (lambda frame: frame.drop("price"), "table-schema"),
        (lambda frame: frame.with_columns(pl.col("price").cast(pl.Float32)), "table-schema"),
        (lambda frame: frame.select(sorted(frame.columns)), "table-schema"),
        (
            lambda frame: frame.with_columns(
                pl.when(pl.int_range(pl.len()) != 3).then("ts").alias("ts")
            ),
            "row-key",
        ),
    ],
    ids=["reversed", "repeated", "timeframes", "column", "type", "order", "null key"],
)
def test_a_table_that_is_not_what_it_should_be_is_refused(
    tmp_path: Path, spoil: object, code: str
) -> None:
    tables = result_tables()
    tables["state_history"] = spoil(tables["state_history"])  # type: ignore[operator]

    with raises(ResultsError, code, match="state_history"):
        build(tmp_path / "compute.db", tables, MADE)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("table", list(TABLES))
def test_plain_rows_are_what_a_digest_is_made_of(
    path: Path, tables: dict[str, pl.DataFrame], table: str
) -> None:
    with reading(path) as reader:
        rows = physical_rows(reader.connection, table, "timeframe = ?", ["1h"])

    given = tables[table].filter(pl.col("timeframe") == "1h")
    assert rows.equals(plain_frame(given))
    assert blocks_of(rows) == blocks_of(given)
