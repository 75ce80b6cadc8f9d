"""Rows are identified alike in every table, and what looks ahead stands apart."""

import polars as pl
import pytest

from regime_platform.model.digests import definition_digest
from regime_platform.model.result_schema import (
    ESCALATION_SCHEMA,
    LABEL_SCHEMA,
    STATE_SCHEMA,
    TABLES,
)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_is_identified_by_symbol_timeframe_and_ts(table: str) -> None:
    assert list(TABLES[table])[:3] == ["symbol", "timeframe", "ts"]
    assert TABLES[table]["ts"] == pl.Datetime("us", "UTC")


@pytest.mark.parametrize("table", TABLES)
def test_any_change_of_a_table_is_another_definition(table: str) -> None:
    schema = TABLES[table]
    last, dtype = list(schema.items())[-1]

    changed = [
        pl.Schema(list(schema.items())[:-1]),
        pl.Schema({**schema, "one_more": pl.Float64()}),
        pl.Schema({**schema, last: pl.String() if dtype != pl.String else pl.Int8()}),
        pl.Schema({last: dtype, **schema}),
    ]

    assert len({definition_digest(other) for other in [*changed, schema]}) == len(changed) + 1


def test_what_looks_ahead_stands_in_a_table_of_its_own() -> None:
    looks_ahead = set(LABEL_SCHEMA) - {"symbol", "timeframe", "ts"}

    for table, schema in TABLES.items():
        if table != "forward_labels":
            assert looks_ahead.isdisjoint(schema)
    assert not any(name.startswith("fwd_") for name in (*ESCALATION_SCHEMA, *STATE_SCHEMA))
