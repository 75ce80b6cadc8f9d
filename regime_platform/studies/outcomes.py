"""What may follow a bar, and the groups of bars that it is compared between."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.studies.series import (
    Bools,
    Floats,
    StudySeries,
    forward_abs_move,
    forward_drawdown,
    forward_return,
)


@dataclass(frozen=True)
class Outcome:
    """Something that is known of a bar once ``horizon`` more have closed."""

    key: str
    title: str
    short: str  # as the title of a column
    of: Callable[[StudySeries, int], Floats]
    #: Words for an effect above and below zero.
    directions: tuple[str, str] = ("higher", "lower")


RETURN = Outcome("return", "forward return", "Return", forward_return)
ABS_MOVE = Outcome(
    "abs_move", "largest absolute move", "Move", forward_abs_move, ("larger", "smaller")
)
DRAWDOWN = Outcome("drawdown", "drawdown", "Drawdown", forward_drawdown, ("shallower", "deeper"))
OUTCOMES = (RETURN, ABS_MOVE, DRAWDOWN)


@dataclass(frozen=True)
class Group:
    """Bars with one bucket or one regime, among those that are comparable."""

    key: str  # the code: HIGH, PANIC_RISK
    title: str  # in words: HIGH, panic risk
    mask: Bools
    usable: Bools  # bars with a mature rank, or with a regime; ``mask`` lies within


def group_title(key: str) -> str:
    """A bucket as it is, a regime in words."""
    return key if key in ESCALATION_BUCKETS else key.replace("_", " ").lower()


def bucket_groups(series: StudySeries, *, include_immature: bool) -> tuple[Group, ...]:
    """LOW, MED and HIGH among the bars with a rank that counts."""
    usable = series.is_ranked(include_immature=include_immature)
    return tuple(
        Group(name, group_title(name), usable & (series.bucket == code), usable)
        for code, name in enumerate(ESCALATION_BUCKETS)
        if name != "NA"
    )


def regime_groups(series: StudySeries) -> tuple[Group, ...]:
    """The seven regimes among the bars with a regime; a regime needs no rank."""
    usable = series.regime >= 0
    return tuple(
        Group(name, group_title(name), series.regime == code, usable)
        for code, name in enumerate(REGIME_LABELS)
    )


def high_bars(series: StudySeries, *, include_immature: bool) -> Group:
    """HIGH among the bars with a rank that counts."""
    return bucket_groups(series, include_immature=include_immature)[-1]


def left_out(series: StudySeries, *, include_immature: bool) -> int:
    """Bars with a rank that does not count."""
    return int(np.sum(series.is_immature & ~series.is_ranked(include_immature=include_immature)))
