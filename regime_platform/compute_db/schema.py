"""The SQL of compute.db, derived from ``model.result_schema``.

Times are stored as TIMESTAMP without zone and are UTC: a TIMESTAMPTZ would be shown in the time
zone of the session. Fixed vocabularies are ENUMs: words for every reader, one byte each in the
file, written in 0.6 of the time of text, and restricted to the vocabulary. The JSON form of a state
is a view, since storing its text would take longer than the compute.
"""

import polars as pl

from regime_platform.compute.escalation.escalation import action, thresholds
from regime_platform.model.digests import canonical_json
from regime_platform.model.result_schema import (
    BLOCK_SCHEMA,
    ESCALATION_BUCKETS,
    ESCALATION_METADATA,
    METRICS,
    TABLES,
)
from regime_platform.model.timeframes import INTRADAY

_SQL_TYPES: dict[str, str] = {
    "Float64": "DOUBLE",
    "Int8": "TINYINT",
    "Int32": "INTEGER",
    "UInt16": "USMALLINT",
    "Boolean": "BOOLEAN",
    "String": "VARCHAR",
    "Datetime": "TIMESTAMP",
}


def create_table(table: str) -> str:
    """The DDL of one table of ``TABLES``."""
    return _create(table, TABLES[table], _KEY)


def create_content_blocks() -> str:
    """The DDL of the block digests."""
    return _create("content_blocks", BLOCK_SCHEMA, tuple(BLOCK_SCHEMA))


def _create(table: str, schema: pl.Schema, required: tuple[str, ...]) -> str:
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


#: Version, schema digest and lineage: one row, without run time.
CREATE_SCHEMA_VERSION = (
    "CREATE TABLE schema_version "
    "(version INTEGER NOT NULL, definition VARCHAR NOT NULL, lineage VARCHAR NOT NULL)"
)

_KEY = ("symbol", "timeframe", "ts")


def create_state_json() -> str:
    """The view ``state_json``: the JSON of the legacy engine per bar, keys in its order."""
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
            summary := concat_ws(' | ', regime_label, regime_bias, risk_posture, {_conviction()}),
            regime_reasons_top := {_codes("regime_reasons_top")}),
        escalation_bucket := escalation_bucket, escalation_action := {_action()},
        escalation_bucket_thresholds := {_thresholds()},
        escalation_metadata := '{canonical_json_in_order(ESCALATION_METADATA)}'::JSON,
        timeframe := timeframe))::VARCHAR AS state_json
    FROM (SELECT * REPLACE ({_finite_numbers()}), {_asof()} AS "asof" FROM state_history)
    """  # noqa: S608 - constants only


def canonical_json_in_order(facts: dict[str, object]) -> str:
    """Compact JSON with the keys in their order."""
    return "{" + ",".join(f'"{key}":{canonical_json(value)}' for key, value in facts.items()) + "}"


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


def _conviction() -> str:
    return "list_last(string_split(strategy_tags, ','))"


def _action() -> str:
    return _by_bucket({bucket: f"'{action(bucket)}'" for bucket in ESCALATION_BUCKETS})


def _thresholds() -> str:
    values = {b: f"'{canonical_json(dict(thresholds(b)))}'::JSON" for b in ESCALATION_BUCKETS}
    return _by_bucket(values)


def _by_bucket(values: dict[str, str]) -> str:
    cases = " ".join(f"WHEN '{bucket}' THEN {value}" for bucket, value in values.items())
    return f"CASE escalation_bucket {cases} END"


def _asof() -> str:
    intraday = ", ".join(f"'{timeframe}'" for timeframe in INTRADAY)
    return (
        f"CASE WHEN timeframe IN ({intraday}) THEN strftime(ts, '%Y-%m-%d %H:%M:%S') "
        "ELSE strftime(ts, '%Y-%m-%d') END"
    )
