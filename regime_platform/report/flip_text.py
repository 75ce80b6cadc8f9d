"""Why a regime began, in words: the same on terminals, on pages and in alerts."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import polars as pl

from regime_platform.query.classification import Comparison
from regime_platform.query.flips import Crossing, Flip, ReadHistory, RuleChange, flips_of
from regime_platform.report.palette import readable

_MOST_DECIMALS = 8


def flip_text(flip: Flip) -> str:
    """Such as "after transition: market bias 0.53 -> 0.57 (>= 0.55)"."""
    rules: dict[str, list[Crossing]] = {}
    for change in flip.changes:
        rules.setdefault(_rule(change, flip), []).extend(change.crossings)
    changes = "; ".join(f"{rule}{_crossings(values)}" for rule, values in rules.items())
    before = f"after {readable(flip.previous)}" if flip.previous else ""
    return ": ".join(filter(None, (before, flip.reason, changes)))


def flip_words(flip: Flip) -> str:
    """The same for a page, where a line may break within ``->``."""
    return flip_text(flip).replace("->", "→")


def with_changes(runs: pl.DataFrame, read: ReadHistory) -> pl.DataFrame:
    """Rows of `query.runs.runs`, and why each run began in the column ``regime_change``."""
    texts = map(flip_text, flips_of(runs, read))
    return runs.with_columns(regime_change=pl.Series(texts, dtype=pl.String))


def edge_text(part: Comparison) -> str:
    """A value and the edge that it has to keep, such as "confidence 0.66 (>= 0.65)"."""
    value, edge = _distinct(part.value, part.edge)
    return f"{readable(part.name)} {value} ({part.relation} {edge})"


def _rule(change: RuleChange, flip: Flip) -> str:
    """The rule that changed, before its values; empty where it is that of the new regime."""
    if change.is_guardrail:
        return f"guardrail {'applies' if change.holds else 'cleared'} by "
    if change.holds:
        return "" if change.gives == flip.regime else f"{readable(change.gives)} by "
    return "ended by " if change.gives == flip.previous else f"{readable(change.gives)} ended by "


def _crossings(crossings: Iterable[Crossing]) -> str:
    """Each value with every edge that it crossed: a rule may hold in several ways."""
    edges: dict[Crossing, list[float]] = {}
    for each in crossings:
        edges.setdefault(replace(each, edge=0.0), []).append(each.edge)
    return ", ".join(_crossing(value, *passed) for value, passed in edges.items())


def _crossing(value: Crossing, *passed: float) -> str:
    before, after, *edges = _distinct(value.before, value.after, *dict.fromkeys(passed))
    return f"{readable(value.name)} {before} -> {after} ({value.relation} {', '.join(edges)})"


def _distinct(*values: float) -> Iterator[str]:
    """The values with two decimals, or as many more as tell them apart."""
    texts: list[str] = []
    for decimals in range(2, _MOST_DECIMALS + 1):
        texts = ["none" if math.isnan(value) else f"{value:.{decimals}f}" for value in values]
        if len(set(texts)) == len(set(values)):
            break
    yield from texts
