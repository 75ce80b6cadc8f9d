"""The tables of compute.db, column by column.

``symbol``, ``timeframe`` and ``ts`` (the open of the bar, UTC) identify a row everywhere. Nothing
in ``escalation_history_v3``, ``state_history`` or ``latest_state`` at ``ts`` uses a bar after it;
``forward_labels`` does, by definition, and stands apart for that reason.
"""

import polars as pl

from regime_platform.model.digests import definition_digest
from regime_platform.model.schema_versions import RESULT_VERSIONS, version_of
from regime_platform.model.timeframes import TIMEFRAMES

REGIME_LABELS = (
    "SHOCK",
    "PANIC_RISK",
    "TRENDING_BULL",
    "TRENDING_BEAR",
    "CHOP_RISK",
    "TRANSITION_BREAKOUT_SETUP",
    "TRANSITION",
)
REGIME_BIASES = ("BULLISH", "NEUTRAL", "BEARISH")
RISK_POSTURES = ("RISK_ON", "NEUTRAL", "DEFENSIVE", "RISK_OFF", "CAUTIOUS")
VOL_LABELS = ("CALM", "NORMAL", "ELEVATED", "STRESSED")
VOL_TRENDS = ("FALLING", "FLAT", "RISING")
LIQUIDITY_LABELS = ("THIN", "NORMAL", "DEEP")
LIQUIDITY_TRENDS = ("DETERIORATING", "STABLE", "IMPROVING")
MOMENTUM_STATES = (
    "STRONG_UP_IMPULSE",
    "WEAK_UP_DRIFT",
    "NEUTRAL_RANGE",
    "WEAK_DOWN_DRIFT",
    "STRONG_DOWN_IMPULSE",
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

_KEY = {
    "symbol": pl.String(),
    "timeframe": pl.Enum(TIMEFRAMES),
    "ts": pl.Datetime("us", "UTC"),
}

ESCALATION_SCHEMA = pl.Schema(
    {
        **_KEY,
        "esc_raw": pl.Float64(),  # mean of the five component percentiles
        "esc_pctl": pl.Float64(),  # the production signal, equal to esc_pctl_era_adj
        "esc_pctl_expanding": pl.Float64(),
        "esc_pctl_252": pl.Float64(),
        "esc_pctl_504": pl.Float64(),
        "esc_pctl_1260": pl.Float64(),
        "esc_pctl_2520": pl.Float64(),
        "esc_pctl_52": pl.Float64(),  # this and the next two: 1week only
        "esc_pctl_104": pl.Float64(),
        "esc_pctl_260": pl.Float64(),
        "esc_pctl_era": pl.Float64(),
        "esc_pctl_era_confidence": pl.Float64(),
        "esc_pctl_era_adj": pl.Float64(),
        "esc_bucket": pl.Enum(ESCALATION_BUCKETS),
        # the five component percentiles p_1 .. p_5 behind esc_raw
        "esc_shock_level": pl.Float64(),
        "esc_shock_rise": pl.Float64(),
        "esc_instability_rise": pl.Float64(),
        "esc_structure_fall": pl.Float64(),
        "esc_divergence_rise": pl.Float64(),
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

_LEVELS = {
    f"{side}_{rank}_{what}": pl.Float64()
    for side in ("support", "resistance")
    for rank in (1, 2, 3)
    for what in ("price", "strength")
}

STATE_SCHEMA = pl.Schema(
    {
        **_KEY,
        "regime_label": pl.Enum(REGIME_LABELS),
        "confidence": pl.Float64(),
        "regime_bias": pl.Enum(REGIME_BIASES),
        "risk_posture": pl.Enum(RISK_POSTURES),
        "escalation_bucket": pl.Enum(ESCALATION_BUCKETS),
        "price": pl.Float64(),
        "ema_fast": pl.Float64(),
        "ema_slow": pl.Float64(),
        "realized_vol": pl.Float64(),
        "market_bias": pl.Float64(),
        "risk_level": pl.Float64(),
        "vrs": pl.Float64(),
        "vol_label": pl.Enum(VOL_LABELS),
        "vol_trend": pl.Enum(VOL_TRENDS),
        "breakout_up": pl.Float64(),
        "breakout_down": pl.Float64(),
        "downside_shock_risk": pl.Float64(),
        "structural_score": pl.Float64(),
        "momentum_state": pl.Enum(MOMENTUM_STATES),
        "cms": pl.Float64(),
        "ii": pl.Float64(),
        "er": pl.Float64(),
        "lq": pl.Float64(),
        "lq_label": pl.Enum(LIQUIDITY_LABELS),
        "lq_trend": pl.Enum(LIQUIDITY_TRENDS),
        "instability_index": pl.Float64(),
        "asymmetry_metric": pl.Float64(),
        **_LEVELS,  # null where there are fewer than three
        "strategy_tags": pl.String(),  # codes joined by ","
        "regime_reasons": pl.String(),
        "regime_reasons_top": pl.String(),
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
RESULT_SCHEMA_VERSION = version_of(RESULT_SCHEMA_DIGEST, RESULT_VERSIONS)
