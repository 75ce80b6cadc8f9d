"""Rows that break rules: each is kept out once, with all its reasons."""

from regime_platform.validation.findings import (
    Breach,
    Rule,
    Severity,
    kept_out,
    rejected_rows,
    worded,
)
from regime_platform_tests.builders import make_bars

ROWS = make_bars(4)


def _breach(name: str, severity: Severity, *places: int) -> Breach:
    rule = Rule(name, severity, "look", worded(name))
    return Breach(rule, 4, ROWS.with_row_index("row")[list(places)])


def test_a_row_that_breaks_several_rules_is_kept_out_once_with_all_reasons() -> None:
    breaches = [
        _breach("first", Severity.ERROR, 1),
        _breach("second", Severity.ERROR, 1, 2),
        _breach("third", Severity.SET_ASIDE, 3),
        _breach("fourth", Severity.WARNING, 0),
    ]

    rejected = rejected_rows(ROWS, breaches)

    assert kept_out(breaches, 4).to_list() == [False, True, True, True]
    assert rejected.select("disposition", "rule", "reason").rows() == [
        ("rejected", "first", "first; second"),
        ("rejected", "second", "second"),
        ("set_aside", "third", "third"),
    ]
