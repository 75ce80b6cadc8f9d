"""Strategy tags and reason codes as bit masks, since kernels handle no text (sections 7.5, 7.6).

Bits are numbered in listing order. The label is the one after guardrail and overrides.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from regime_platform.compute.classifier.label import (
    BREAKOUT_SETUP,
    CHOP_RISK,
    PANIC_RISK,
    SHOCK,
    TRANSITION,
    TRENDING_BEAR,
    TRENDING_BULL,
)
from regime_platform.compute.classifier.numbers import LABEL_RULES, REASON_EDGES, TAG_RULES
from regime_platform.compute.classifier.quality import Bar, Quality
from regime_platform.compute.kernels import kernel


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


TAGS = TagBits._fields
_TAG = TagBits(*(1 << bit for bit in range(len(TAGS))))

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
_SETUP, _UP_EDGE, _DOWN_EDGE, _NO_EDGE, _GUARDRAIL = (1 << bit for bit in range(27, len(REASONS)))
#: Priority of section 7.6; the first three present make up regime_reasons_top.
TOP_PRIORITY = (
    *("TREND_STRENGTH_HIGH", "ALIGNMENT_STRONG", "SHOCK_RISK_HIGH", "VOL_UNSTABLE"),
    *("INSTABILITY_ELEVATED", "LIQUIDITY_WEAK", "BREAKOUT_SETUP"),
    *("CONFIDENCE_GUARDRAIL_TRIGGERED", "MB_BULLISH", "MB_BEARISH"),
)
_TOP_COUNT = 3


@cache
def tag_text(mask: int) -> str:
    """The tags of a mask, comma-separated in listing order."""
    return ",".join(_names_in(mask, TAGS))


@cache
def reason_text(mask: int) -> str:
    """The reasons of a mask, comma-separated in listing order."""
    return ",".join(_names_in(mask, REASONS))


@cache
def top_reason_text(mask: int) -> str:
    """The first reasons of a mask by priority, at most three."""
    reasons = _names_in(mask, REASONS)
    return ",".join([code for code in TOP_PRIORITY if code in reasons][:_TOP_COUNT])


def _names_in(mask: int, names: Sequence[str]) -> list[str]:
    return [name for bit, name in enumerate(names) if mask >> bit & 1]


@kernel()
def tag_mask(label: int, bar: Bar, quality: Quality) -> int:
    """All strategy tags of one bar."""
    if label in (TRENDING_BULL, TRENDING_BEAR):
        mask = _trend_tags(label, quality)
    elif label == CHOP_RISK:
        mask = _chop_tags(bar, quality)
    elif label in (PANIC_RISK, SHOCK):
        mask = _danger_tags(bar, quality)
    else:
        mask = _transition_tags(bar)
    if quality.confidence >= TAG_RULES.high_conviction:
        return mask | _TAG.HIGH_CONVICTION
    if quality.confidence <= TAG_RULES.low_conviction:
        return mask | _TAG.LOW_CONVICTION
    return mask | _TAG.MEDIUM_CONVICTION


@kernel()
def _trend_tags(label: int, quality: Quality) -> int:
    mask = _TAG.WAIT_FOR_CONFIRMATION
    if quality.confidence >= TAG_RULES.follow_confidence:
        mask = _TAG.TREND_FOLLOWING
    if (
        quality.liquidity_quality >= TAG_RULES.add_liquidity_quality
        and quality.vol_quality >= TAG_RULES.add_vol_quality
    ):
        mask |= _TAG.ADD_ON_BREAKS
    else:
        mask |= _TAG.SIZE_DOWN
    return mask | (_TAG.BUY_DIPS if label == TRENDING_BULL else _TAG.SELL_RALLIES)


@kernel()
def _chop_tags(bar: Bar, quality: Quality) -> int:
    mask = _TAG.MEAN_REVERSION
    if quality.liquidity_quality >= TAG_RULES.fade_liquidity_quality:
        mask |= _TAG.FADE_EXTREMES
    if max(bar.breakout_up, bar.breakout_down) >= TAG_RULES.ready_breakout:
        mask |= _TAG.BE_READY_FOR_BREAKOUT
    return mask


@kernel()
def _danger_tags(bar: Bar, quality: Quality) -> int:
    mask = _TAG.CAPITAL_PRESERVATION | _TAG.REDUCE_LEVERAGE
    if quality.liquidity_quality <= TAG_RULES.illiquid_quality:
        mask |= _TAG.AVOID_ILLQUID_NAMES
    if bar.asymmetry_metric <= -TAG_RULES.skew:
        mask |= _TAG.DOWNSIDE_SKEW
    if bar.asymmetry_metric >= TAG_RULES.skew:
        mask |= _TAG.UPSIDE_SKEW
    return mask


@kernel()
def _transition_tags(bar: Bar) -> int:
    mask = _TAG.WAIT_FOR_CONFIRMATION
    if max(bar.breakout_up, bar.breakout_down) >= LABEL_RULES.breakout_setup:
        mask |= _TAG.BREAKOUT_WATCH | _TAG.SET_ALERTS
    if abs(bar.asymmetry_metric) >= TAG_RULES.skew_caution:
        mask |= _TAG.SKEW_CAUTION
    return mask


@kernel()
def reason_mask(label: int, bar: Bar, quality: Quality) -> int:
    """All reason codes of one bar: one of three from each row, the breakout, the guardrail."""
    up, down = bar.breakout_up, bar.breakout_down
    values = (bar.market_bias, bar.structural_score, *quality[:7])
    mask = 0
    for row in range(9):
        high, low = REASON_EDGES[row]
        choice = 0 if values[row] >= high else 1 if values[row] <= low else 2
        mask |= 1 << (3 * row + choice)
    if max(up, down) >= LABEL_RULES.breakout_setup:
        mask |= _SETUP | (_UP_EDGE if up >= down else _DOWN_EDGE)
    else:
        mask |= _NO_EDGE
    undecided = label in (TRANSITION, BREAKOUT_SETUP)
    strong = (
        quality.trend_strength >= TAG_RULES.guardrail_strength
        and quality.alignment >= TAG_RULES.guardrail_align
    )
    if undecided and strong and quality.confidence < LABEL_RULES.guardrail_confidence:
        mask |= _GUARDRAIL
    return mask
