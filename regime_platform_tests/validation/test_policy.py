"""Severities are configured: checked on load and applied by the gate."""

import pytest

from regime_platform.errors import ConfigError
from regime_platform.validation.findings import Severity
from regime_platform.validation.policy import CONFIGURABLE, Policy, ValidationContext, parse_policy
from regime_platform_tests.error_codes import raises
from regime_platform_tests.validation.real_bars import changed, finding_of, real, times, validated


def context(text: str) -> ValidationContext:
    return ValidationContext(parse_policy(text, "gate.yaml"))


def test_an_error_rejects_the_bar_and_blocks_the_series() -> None:
    rows = changed(real("IBM", "1day"), 1500, **times(8.0, "high"))

    result = validated(rows, "IBM", "1day", context("rules: {wide_range: {default: error}}"))

    assert result.status == "blocked"
    assert result.rejected["ts"].to_list() == [rows["ts"][1500]]
    assert result.rejected["rule"].to_list() == ["wide_range"]
    assert "x the usual range" in result.rejected["reason"][0]
    assert result.valid.height + result.rejected.height == rows.height


def test_a_gap_blocks_only_where_that_is_configured() -> None:
    rows = real("IBM", "1day")
    holed = rows[[*range(700), *range(701, 3270)]]

    plain = validated(holed, "IBM", "1day")
    strict = validated(holed, "IBM", "1day", context("rules: {missing_sessions: {default: error}}"))

    assert plain.status == "passed"
    assert strict.status == "blocked"
    assert strict.valid.equals(holed)  # no bar that is there is at fault


def test_a_rule_switched_off_is_reported_and_finds_nothing() -> None:
    rows = real("AAPL", "1day")

    result = validated(rows, "AAPL", "1day", context("rules: {price_jump: {default: off}}"))

    finding = finding_of(result, "price_jump")
    assert (finding.severity, finding.checked, finding.count) == (Severity.OFF, 0, 0)


def test_the_class_comes_before_the_default() -> None:
    text = "rules: {price_jump: {default: error, US_EQUITY: warning}}"

    assert validated(real("AAPL", "1day"), "AAPL", "1day", context(text)).status == "passed"
    assert context(text).policy.digest != Policy().digest


def test_the_symbol_comes_before_its_class() -> None:
    text = "rules: {price_jump: {default: error, US_EQUITY: off, AAPL: warning, FXE: off}}"
    rows, policy = real("AAPL", "1day"), parse_policy(text, "gate.yaml")

    severities = {
        symbol: finding_of(
            validated(rows, "AAPL", "1day", ValidationContext(policy, symbol=symbol)), "price_jump"
        ).severity
        for symbol in ("AAPL", "IBM")
    }

    assert severities == {"AAPL": Severity.WARNING, "IBM": Severity.OFF}
    assert policy.symbols == {"AAPL", "FXE"}


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("rules: {price_jumps: {default: off}}", "rule 'price_jumps' is unknown"),
        ("rules: {high_low_order: {default: warning}}", "rule 'high_low_order' is unknown"),
        ("rules: {price_jump: {stocks: off}}", "class or symbol 'stocks' is unknown"),
        ("rules: {price_jump: {US_EQUTY: off}}", "class 'US_EQUTY' is unknown.*US_EQUITY"),
        ("rules: {price_jump: {1: off}}", "class or symbol 1 is unknown"),
        ("rules: {price_jump: {FX: loud}}", "'loud' is unknown; expected one of error, warning"),
        ("rules: {price_jump: off}", "price_jump is no mapping of classes"),
        ("rules: [price_jump]", "rules is no mapping of rule names"),
        ("severities: {}", "one mapping named rules"),
        ("limits: {calendar_misfit: 5}", "limits is .* expected a share"),
        ("limits: {price_jump: 0.1}", "limits is .* expected a share"),
        ("limits: 0.1", "limits is 0.1; expected a share"),
        ("rules: {", "is not YAML"),
        ("", "one mapping named rules"),
    ],
)
def test_an_unknown_word_is_refused_with_its_place(text: str, culprit: str) -> None:
    with raises(ConfigError, "gate-policy-invalid", match=rf"gate\.yaml.*{culprit}"):
        parse_policy(text, "gate.yaml")


def test_the_gate_reports_every_configurable_rule() -> None:
    result = validated(real("IBM", "1day"), "IBM", "1day")

    reported = {finding.rule for finding in result.findings}
    reported |= {"overlap_disagreement", "day_disagrees", "week_disagrees"}  # of several series
    reported |= {"bar_disagrees", "source_lost_bars", "no_bars", "too_few_bars"}
    assert set(CONFIGURABLE) <= reported
