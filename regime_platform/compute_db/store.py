"""Writes compute.db: a whole new file beside the old one, published by one rename.

A reader that holds the old file keeps it undisturbed, and a killed writer leaves the old file as it
was. What is in the file depends on its inputs alone; it holds no run time.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from regime_platform.compute_db.schema import (
    CREATE_SCHEMA_VERSION,
    create_state_json,
    create_table,
)
from regime_platform.errors import ResultsError
from regime_platform.files import write_atomically
from regime_platform.model.digests import canonical_json, frame_digest
from regime_platform.model.result_schema import (
    RESULT_SCHEMA_DIGEST,
    RESULT_SCHEMA_VERSION,
    TABLES,
)


def build(
    path: Path, tables: Mapping[str, pl.DataFrame], lineage: Mapping[str, Any]
) -> dict[str, Any]:
    """Writes all tables of ``result_schema.TABLES`` and what they were made from.

    Args:
        path: the compute.db to publish; hold the symbol's lock.
        tables: one frame per table, in its schema, ordered by timeframe and ts.
        lineage: plain facts about bars, recipe and code, without any run time.

    Returns:
        The lineage as stored: with ``tables``, the content digest of each table.

    Raises:
        ResultsError: a table is missing, has another schema, or repeats or misplaces a key.
    """
    for name, schema in TABLES.items():
        _require_sound(name, tables.get(name), schema)
    stored = {**lineage, "tables": {name: frame_digest(tables[name]) for name in TABLES}}
    write_atomically(path, lambda temporary: _fill(temporary, tables, stored))
    return stored


def _require_sound(name: str, frame: pl.DataFrame | None, schema: pl.Schema) -> None:
    if frame is None or frame.schema != schema:
        found = "nothing" if frame is None else str(frame.schema)
        raise ResultsError(f"table {name}: expected {schema}, was given {found}")
    if frame.select("symbol", "timeframe", "ts").null_count().sum_horizontal().item():
        raise ResultsError(f"table {name}: a row has no symbol, timeframe or ts")
    keys = frame.select(pl.col("timeframe").to_physical(), pl.col("ts"))
    if not keys.is_empty() and not _increases(keys):
        raise ResultsError(f"table {name}: rows are not ordered by timeframe and ts, each once")


def _increases(keys: pl.DataFrame) -> bool:
    longer = pl.col("timeframe") > pl.col("timeframe").shift(1)
    same = pl.col("timeframe") == pl.col("timeframe").shift(1)
    rises = longer | (same & (pl.col("ts") > pl.col("ts").shift(1)))
    return bool(keys.select(rises.slice(1).all()).item())


def _fill(temporary: Path, tables: Mapping[str, pl.DataFrame], lineage: Mapping[str, Any]) -> None:
    temporary.unlink()  # DuckDB makes its file itself
    with duckdb.connect(str(temporary), config={"threads": 1}) as connection:
        connection.begin()  # else each statement below is flushed to disk by itself
        for name in TABLES:
            connection.execute(create_table(name))
            stored = _as_stored(tables[name]).to_arrow()
            connection.register("stored", stored)
            connection.execute(f'INSERT INTO "{name}" SELECT * FROM stored')  # noqa: S608 - own names
            connection.unregister("stored")
        connection.execute(CREATE_SCHEMA_VERSION)
        connection.execute(
            "INSERT INTO schema_version VALUES (?, ?, ?)",
            [RESULT_SCHEMA_VERSION, RESULT_SCHEMA_DIGEST, canonical_json(dict(lineage))],
        )
        connection.execute(create_state_json())
        connection.commit()


def _as_stored(frame: pl.DataFrame) -> pl.DataFrame:
    """UTC instants lose their zone, as ``schema`` says."""
    instants = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    return frame.with_columns(pl.col(instants).dt.replace_time_zone(None))
