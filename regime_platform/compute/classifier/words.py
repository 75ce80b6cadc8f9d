"""Strategy tags and reason codes as bit masks (canonical compute, section 7.5 and 7.6).

Bits are numbered in listing order, see `compute.classifier.codes`. The label is the one after
guardrail and overrides.
"""

from regime_platform.compute.classifier.codes import (
    DOWN_EDGE_BIT,
    GUARDRAIL_BIT,
    LABEL,
    NO_EDGE_BIT,
    SETUP_BIT,
    TAG,
    UP_EDGE_BIT,
)
from regime_platform.compute.classifier.numbers import LABEL_RULES, REASON_EDGES, TAG_RULES
from regime_platform.compute.classifier.quality import BAR, QUALITIES, Bar, Quality
from regime_platform.compute.kernels import kernel


@kernel(f"int64(int64, {BAR}, {QUALITIES})")
def tag_mask(label: int, bar: Bar, quality: Quality) -> int:
    """All strategy tags of one bar."""
    conf = quality[8]
    if label in (LABEL.TRENDING_BULL, LABEL.TRENDING_BEAR):
        mask = _trend_tags(label, quality)
    elif label == LABEL.CHOP_RISK:
        mask = _chop_tags(bar, quality)
    elif label in (LABEL.PANIC_RISK, LABEL.SHOCK):
        mask = _danger_tags(bar, quality)
    else:
        mask = _transition_tags(bar)
    if conf >= TAG_RULES.high_conviction:
        return mask | TAG.HIGH_CONVICTION
    if conf <= TAG_RULES.low_conviction:
        return mask | TAG.LOW_CONVICTION
    return mask | TAG.MEDIUM_CONVICTION


@kernel(f"int64(int64, {QUALITIES})")
def _trend_tags(label: int, quality: Quality) -> int:
    mask = TAG.WAIT_FOR_CONFIRMATION
    if quality[8] >= TAG_RULES.follow_confidence:
        mask = TAG.TREND_FOLLOWING
    if quality[4] >= TAG_RULES.add_liquidity_quality and quality[3] >= TAG_RULES.add_vol_quality:
        mask |= TAG.ADD_ON_BREAKS
    else:
        mask |= TAG.SIZE_DOWN
    return mask | (TAG.BUY_DIPS if label == LABEL.TRENDING_BULL else TAG.SELL_RALLIES)


@kernel(f"int64({BAR}, {QUALITIES})")
def _chop_tags(bar: Bar, quality: Quality) -> int:
    mask = TAG.MEAN_REVERSION
    if quality[4] >= TAG_RULES.fade_liquidity_quality:
        mask |= TAG.FADE_EXTREMES
    if max(bar[6], bar[7]) >= TAG_RULES.ready_breakout:
        mask |= TAG.BE_READY_FOR_BREAKOUT
    return mask


@kernel(f"int64({BAR}, {QUALITIES})")
def _danger_tags(bar: Bar, quality: Quality) -> int:
    mask = TAG.CAPITAL_PRESERVATION | TAG.REDUCE_LEVERAGE
    if quality[4] <= TAG_RULES.illiquid_quality:
        mask |= TAG.AVOID_ILLQUID_NAMES
    if bar[3] <= -TAG_RULES.skew:
        mask |= TAG.DOWNSIDE_SKEW
    if bar[3] >= TAG_RULES.skew:
        mask |= TAG.UPSIDE_SKEW
    return mask


@kernel(f"int64({BAR})")
def _transition_tags(bar: Bar) -> int:
    mask = TAG.WAIT_FOR_CONFIRMATION
    if max(bar[6], bar[7]) >= LABEL_RULES.breakout_setup:
        mask |= TAG.BREAKOUT_WATCH | TAG.SET_ALERTS
    if abs(bar[3]) >= TAG_RULES.skew_caution:
        mask |= TAG.SKEW_CAUTION
    return mask


@kernel(f"int64(int64, {BAR}, {QUALITIES})")
def reason_mask(label: int, bar: Bar, quality: Quality) -> int:
    """All reason codes of one bar: one of three from each row, the breakout, the guardrail."""
    align, strength, inst_q, vol_q, lq_q, shock_q, asm_q, _, conf = quality
    up, down = bar[6], bar[7]
    values = (bar[0], bar[1], align, strength, inst_q, vol_q, lq_q, shock_q, asm_q)
    mask = 0
    for row in range(9):
        high, low = REASON_EDGES[row]
        choice = 0 if values[row] >= high else 1 if values[row] <= low else 2
        mask |= 1 << (3 * row + choice)
    if max(up, down) >= LABEL_RULES.breakout_setup:
        mask |= SETUP_BIT | (UP_EDGE_BIT if up >= down else DOWN_EDGE_BIT)
    else:
        mask |= NO_EDGE_BIT
    undecided = label in (LABEL.TRANSITION, LABEL.TRANSITION_BREAKOUT_SETUP)
    strong = strength >= TAG_RULES.guardrail_strength and align >= TAG_RULES.guardrail_align
    if undecided and strong and conf < LABEL_RULES.guardrail_confidence:
        mask |= GUARDRAIL_BIT
    return mask
