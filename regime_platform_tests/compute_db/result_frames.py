"""Frames in the shape of the result tables, for tests of storing and reading them.

The numbers mean nothing; every column of every type is filled, with nulls where a column may have
them. The same seed gives the same frame.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from regime_platform.manifests.compute_manifest import (
    Code,
    RankedEras,
    Recipe,
    ResultOrigin,
)
from regime_platform.model.result_schema import RESULT_SCHEMA_DIGEST, TABLES

START = dt.datetime(2015, 3, 2, 14, 30, tzinfo=dt.UTC)
KEYS = ("symbol", "timeframe", "ts")


def made_from(bars: Mapping[str, str], params: str = "d3") -> ResultOrigin:
    """A recipe of bars (timeframe -> digest) with parameters of this fingerprint, and some code."""
    recipe = Recipe(
        bars=dict(bars),
        compute_digest="d2",
        eras=RankedEras(boundaries=((0, 1),), era_class=None, reason="", version="fixed-1"),
        libraries={"numba": "1"},
        params_fingerprint=params,
        result_schema_digest=RESULT_SCHEMA_DIGEST,
    )
    code = Code(
        commit=None, compute_digest="d2", is_dirty=None, libraries={}, package="0", python="3"
    )
    return ResultOrigin(recipe=recipe, code=code)


MADE = made_from({"1day": "d1"})


def result_frame(
    table: str, rows: int = 40, timeframe: str = "1day", seed: int = 0, symbol: str = "SPY"
) -> pl.DataFrame:
    """``rows`` consecutive rows of one timeframe."""
    rng = np.random.default_rng(seed)
    schema = TABLES[table]
    opens = pl.datetime_range(
        START, START + (rows - 1) * dt.timedelta(hours=1), "1h", time_unit="us", eager=True
    )
    keys = {
        "symbol": pl.Series([symbol] * rows, dtype=pl.String),
        "timeframe": pl.Series([timeframe] * rows, dtype=schema["timeframe"]),
        "ts": opens if rows else pl.Series([], dtype=schema["ts"]),
    }
    filled = {name: _column(dtype, rows, rng) for name, dtype in schema.items() if name not in KEYS}
    return pl.DataFrame({**keys, **filled}, schema=schema)


def result_tables(rows: int = 40, seed: int = 0) -> dict[str, pl.DataFrame]:
    """All tables, each with two timeframes."""
    return {
        table: pl.concat(
            [result_frame(table, rows, "1h", seed), result_frame(table, rows, "1day", seed + 1)]
        )
        for table in TABLES
    }


def empty_tables() -> dict[str, pl.DataFrame]:
    """What a symbol has none of whose series is long enough."""
    return {table: schema.to_frame() for table, schema in TABLES.items()}


def golden_state(folder: Path, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The golden rows of a series as they are, and in the shape of ``state_history``."""
    golden = pl.read_parquet(folder / f"{name}.state.parquet")
    levels = golden["key_levels"].str.json_decode(_LEVELS)
    special: Mapping[str, pl.Series] = {
        "ts": golden["ts"].dt.replace_time_zone("UTC"),
        "valid_metrics": pl.Series([0] * golden.height),
        **{
            f"{side}_{rank}_{what}": levels.struct.field(f"{side}s")
            .list.get(rank - 1, null_on_oob=True)
            .struct.field(what)
            for side in ("support", "resistance")
            for rank in (1, 2, 3)
            for what in ("price", "strength")
        },
        **{
            name: golden[f"classification.{name}"]
            .str.json_decode(pl.List(pl.String))
            .list.join(",")
            for name in ("strategy_tags", "regime_reasons", "regime_reasons_top")
        },
    }
    schema = TABLES["state_history"]
    columns = [
        (special[name] if name in special else golden[_golden_name(name, golden)])
        .cast(dtype)
        .alias(name)
        for name, dtype in schema.items()
    ]
    return golden, pl.DataFrame(columns)


_LEVELS = pl.Struct(
    {
        side: pl.List(pl.Struct({"price": pl.Float64, "strength": pl.Float64}))
        for side in ("supports", "resistances")
    }
)
_ELSEWHERE = {
    "vol_label": "vol_regime.label",
    "vol_trend": "vol_regime.trend",
    "lq_label": "liquidity.label",
    "lq_trend": "liquidity.trend",
    "momentum_state": "momentum.state",
    "er": "momentum.er",
}


def _golden_name(name: str, golden: pl.DataFrame) -> str:
    candidates = (_ELSEWHERE.get(name, name), f"metrics.{name}", f"classification.{name}")
    return next(candidate for candidate in candidates if candidate in golden.columns)


def _column(dtype: pl.DataType, rows: int, rng: np.random.Generator) -> pl.Series:
    unknown = pl.Series(rng.random(rows) < 0.2, dtype=pl.Boolean)
    if isinstance(dtype, pl.Enum):
        values = pl.Series(rng.choice(dtype.categories.to_list(), rows), dtype=pl.String)
    elif isinstance(dtype, pl.Datetime):
        values = pl.Series(rng.integers(0, 2**50, rows), dtype=pl.Int64)
    elif dtype == pl.String:
        words = [f"ONE,TWÖ_{k}" if k else "" for k in rng.integers(0, 9, rows)]
        values = pl.Series(words, dtype=pl.String)
    elif dtype.is_float():
        values = pl.Series(rng.standard_normal(rows) * 10.0 ** rng.integers(-9, 9, rows))
    else:
        values = pl.Series(rng.integers(0, 2 if dtype == pl.Boolean else 100, rows), dtype=pl.Int64)
    return values.set(unknown, None).cast(dtype)
