"""The tables of compute.db, column by column, and the names of a state in its JSON form.

``symbol``, ``timeframe`` and ``ts`` (the open of the bar, UTC) identify a row everywhere. Nothing
in ``escalation_history_v3``, ``state_history`` or ``latest_state`` at ``ts`` uses a bar after it;
``forward_labels`` does, by definition, and stands apart for that reason.
"""

from collections.abc import Mapping

import polars as pl

from regime_platform.model.bar_schema import version_of
from regime_platform.model.digests import definition_digest
from regime_platform.model.timeframes import TIMEFRAMES

REGIME_LABELS = (
    *("SHOCK", "PANIC_RISK", "TRENDING_BULL", "TRENDING_BEAR", "CHOP_RISK"),
    *("TRANSITION_BREAKOUT_SETUP", "TRANSITION"),
)
REGIME_BIASES = ("BULLISH", "NEUTRAL", "BEARISH")
RISK_POSTURES = ("RISK_ON", "NEUTRAL", "DEFENSIVE", "RISK_OFF", "CAUTIOUS")
VOL_LABELS = ("CALM", "NORMAL", "ELEVATED", "STRESSED")
VOL_TRENDS = ("FALLING", "FLAT", "RISING")
LIQUIDITY_LABELS = ("THIN", "NORMAL", "DEEP")
LIQUIDITY_TRENDS = ("DETERIORATING", "STABLE", "IMPROVING")
MOMENTUM_STATES = (
    *("STRONG_UP_IMPULSE", "WEAK_UP_DRIFT", "NEUTRAL_RANGE"),
    *("WEAK_DOWN_DRIFT", "STRONG_DOWN_IMPULSE"),
)
ESCALATION_BUCKETS = ("NA", "LOW", "MED", "HIGH")
EVENT_SEVERITIES = ("MILD", "MODERATE", "SEVERE", "CRISIS")

#: The numbers under ``metrics`` in the JSON form of a state, in order.
METRICS = (
    *("price", "ema_fast", "ema_slow", "realized_vol", "market_bias", "risk_level", "vrs"),
    *("breakout_up", "breakout_down", "downside_shock_risk", "structural_score", "cms", "ii"),
    *("lq", "instability_index", "asymmetry_metric"),
)
#: A constant part of the JSON form, kept for compatibility; the signal is era-adjusted.
ESCALATION_METADATA = {
    "mode": "production",
    "percentile_mode": "expanding",
    "percentile_default": "expanding",
    "min_bars": 252,
    "aggregation": "equal_weight",
    "tie_handling": "average_rank",
    "tie_formula": "(count_less + (count_equal + 1) / 2) / n",
}


def _floats(*names: str) -> dict[str, pl.DataType]:
    return dict.fromkeys(names, pl.Float64())


_KEY = {
    "symbol": pl.String(),
    "timeframe": pl.Enum(TIMEFRAMES),
    "ts": pl.Datetime("us", "UTC"),
}

ESCALATION_SCHEMA = pl.Schema(
    {
        **_KEY,
        **_floats(
            "esc_raw",  # mean of the five component percentiles
            "esc_pctl",  # the production signal, equal to esc_pctl_era_adj
            "esc_pctl_expanding",
            *("esc_pctl_252", "esc_pctl_504", "esc_pctl_1260", "esc_pctl_2520"),
            *("esc_pctl_52", "esc_pctl_104", "esc_pctl_260"),  # 1week only
            *("esc_pctl_era", "esc_pctl_era_confidence", "esc_pctl_era_adj"),
        ),
        "esc_bucket": pl.Enum(ESCALATION_BUCKETS),
        # the five component percentiles p_1 .. p_5 behind esc_raw
        **_floats("esc_shock_level", "esc_shock_rise", "esc_instability_rise"),
        **_floats("esc_structure_fall", "esc_divergence_rise"),
    }
)

LABEL_SCHEMA = pl.Schema(
    {
        **_KEY,
        "fwd_absret_h": pl.Float64(),  # largest absolute return over the next 20 bars: looks ahead
        "event_flag": pl.Int8(),
        "event_severity": pl.Enum(EVENT_SEVERITIES),
        "is_mature": pl.Boolean(),  # false while fewer than 20 bars follow
    }
)

