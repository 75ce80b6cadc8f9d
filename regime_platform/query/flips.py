"""Why a regime began: the rules that changed at its first bar, and the values that crossed an edge.

A label follows from the rule that decides, from the rules before it, which fail, and from the
guardrail. A flip names those of these conditions that the bar before did not fulfil.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from regime_platform.compute.classifier.numbers import LABEL_RULES as EDGES
from regime_platform.compute.classifier.quality import BarCodes
from regime_platform.compute.regime_runs import run_start
from regime_platform.query.classification import (
    BEAR,
    BULL,
    CONFIDENT_BEAR,
    GUARDRAIL,
    LABEL_RULES,
    VALUE_COLUMNS,
    Comparison,
    Rule,
    Values,
    evaluated,
    evaluated_rules,
    is_overruled,
    label_of,
    values_of,
)

#: Reads the history of a symbol on a timeframe.
ReadHistory = Callable[[str, str], pl.DataFrame]
#: Columns of ``STATE_SCHEMA`` that a flip stands on.
FLIP_COLUMNS = ("ts", "regime_label", *VALUE_COLUMNS)
#: Values that take a few steps: their distance from an edge says nothing.
_STEPS = ("alignment", "direction")
_TRUSTED = {"confidence >=": EDGES.guardrail_confidence}
#: Regime -> the ways in which a bar has it, unless a rule that comes before holds.
_WAYS = {
    **{rule.gives: rule.ways for rule in LABEL_RULES},
    BULL.gives: tuple({**way, **_TRUSTED} for way in BULL.ways),
    BEAR.gives: (*({**way, **_TRUSTED} for way in BEAR.ways), *CONFIDENT_BEAR.ways),
}


@dataclass(frozen=True)
class Crossing:
    """A value that crossed an edge of a rule from one bar to the next."""

    name: str
    relation: str
    edge: float
    before: float
    after: float


@dataclass(frozen=True)
class RuleChange:
    """A rule that holds at a bar and did not at the bar before, or the reverse."""

    gives: str  # the regime
    is_guardrail: bool
    holds: bool  # at the bar
    crossings: tuple[Crossing, ...]  # in the ways that were, or are, fulfilled


@dataclass(frozen=True)
class Flip:
    """The beginning of a regime."""

    ts: dt.datetime  # open of its first bar
    regime: str
    previous: str  # regime of the bar before; empty where that bar has no state
    changes: tuple[RuleChange, ...]
    reason: str  # why no changes are known; empty where they are


def last_flip(states: pl.DataFrame) -> Flip:
    """The beginning of the regime of the last row.

    Args:
        states: rows with ``FLIP_COLUMNS`` of consecutive bars, oldest first, from the bar before
            the regime began, or from the first state of the series.
    """
    first = run_start(states["regime_label"])
    return flip(states[max(first - 1, 0) : first + 1])


def flip(rows: pl.DataFrame) -> Flip:
    """Of the first bar of a regime and the bar before it, or of the first state of a series.

    Only ``FLIP_COLUMNS`` are read.
    """
    *earlier, row = rows.iter_rows(named=True)
    ts, regime = row["ts"], str(row["regime_label"])
    before = earlier[0] if earlier else {}
    previous = before.get("regime_label") or ""
    if not previous:
        return Flip(ts, regime, "", (), "the first bar with a state")
    values_before, values = _values(before), _values(row)
    if values_before is None or values is None:
        return Flip(ts, regime, previous, (), "the installed rules do not give the stored regimes")
    return Flip(ts, regime, previous, tuple(_changes(values_before, values)), "")


def nearest_edge(state: Mapping[str, Any]) -> Comparison | None:
    """What of the rule of a regime is nearest to failing; of one row of ``STATE_SCHEMA``.

    A rule that comes before may hold earlier and end the regime. None of TRANSITION, which has no
    rule of its own, and where the rules do not give the stored regime.
    """
    regime, values = state["regime_label"], _values(state)
    if values is None:
        return None
    margins = [
        min((part for part in way if part.name not in _STEPS), key=_margin)
        for way in evaluated(Rule(regime, _WAYS[regime], ""), values).ways
        if all(part.holds for part in way)
    ]
    # the regime lasts until the last of several ways fails
    return max(margins, key=_margin, default=None)


def _margin(part: Comparison) -> float:
    return abs(part.value - part.edge)


def _values(state: Mapping[str, Any]) -> Values | None:
    """The values of the rules; None where these do not give the stored regime.

    So it is with results of other code, and with those of version 1 that lack some values.
    """
    if any(state[name] is None for name in BarCodes._fields):
        return None
    values = values_of(state)
    return values if label_of(values) == state["regime_label"] else None


def _changes(before: Values, after: Values) -> Iterator[RuleChange]:
    """The conditions of the label after that the values before did not fulfil."""
    place = len(evaluated_rules(LABEL_RULES, after)) - 1
    decided = LABEL_RULES[place]
    for rule in LABEL_RULES[: place + 1]:
        yield from _change(rule, before, after)
    if is_overruled(decided, before) != is_overruled(decided, after):
        yield from _change(GUARDRAIL, before, after)
        if decided is BEAR:
            yield from _change(CONFIDENT_BEAR, before, after)


def _change(rule: Rule, before: Values, after: Values) -> Iterator[RuleChange]:
    """The change of one rule; nothing where its outcome is the same."""
    was, now = evaluated(rule, before), evaluated(rule, after)
    if was.holds == now.holds:
        return
    crossings = [
        Crossing(old.name, old.relation, old.edge, old.value, new.value)
        for ways in zip(was.ways, now.ways, strict=True)
        if all(part.holds for part in ways[now.holds])
        for old, new in zip(*ways, strict=True)
        if old.holds != new.holds
    ]
    crossed = tuple(dict.fromkeys(crossings))
    yield RuleChange(rule.gives, rule is GUARDRAIL, now.holds, crossed)


def flips_of(rows: pl.DataFrame, read: ReadHistory) -> list[Flip]:
    """Why each run of `runs` began, in its order; ``rows`` have symbol, timeframe and start.

    ``read`` gives all states of a series, as `query.series.history` does.
    """
    flips = []
    for series in rows.partition_by("symbol", "timeframe", maintain_order=True):
        states = read(series["symbol"][0], series["timeframe"][0])
        first_bars = states["ts"].search_sorted(series["start"]).to_list()
        flips += [flip(states[max(at - 1, 0) : at + 1]) for at in first_bars]
    return flips
