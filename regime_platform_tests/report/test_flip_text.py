"""The words of a flip: what was before, the rule, and values that can be told apart."""

import datetime as dt
import math
from dataclasses import replace

import pytest

from regime_platform.query.classification import Comparison
from regime_platform.query.flips import Crossing, Flip, RuleChange
from regime_platform.report.flip_text import edge_text, flip_text

TS = dt.datetime(2026, 11, 12, tzinfo=dt.UTC)
BIAS = Crossing("market_bias", ">=", 0.55, 0.531, 0.571)
CLOSE = Crossing("confidence", "<", 0.65, 0.65001, 0.6499)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (RuleChange("TRENDING_BULL", False, True, (BIAS,)), "market bias 0.53 -> 0.57 (>= 0.55)"),
        (
            RuleChange("CHOP_RISK", False, False, (BIAS,)),
            "ended by market bias 0.53 -> 0.57 (>= 0.55)",
        ),
        (
            RuleChange("TRANSITION", True, True, (CLOSE,)),
            "guardrail applies by confidence 0.65001 -> 0.64990 (< 0.65000)",
        ),
        (
            RuleChange("PANIC_RISK", False, False, (BIAS, CLOSE, replace(BIAS, edge=0.5675))),
            (
                "panic risk ended by market bias 0.531 -> 0.571 (>= 0.550, 0.568), "
                "confidence 0.65001 -> 0.64990 (< 0.65000)"
            ),
        ),
    ],
)
def test_a_change_is_named_by_its_rule_unless_it_is_that_of_the_regime(
    change: RuleChange, text: str
) -> None:
    flip = Flip(TS, "TRENDING_BULL", "CHOP_RISK", (change,), "")

    assert flip_text(flip) == f"after chop risk: {text}"


def test_without_changes_the_reason_is_shown() -> None:
    assert flip_text(Flip(TS, "SHOCK", "", (), "the first bar with a state")) == (
        "the first bar with a state"
    )


def test_a_missing_value_has_a_word() -> None:
    assert edge_text(Comparison("vrs", math.nan, ">=", 0.6, holds=False)) == "vrs none (>= 0.60)"
