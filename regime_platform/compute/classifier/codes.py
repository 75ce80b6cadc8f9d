"""The vocabulary of the classifier as numbers, since kernels handle no text.

Labels are codes: positions in the vocabularies of `model.result_schema`. Tags and reasons are bits
of a mask, numbered in listing order, from the lowest bit on.
"""

from collections.abc import Sequence
from typing import NamedTuple

from regime_platform.model.result_schema import (
    LIQUIDITY_LABELS,
    MOMENTUM_STATES,
    REGIME_BIASES,
    REGIME_LABELS,
    RISK_POSTURES,
    VOL_LABELS,
)


class LabelCodes(NamedTuple):
    """Positions in ``REGIME_LABELS``."""

    SHOCK: int
    PANIC_RISK: int
    TRENDING_BULL: int
    TRENDING_BEAR: int
    CHOP_RISK: int
    TRANSITION_BREAKOUT_SETUP: int
    TRANSITION: int


class BiasCodes(NamedTuple):
    """Positions in ``REGIME_BIASES``."""

    BULLISH: int
    NEUTRAL: int
    BEARISH: int


class PostureCodes(NamedTuple):
    """Positions in ``RISK_POSTURES``."""

    RISK_ON: int
    NEUTRAL: int
    DEFENSIVE: int
    RISK_OFF: int
    CAUTIOUS: int


class MomentumCodes(NamedTuple):
    """Positions in ``MOMENTUM_STATES``."""

    STRONG_UP_IMPULSE: int
    WEAK_UP_DRIFT: int
    NEUTRAL_RANGE: int
    WEAK_DOWN_DRIFT: int
    STRONG_DOWN_IMPULSE: int


class TagBits(NamedTuple):
    """One bit each, in the order of section 7.5 for every label at once."""

    TREND_FOLLOWING: int
    WAIT_FOR_CONFIRMATION: int
    ADD_ON_BREAKS: int
    SIZE_DOWN: int
    BUY_DIPS: int
    SELL_RALLIES: int
    MEAN_REVERSION: int
    FADE_EXTREMES: int
    BE_READY_FOR_BREAKOUT: int
    CAPITAL_PRESERVATION: int
    REDUCE_LEVERAGE: int
    AVOID_ILLQUID_NAMES: int  # the spelling of every stored row
    DOWNSIDE_SKEW: int
    UPSIDE_SKEW: int
    BREAKOUT_WATCH: int
    SET_ALERTS: int
    SKEW_CAUTION: int
    HIGH_CONVICTION: int
    LOW_CONVICTION: int
    MEDIUM_CONVICTION: int


LABEL = LabelCodes(*map(REGIME_LABELS.index, LabelCodes._fields))
BIAS = BiasCodes(*map(REGIME_BIASES.index, BiasCodes._fields))
POSTURE = PostureCodes(*map(RISK_POSTURES.index, PostureCodes._fields))
MOMENTUM = MomentumCodes(*map(MOMENTUM_STATES.index, MomentumCodes._fields))
VOL_ELEVATED = VOL_LABELS.index("ELEVATED")
VOL_STRESSED = VOL_LABELS.index("STRESSED")
LIQUIDITY_THIN = LIQUIDITY_LABELS.index("THIN")
LIQUIDITY_NORMAL = LIQUIDITY_LABELS.index("NORMAL")
#: Trends are listed falling, flat, rising: the code minus this one is the sign.
FLAT_TREND = 1

TAG = TagBits(*(1 << bit for bit in range(len(TagBits._fields))))
TAGS = TagBits._fields

#: Three codes per row of section 7.6 (first, second, otherwise), then breakout and guardrail.
REASONS = (
    *("MB_BULLISH", "MB_BEARISH", "MB_NEUTRAL"),
    *("SS_BULLISH", "SS_BEARISH", "SS_NEUTRAL"),
    *("ALIGNMENT_STRONG", "ALIGNMENT_WEAK", "ALIGNMENT_MIXED"),
    *("TREND_STRENGTH_HIGH", "TREND_STRENGTH_LOW", "TREND_STRENGTH_MEDIUM"),
    *("INSTABILITY_CONTAINED", "INSTABILITY_ELEVATED", "INSTABILITY_MODERATE"),
    *("VOL_STABLE", "VOL_UNSTABLE", "VOL_ELEVATED"),
    *("LIQUIDITY_SUPPORTIVE", "LIQUIDITY_WEAK", "LIQUIDITY_NORMAL"),
    *("SHOCK_RISK_LOW", "SHOCK_RISK_HIGH", "SHOCK_RISK_MODERATE"),
    *("ASYMMETRY_LOW", "ASYMMETRY_HIGH", "ASYMMETRY_MEDIUM"),
    *("BREAKOUT_SETUP", "BREAKOUT_UP_EDGE", "BREAKOUT_DOWN_EDGE", "NO_BREAKOUT_EDGE"),
    "CONFIDENCE_GUARDRAIL_TRIGGERED",
)
SETUP_BIT = 1 << REASONS.index("BREAKOUT_SETUP")
UP_EDGE_BIT = 1 << REASONS.index("BREAKOUT_UP_EDGE")
DOWN_EDGE_BIT = 1 << REASONS.index("BREAKOUT_DOWN_EDGE")
NO_EDGE_BIT = 1 << REASONS.index("NO_BREAKOUT_EDGE")
GUARDRAIL_BIT = 1 << REASONS.index("CONFIDENCE_GUARDRAIL_TRIGGERED")

#: Priority of section 7.6; the first three present make up regime_reasons_top.
TOP_PRIORITY = (
    "TREND_STRENGTH_HIGH",
    "ALIGNMENT_STRONG",
    "SHOCK_RISK_HIGH",
    "VOL_UNSTABLE",
    "INSTABILITY_ELEVATED",
    "LIQUIDITY_WEAK",
    "BREAKOUT_SETUP",
    "CONFIDENCE_GUARDRAIL_TRIGGERED",
    "MB_BULLISH",
    "MB_BEARISH",
)
TOP_COUNT = 3


def names_in(mask: int, names: Sequence[str]) -> list[str]:
    """The names whose bit is set, lowest bit first."""
    return [name for bit, name in enumerate(names) if mask >> bit & 1]


def top_reasons(reasons: Sequence[str]) -> list[str]:
    """The first reasons by priority, at most ``TOP_COUNT``."""
    return [code for code in TOP_PRIORITY if code in reasons][:TOP_COUNT]
