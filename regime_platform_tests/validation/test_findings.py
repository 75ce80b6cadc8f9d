"""A rule, its sentence about a row, and what its finding blocks."""

import polars as pl

from regime_platform.validation.findings import QUOTED, Rule, Severity, finding_of, worded

RULE = Rule("low_price", Severity.ERROR, "look", worded("low {} of {}", "low", "close"))


def test_a_reason_has_the_values_of_the_row_and_null_where_there_is_none() -> None:
    rows = pl.DataFrame({"low": [1.5, None], "close": [2, 3]})

    assert rows.select(RULE.reason).to_series().to_list() == ["low 1.5 of 2", "low null of 3"]


def test_only_a_broken_rule_with_severity_error_blocks() -> None:
    examples = tuple(f"row {number}" for number in range(9))

    assert finding_of(RULE, 10, 9, examples).is_blocking
    assert not finding_of(RULE, 10, 0).is_blocking
    assert not finding_of(RULE.at(Severity.WARNING), 10, 9).is_blocking
    assert len(finding_of(RULE, 10, 9, examples).examples) == QUOTED
