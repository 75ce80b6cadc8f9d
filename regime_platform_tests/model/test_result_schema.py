"""Rows are identified alike in every table, and what looks ahead stands apart."""

import polars as pl
import pytest

from regime_platform.model.bar_schema import (
    BARS_SCHEMA_VERSION,
    BARS_VERSIONS,
    version_of,
)
from regime_platform.model.digests import definition_digest
from regime_platform.model.result_schema import (
    CODE_COLUMNS,
    ESCALATION_SCHEMA,
    LABEL_SCHEMA,
    LEVEL_COLUMNS,
    RESULT_SCHEMA_VERSION,
    RESULT_VERSIONS,
    STATE_NAMES,
    STATE_SCHEMA,
    TABLES,
    names_of,
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


def test_every_column_has_a_name_and_every_name_a_column() -> None:
    assert set(STATE_NAMES.values()) <= set(STATE_SCHEMA)
    assert names_of("regime_label") == ("classification.regime_label",)
    assert names_of(CODE_COLUMNS[0]) == (f"classification.{CODE_COLUMNS[0]}",)
    assert names_of(LEVEL_COLUMNS[0]) == (f"key_levels.{LEVEL_COLUMNS[0]}",)
    assert names_of("symbol") == ("symbol",)
    assert all(names_of(column) for column in STATE_SCHEMA)


def test_versions_that_were_in_use_stay_what_they_were() -> None:
    assert RESULT_VERSIONS["29d43f9c15f7b003849f0baeb920f3da990a28b486d282f5abd51676ba19b8f2"] == 2
    assert len(set(RESULT_VERSIONS.values())) == len(RESULT_VERSIONS)
    assert len(set(BARS_VERSIONS.values())) == len(BARS_VERSIONS)
    assert (BARS_SCHEMA_VERSION, RESULT_SCHEMA_VERSION) == (2, 2)


def test_a_definition_without_a_version_is_refused() -> None:
    changed = definition_digest(pl.Schema({**STATE_SCHEMA, "one_more": pl.Float64()}))

    with pytest.raises(LookupError, match="has no version; give it one"):
        version_of(changed, RESULT_VERSIONS)
