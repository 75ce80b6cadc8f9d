"""Severities are configuration: checked on load, obeyed by the gate."""

import pytest

from regime_platform.errors import ConfigError
from regime_platform.validation.findings import Severity
from regime_platform.validation.policy import CONFIGURABLE, Policy, Standard, parse_policy
from regime_platform_tests.validation.real_bars import changed, finding_of, judged, real, times


def standard(text: str) -> Standard:
    return Standard(parse_policy(text, "gate.yaml"))


def test_an_error_rejects_the_bar_and_blocks_the_series() -> None:
    rows = changed(real("IBM", "1day"), 1500, **times(8.0, "high"))

    result = judged(rows, "IBM", "1day", standard("rules: {wide_range: {default: error}}"))

    assert result.status == "blocked"
    assert result.rejected["ts"].to_list() == [rows["ts"][1500]]
    assert result.rejected["rule"].to_list() == ["wide_range"]
    assert "x the usual range" in result.rejected["reason"][0]
    assert result.valid.height + result.rejected.height == rows.height


def test_a_gap_blocks_only_where_that_is_chosen() -> None:
    rows = real("IBM", "1day")
    holed = rows[[*range(700), *range(701, 3270)]]

    plain = judged(holed, "IBM", "1day")
    strict = judged(holed, "IBM", "1day", standard("rules: {missing_sessions: {default: error}}"))

    assert plain.status == "passed"
    assert strict.status == "blocked"
    assert strict.valid.equals(holed)  # no bar that is there is at fault


def test_a_rule_switched_off_is_told_and_finds_nothing() -> None:
    rows = real("AAPL", "1day")

    result = judged(rows, "AAPL", "1day", standard("rules: {price_jump: {default: off}}"))

    found = finding_of(result, "price_jump")
    assert (found.severity, found.checked, found.count) == (Severity.OFF, 0, 0)


def test_the_class_comes_before_the_default() -> None:
    text = "rules: {price_jump: {default: error, US_EQUITY: warning}}"

    assert judged(real("AAPL", "1day"), "AAPL", "1day", standard(text)).status == "passed"
    assert standard(text).policy.digest != Policy().digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules: {price_jumps: {default: off}}", "'price_jumps' is unknown"),
        ("rules: {high_low_order: {default: warning}}", "'high_low_order' is unknown"),
        ("rules: {price_jump: {STOCKS: off}}", "class 'STOCKS' is unknown"),
        ("rules: {price_jump: {FX: loud}}", "'loud' is unknown; expected one of error, warning"),
        ("rules: {price_jump: off}", "no mapping of classes"),
        ("rules: [price_jump]", "no mapping of rule names"),
        ("severities: {}", "one mapping named rules"),
        ("rules: {", "not YAML"),
        ("", "one mapping named rules"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"gate\.yaml") as refused:
        parse_policy(text, "gate.yaml")

    assert words in str(refused.value)


def test_every_choosable_rule_is_one_that_the_gate_tells() -> None:
    result = judged(real("IBM", "1day"), "IBM", "1day")

    told = {finding.rule for finding in result.findings}
    told |= {"overlap_disagreement", "day_disagrees", "week_disagrees"}  # of several series
    assert set(CONFIGURABLE) <= told
