"""Findings over several fetches or several timeframes of a symbol.

They are added after the gate has validated each series by itself. They reject no row, since they
cannot tell which of two different numbers is wrong.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from regime_platform.validation.findings import QUOTED, Rule, ValidationFinding, finding_of
from regime_platform.validation.gate import GateResult
from regime_platform.validation.marks import quoted
from regime_platform.validation.policy import ValidationContext
from regime_platform.validation.rules.overlap import CONTRADICTED, OVERLAP, Overlap
from regime_platform.validation.rules.timeframe import TIMEFRAME_RULES, agreement


class _Comparison(NamedTuple):
    """What one rule compared; ``rows`` are those that break it, None where nothing was compared."""

    rule: Rule
    checked: int
    rows: pl.DataFrame | None


def compared(
    results: Mapping[str, GateResult],
    overlaps: Mapping[str, Overlap],
    *,
    asset_class: str,
    context: ValidationContext,
) -> dict[str, GateResult]:
    """The results with the findings of every comparison added, for every timeframe.

    Args:
        results: timeframe of one symbol -> result of the gate.
        overlaps: timeframe -> how its fetches agree, where there were several.
        asset_class: the class of the instrument.
        context: severities, overrides and listing dates.
    """
    bars = {timeframe: result.valid for timeframe, result in results.items()}
    with_comparisons = {}
    for timeframe, result in results.items():
        comparisons = [
            *_fetches(overlaps.get(timeframe), result),
            *_timeframes(bars, timeframe, asset_class),
        ]
        findings = tuple(
            _finding(comparison, timeframe, asset_class, context) for comparison in comparisons
        )
        with_comparisons[timeframe] = replace(result, findings=(*result.findings, *findings))
    return with_comparisons


def _fetches(overlap: Overlap | None, result: GateResult) -> list[_Comparison]:
    if overlap is None:
        return [_Comparison(OVERLAP, 0, None), _Comparison(CONTRADICTED, 0, None)]
    disagreement = _Comparison(OVERLAP, overlap.compared, overlap.disagreeing)
    if overlap.contradicting is None:
        return [disagreement, _Comparison(CONTRADICTED, 0, None)]
    # an excluded bar is no bar any more
    rows = overlap.contradicting.filter(pl.col("ts").is_in(result.valid["ts"].implode()))
    return [disagreement, _Comparison(CONTRADICTED, overlap.compared, rows)]


def _timeframes(
    bars: Mapping[str, pl.DataFrame], timeframe: str, asset_class: str
) -> list[_Comparison]:
    agreed = agreement(bars, timeframe, asset_class)
    return [
        _Comparison(rule, agreed.compared, agreed.disagreeing)
        if agreed is not None and agreed.rule is rule
        else _Comparison(rule, 0, None)
        for rule in TIMEFRAME_RULES
    ]


def _finding(
    comparison: _Comparison, timeframe: str, asset_class: str, context: ValidationContext
) -> ValidationFinding:
    rule = context.policy.rule(comparison.rule, asset_class)
    rows, checked = comparison.rows, comparison.checked
    if rows is None or not rule.is_applied:
        return finding_of(rule, 0, 0)
    if rows.is_empty():
        return finding_of(rule, checked, 0)
    accepted = [entry.opens for entry in context.accepted(timeframe, rule.name)]
    left = rows.filter(~pl.col("ts").is_in(accepted))
    examples = quoted(left.head(QUOTED), rule, timeframe)
    return finding_of(rule, checked, left.height, examples, accepted=rows.height - left.height)
