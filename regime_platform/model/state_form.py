"""The names of the columns of ``STATE_SCHEMA`` in the JSON form of a state, flattened with dots.

Codes are lists there and key levels objects; ``valid_metrics`` is not part of it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from regime_platform.model.result_schema import METRICS, STATE_SCHEMA

#: Flattened name -> column, in the order of the JSON form; a few columns occur twice.
STATE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        **{f"metrics.{name}": name for name in METRICS},
        "vol_regime.vrs": "vrs",
        "vol_regime.label": "vol_label",
        "vol_regime.trend": "vol_trend",
        "momentum.state": "momentum_state",
        "momentum.cms": "cms",
        "momentum.ii": "ii",
        "momentum.er": "er",
        "liquidity.lq": "lq",
        "liquidity.trend": "lq_trend",
        "liquidity.label": "lq_label",
        "classification.regime_label": "regime_label",
        "classification.confidence": "confidence",
        "classification.regime_bias": "regime_bias",
        "classification.risk_posture": "risk_posture",
    }
)
#: Lists of codes, joined by a comma in their columns.
CODE_COLUMNS = ("strategy_tags", "regime_reasons", "regime_reasons_top")
LEVEL_COLUMNS = tuple(
    column for column in STATE_SCHEMA if column.startswith(("support_", "resistance_"))
)


def names_of(column: str) -> tuple[str, ...]:
    """The flattened names of a column."""
    if column in CODE_COLUMNS:
        return (f"classification.{column}",)
    if column in LEVEL_COLUMNS:
        return (f"key_levels.{column}",)
    names = tuple(name for name, named in STATE_NAMES.items() if named == column)
    return names or (column,)
