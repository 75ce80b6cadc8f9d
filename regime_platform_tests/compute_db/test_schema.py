"""The view ``state_json`` equals the states of the legacy engine, to the byte."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from regime_platform.compute_db.schema import create_table, sql_type
from regime_platform.compute_db.store import build
from regime_platform.model.result_schema import TABLES
from regime_platform_tests.compute_db.result_frames import (
    MADE,
    empty_tables,
    golden_state,
    result_frame,
)

GOLDEN = Path(__file__).parent.parent / "golden"
SERIES = [file.name.split(".")[0] for file in sorted(GOLDEN.glob("*.state.parquet"))]
WITH_STATES = [name for name in SERIES if name != "fb196_1day"]


def _states(path: Path, state: pl.DataFrame) -> list[tuple[str, str]]:
    build(path, empty_tables() | {"state_history": state}, MADE)
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        states = connection.execute('SELECT "asof", state_json FROM state_json ORDER BY ts')
        return states.fetchall()


@pytest.mark.parametrize("name", WITH_STATES)
def test_the_json_of_every_golden_state_says_what_the_incumbent_said(
    tmp_path: Path, name: str
) -> None:
    golden, state = golden_state(GOLDEN, name)

    states = _states(tmp_path / "compute.db", state)

    assert [asof for asof, _ in states] == golden["asof"].to_list()
    for (_, text), expected in zip(states, golden.drop("ts").iter_rows(named=True), strict=True):
        parsed = json.loads(text)
        assert {key: _at(parsed, key) for key in expected} == {
            key: _plain(value) for key, value in expected.items()
        }


def test_the_sample_state_is_reproduced_to_the_byte(tmp_path: Path) -> None:
    _, state = golden_state(GOLDEN, "msft_1day")

    states = _states(tmp_path / "compute.db", state.tail(1))

    assert states[0][1] == (GOLDEN / "msft_1day.sample_state.json").read_text()


def test_a_number_that_json_cannot_say_is_null(tmp_path: Path) -> None:
    state = result_frame("state_history", 3).with_columns(
        price=pl.Series([float("nan"), float("inf"), 1.5]),
        support_1_price=pl.Series([float("nan"), 2.0, None]),
    )

    states = [json.loads(text) for _, text in _states(tmp_path / "compute.db", state)]

    assert [state_json["metrics"]["price"] for state_json in states] == [None, None, 1.5]


def test_every_column_has_a_type_and_every_key_a_value() -> None:
    for table, schema in TABLES.items():
        statement = create_table(table, schema)
        for name, dtype in schema.items():
            assert f'"{name}" {sql_type(dtype)}' in statement
        assert statement.count("NOT NULL") == 3


def test_a_word_outside_its_vocabulary_is_refused() -> None:
    with duckdb.connect() as connection:
        connection.execute(create_table("forward_labels", TABLES["forward_labels"]))
        with pytest.raises(duckdb.ConversionException):
            connection.execute(
                "INSERT INTO forward_labels (symbol, timeframe, ts, event_severity) "
                "VALUES ('SPY', '1day', '2020-01-01', 'ROUGH')"
            )


def _at(parsed: Mapping[str, Any], key: str) -> Any:
    value: Any = parsed
    for part in key.split("."):
        value = value[part]
    return value


def _plain(value: Any) -> Any:
    is_json = isinstance(value, str) and value.startswith(("[", "{"))
    return json.loads(value) if is_json else value
