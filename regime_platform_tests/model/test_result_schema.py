"""A column cannot change while the version of compute.db stays."""

import polars as pl
import pytest

from regime_platform.model.digests import definition_digest
from regime_platform.model.result_schema import (
    ESCALATION_SCHEMA,
    LABEL_SCHEMA,
    RESULT_SCHEMA_DIGEST,
    RESULT_SCHEMA_VERSION,
    STATE_SCHEMA,
    TABLES,
)

#: Each version with the definition it stands for. A changed table is a new version: add a line,
#: a migration and a word in docs/schemas.md; never change a line.
DEFINITIONS = {
    2: "29d43f9c15f7b003849f0baeb920f3da990a28b486d282f5abd51676ba19b8f2",
}


def test_the_definition_in_the_code_is_that_of_its_version() -> None:
    assert DEFINITIONS[RESULT_SCHEMA_VERSION] == RESULT_SCHEMA_DIGEST


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

    assert len({definition_digest(one) for one in [*changed, schema]}) == len(changed) + 1


def test_what_looks_ahead_stands_in_a_table_of_its_own() -> None:
    looks_ahead = set(LABEL_SCHEMA) - {"symbol", "timeframe", "ts"}

    for table, schema in TABLES.items():
        if table != "forward_labels":
            assert looks_ahead.isdisjoint(schema)
    assert not any(name.startswith("fwd_") for name in (*ESCALATION_SCHEMA, *STATE_SCHEMA))
