"""The SQL of compute.db, derived from ``model.result_schema``.

Times are TIMESTAMPs without zone and are UTC: a TIMESTAMPTZ would be shown in the zone of the
session. Vocabularies are ENUMs: words for every reader, one byte each, written in 0.6 of the time
of text. The JSON of a state is a view, since storing its text would take longer than the compute.
"""

import json

import duckdb
import polars as pl

from regime_platform.model.digests import canonical_json
from regime_platform.model.result_schema import (
    BLOCK_SCHEMA,
    ESCALATION_BUCKETS,
    ESCALATION_METADATA,
    METRICS,
    TABLES,
)
from regime_platform.model.timeframes import TIMEFRAMES, is_intraday

_SQL_TYPES: dict[str, str] = {
    "Float64": "DOUBLE",
    "Int8": "TINYINT",
    "Int32": "INTEGER",
    "UInt16": "USMALLINT",
    "Boolean": "BOOLEAN",
    "String": "VARCHAR",
    "Datetime": "TIMESTAMP",
}


#: Version, schema digest and lineage: one row, without run time.
CREATE_SCHEMA_VERSION = (
    "CREATE TABLE schema_version "
    "(version INTEGER NOT NULL, definition VARCHAR NOT NULL, lineage VARCHAR NOT NULL)"
)
_KEY = ("symbol", "timeframe", "ts")
_CONVICTION = "list_last(string_split(strategy_tags, ','))"


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates all tables and the view, without rows."""
    blocks = create_table("content_blocks", BLOCK_SCHEMA, tuple(BLOCK_SCHEMA))
    results = [create_table(name, schema) for name, schema in TABLES.items()]
    connection.begin()
    for statement in (*results, blocks, CREATE_SCHEMA_VERSION, _create_state_json()):
        connection.execute(statement)
    connection.commit()


def create_table(table: str, schema: pl.Schema, required: tuple[str, ...] = _KEY) -> str:
    """The DDL of one table."""
    columns = ", ".join(
        f'"{name}" {sql_type(dtype)}{" NOT NULL" if name in required else ""}'
        for name, dtype in schema.items()
    )
    return f'CREATE TABLE "{table}" ({columns})'


def sql_type(dtype: pl.DataType) -> str:
    """How a column type is stored."""
    if isinstance(dtype, pl.Enum):
        words = ", ".join(f"'{word}'" for word in dtype.categories)
        return f"ENUM ({words})"
    return _SQL_TYPES[dtype.base_type().__name__]


def _create_state_json() -> str:
    """The view ``state_json``: the JSON of the legacy engine per bar, keys in its order."""
    # brings numba, which reading needs for nothing else
    from regime_platform.compute.escalation import action, thresholds  # noqa: PLC0415

    actions = {bucket: f"'{action(bucket)}'" for bucket in ESCALATION_BUCKETS}
    values = {b: f"'{canonical_json(dict(thresholds(b)))}'::JSON" for b in ESCALATION_BUCKETS}
    metadata = json.dumps(ESCALATION_METADATA, separators=(",", ":"))
    return f"""
    CREATE VIEW state_json AS
    SELECT symbol, timeframe, ts, "asof", to_json(struct_pack(
        symbol := symbol, "asof" := "asof",
        key_levels := struct_pack(
            supports := {_levels("support")}, resistances := {_levels("resistance")}),
        vol_regime := struct_pack(vrs := vrs, label := vol_label, trend := vol_trend),
        momentum := struct_pack(state := momentum_state, cms := cms, ii := ii, er := er),
        liquidity := struct_pack(lq := lq, trend := lq_trend, label := lq_label),
        metrics := struct_pack({", ".join(f"{name} := {name}" for name in METRICS)}),
        classification := struct_pack(
            regime_label := regime_label, confidence := confidence, regime_bias := regime_bias,
            risk_posture := risk_posture, strategy_tags := {_codes("strategy_tags")},
            regime_reasons := {_codes("regime_reasons")},
            summary := concat_ws(' | ', regime_label, regime_bias, risk_posture, {_CONVICTION}),
            regime_reasons_top := {_codes("regime_reasons_top")}),
        escalation_bucket := escalation_bucket, escalation_action := {_by_bucket(actions)},
        escalation_bucket_thresholds := {_by_bucket(values)},
        escalation_metadata := '{metadata}'::JSON,
        timeframe := timeframe))::VARCHAR AS state_json
    FROM (SELECT * REPLACE ({_finite_numbers()}), {_asof()} AS "asof" FROM state_history)
    """  # noqa: S608 - constants only


def _finite_numbers() -> str:
    """JSON has neither NaN nor infinity; both become null."""
    numbers = [name for name, dtype in TABLES["state_history"].items() if dtype.is_float()]
    return ", ".join(f"CASE WHEN isfinite({name}) THEN {name} END AS {name}" for name in numbers)


def _levels(side: str) -> str:
    pairs = ", ".join(
        f"struct_pack(price := {side}_{rank}_price, strength := {side}_{rank}_strength)"
        for rank in (1, 2, 3)
    )
    return f"list_filter([{pairs}], lambda level: level.price IS NOT NULL)"


def _codes(column: str) -> str:
    return f"CASE WHEN {column} = '' THEN []::VARCHAR[] ELSE string_split({column}, ',') END"


def _by_bucket(values: dict[str, str]) -> str:
    cases = " ".join(f"WHEN '{bucket}' THEN {value}" for bucket, value in values.items())
    return f"CASE escalation_bucket {cases} END"


def _asof() -> str:
    intraday = ", ".join(f"'{timeframe}'" for timeframe in filter(is_intraday, TIMEFRAMES))
    return (
        f"CASE WHEN timeframe IN ({intraday}) THEN strftime(ts, '%Y-%m-%d %H:%M:%S') "
        "ELSE strftime(ts, '%Y-%m-%d') END"
    )
