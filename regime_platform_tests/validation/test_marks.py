"""Rows that break rules: each is kept out once, with all its reasons."""

import polars as pl

from regime_platform.validation.findings import Rule, Severity, worded
from regime_platform.validation.marks import Mark, broken, rejected_rows, without_accepted
from regime_platform_tests.builders import make_bars

ROWS = make_bars(4)


def _mark(name: str, severity: Severity, *places: int) -> Mark:
    rule = Rule(name, severity, "bars", "look", worded(name))
    return Mark(rule, pl.Series([place in places for place in range(4)]), 4)


def test_a_row_that_breaks_several_rules_is_kept_out_once_with_all_reasons() -> None:
    marks = [
        _mark("first", Severity.ERROR, 1),
        _mark("second", Severity.ERROR, 1, 2),
        _mark("third", Severity.SET_ASIDE, 3),
        _mark("fourth", Severity.WARNING, 0),
    ]

    rejected = rejected_rows(ROWS, marks, broken(marks, Severity.ERROR, 4))

    assert rejected.select("disposition", "rule", "reason").rows() == [
        ("rejected", "first", "first; second"),
        ("rejected", "second", "second"),
        ("set_aside", "third", "third"),
    ]


def test_an_accepted_row_is_counted_apart() -> None:
    mark = without_accepted(_mark("first", Severity.WARNING, 1, 2), ROWS, [ROWS["ts"][2]])

    assert (mark.count, mark.accepted, mark.mask.to_list()) == (1, 1, [False, True, False, False])