LEVEL_COLUMNS = tuple(
    f"{side}_{rank}_{what}"
    for side in ("support", "resistance")
    for rank in (1, 2, 3)
    for what in ("price", "strength")
)
#: Lists of codes, joined by a comma in their columns.
CODE_COLUMNS = ("strategy_tags", "regime_reasons", "regime_reasons_top")

STATE_SCHEMA = pl.Schema(
    {
        **_KEY,
        "regime_label": pl.Enum(REGIME_LABELS),
        "confidence": pl.Float64(),
        "regime_bias": pl.Enum(REGIME_BIASES),
        "risk_posture": pl.Enum(RISK_POSTURES),
        "escalation_bucket": pl.Enum(ESCALATION_BUCKETS),
        **_floats("price", "ema_fast", "ema_slow", "realized_vol"),
        **_floats("market_bias", "risk_level", "vrs"),
        "vol_label": pl.Enum(VOL_LABELS),
        "vol_trend": pl.Enum(VOL_TRENDS),
        **_floats("breakout_up", "breakout_down", "downside_shock_risk", "structural_score"),
        "momentum_state": pl.Enum(MOMENTUM_STATES),
        **_floats("cms", "ii", "er", "lq"),
        "lq_label": pl.Enum(LIQUIDITY_LABELS),
        "lq_trend": pl.Enum(LIQUIDITY_TRENDS),
        **_floats("instability_index", "asymmetry_metric"),
        **_floats(*LEVEL_COLUMNS),  # null where there are fewer than three
        **dict.fromkeys(CODE_COLUMNS, pl.String()),
        "valid_metrics": pl.UInt16(),  # bit k set: metric k of compute.metrics is warm
    }
)

LATEST_SCHEMA = pl.Schema(
    {
        **STATE_SCHEMA,
        "esc_pctl": pl.Float64(),
        "hazard_score": pl.Float64(),  # the escalation score: 100 x esc_pctl
        "cross_tf_consensus": pl.Float64(),  # mean escalation: esc_pctl over all timeframes
        "regime_since": pl.Datetime("us", "UTC"),  # first bar of the unbroken run of this label
        "regime_bars": pl.Int32(),  # length of that run
    }
)

TABLES = {
    "escalation_history_v3": ESCALATION_SCHEMA,
    "forward_labels": LABEL_SCHEMA,
    "state_history": STATE_SCHEMA,
    "latest_state": LATEST_SCHEMA,
}

#: The block digests of stored rows, so that an update hashes only new rows (``model.digests``).
BLOCK_SCHEMA = pl.Schema(
    {
        "of": pl.String(),  # a table, or "bars": the bars that the rows were made from
        "timeframe": pl.Enum(TIMEFRAMES),
        "block": pl.Int32(),
        "rows": pl.Int32(),
        "digest": pl.String(),
    }
)

RESULT_SCHEMA_DIGEST = definition_digest(
    pl.Schema(
        {
            f"{table}.{name}": dtype
            for table, schema in {**TABLES, "content_blocks": BLOCK_SCHEMA}.items()
            for name, dtype in schema.items()
        }
    )
)
#: Version 1 is the SQLite file of the legacy engine.
RESULT_VERSIONS = {"29d43f9c15f7b003849f0baeb920f3da990a28b486d282f5abd51676ba19b8f2": 2}
RESULT_SCHEMA_VERSION = version_of(RESULT_SCHEMA_DIGEST, RESULT_VERSIONS)

#: Name in the JSON form, flattened with dots -> column, in order; a few columns occur twice.
STATE_NAMES: Mapping[str, str] = {
    **{f"metrics.{name}": name for name in METRICS},
    "vol_regime.vrs": "vrs",
    "vol_regime.label": "vol_label",
    "vol_regime.trend": "vol_trend",
    "momentum.state": "momentum_state",
    **{f"momentum.{name}": name for name in ("cms", "ii", "er")},
    "liquidity.lq": "lq",
    "liquidity.trend": "lq_trend",
    "liquidity.label": "lq_label",
    "classification.regime_label": "regime_label",
    "classification.confidence": "confidence",
    "classification.regime_bias": "regime_bias",
    "classification.risk_posture": "risk_posture",
}


def names_of(column: str) -> tuple[str, ...]:
    """The flattened names of a column; codes are lists there and key levels objects."""
    if column in CODE_COLUMNS:
        return (f"classification.{column}",)
    if column in LEVEL_COLUMNS:
        return (f"key_levels.{column}",)
    names = tuple(name for name, named in STATE_NAMES.items() if named == column)
    return names or (column,)
