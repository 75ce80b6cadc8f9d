"""The columns of the assets and their lineage, as metadata of the asset definitions.

They are the same for every symbol, so no event repeats them. Dagster's open-source UI offers column
lineage in its API and does not draw it, so the description of each column names its origins too.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import dagster as dg
import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.model.result_schema import TABLES
from regime_platform.orchestration.events.tables import column_schema
from regime_platform.pipeline.outcomes import Stage

#: The schema shown for an asset; manifests have none.
_FRAME: Mapping[Stage, pl.Schema] = MappingProxyType(
    {
        Stage.RAW_BARS: BAR_SCHEMA,
        Stage.VALIDATED_BARS: BAR_SCHEMA,
        Stage.COMPUTE_DB: TABLES["state_history"],
    }
)
_BEFORE: Mapping[Stage, Stage] = MappingProxyType(
    {stage: before for before, stage in pairwise(_FRAME)}
)

_RANGE = ("high", "low", "close")
#: Columns of state_history that are computed from less than all prices and the volume.
_MADE_FROM: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "symbol": (),
        "timeframe": (),
        "valid_metrics": ("ts",),
        **dict.fromkeys(("price", "ema_fast", "ema_slow", "realized_vol", "er"), ("close",)),
        "market_bias": _RANGE,
        **dict.fromkeys(
            ("risk_level", "vrs", "vol_label", "vol_trend", "downside_shock_risk"), PRICE_COLUMNS
        ),
        **{
            name: (*_RANGE, "volume")
            for name in TABLES["state_history"]
            if name.startswith(("support_", "resistance_"))
        },
    }
)


def column_metadata(stage: Stage) -> dict[str, Any]:
    """The metadata of an asset's definition: its columns and their lineage."""
    if stage not in _FRAME:
        return {}
    columns = {"dagster/column_schema": column_schema(_FRAME[stage], _notes(stage))}
    tables = TABLES if stage is Stage.COMPUTE_DB else {}
    lineage = {"dagster/column_lineage": _lineage(stage)} if stage in _BEFORE else {}
    return columns | lineage | {name: column_schema(schema) for name, schema in tables.items()}


def origins(column: str) -> Sequence[str]:
    """The columns of the upstream asset that a column is computed from, or copied from."""
    return _MADE_FROM.get(column, (column,) if column in BAR_SCHEMA else (*PRICE_COLUMNS, "volume"))


def _notes(stage: Stage) -> Mapping[str, str]:
    if stage not in _BEFORE:
        return {}
    inputs = {column: ", ".join(origins(column)) for column in _FRAME[stage]}
    upstream = _BEFORE[stage].value
    return {column: f"from {names} of {upstream}" for column, names in inputs.items() if names}


def _lineage(stage: Stage) -> dg.TableColumnLineage:
    before = dg.AssetKey(_BEFORE[stage].value)
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(before, name) for name in origins(column)]
            for column in _FRAME[stage]
        }
    )
