"""Findings that take several fetches or several timeframes of a symbol to see.

They come after the gate has judged each series by itself, and reject no row: which of two numbers
is the wrong one cannot be told from here.
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from regime_platform.validation.findings import QUOTED, Rule, ValidationFinding, finding
from regime_platform.validation.gate import GateResult
from regime_platform.validation.marks import quoted
from regime_platform.validation.policy import Standard
from regime_platform.validation.rules.overlap import CONTRADICTED, OVERLAP, Overlap
from regime_platform.validation.rules.timeframe import TIMEFRAME_RULES, agreement

_Found = tuple[Rule, int, pl.DataFrame | None]


def compared(
    results: Mapping[str, GateResult],
    overlaps: Mapping[str, Overlap],
    *,
    asset_class: str,
    standard: Standard,
) -> dict[str, GateResult]:
    """The results with what their comparison found; every rule is told for every timeframe.

    Args:
        results: what the gate made of each timeframe of one symbol.
        overlaps: how the fetches of each agree, where there were several.
        asset_class: the class of the instrument.
        standard: by what the symbol is judged.
    """
    bars = {timeframe: result.valid for timeframe, result in results.items()}
    told = {}
    for timeframe, result in results.items():
        held = overlaps.get(timeframe)
        agreed = agreement(bars, timeframe, asset_class)
        found: list[_Found] = [
            (OVERLAP, held.compared, held.disagreeing) if held else (OVERLAP, 0, None),
            _contradiction(held, result),
        ]
        found += [
            (rule, agreed.compared, agreed.disagreeing)
            if agreed is not None and agreed.rule is rule
            else (rule, 0, None)
            for rule in TIMEFRAME_RULES
        ]
        findings = tuple(
            _finding(standard.policy.rule(rule, asset_class), checked, rows, timeframe, standard)
            for rule, checked, rows in found
        )
        told[timeframe] = replace(result, findings=(*result.findings, *findings))
    return told


def _contradiction(held: Overlap | None, result: GateResult) -> _Found:
    if held is None or held.contradicting is None:
        return CONTRADICTED, 0, None
    # what a person excluded is in no bar
    rows = held.contradicting.filter(pl.col("ts").is_in(result.valid["ts"].implode()))
    return CONTRADICTED, held.compared, rows


def _finding(
    rule: Rule, checked: int, rows: pl.DataFrame | None, timeframe: str, standard: Standard
) -> ValidationFinding:
    if rows is None or not rule.is_applied:
        return finding(rule, 0, 0)
    if rows.is_empty():
        return finding(rule, checked, 0)
    true = [one.opens for one in standard.accepted(timeframe, rule.name)]
    left = rows.filter(~pl.col("ts").is_in(true))
    examples = quoted(left.head(QUOTED), rule, timeframe)
    return finding(rule, checked, left.height, examples, accepted=rows.height - left.height)
