"""Bars outside the listing dates of source and universe are reported as warnings."""

from datetime import timedelta

import pytest

from regime_platform.model.instants import iso
from regime_platform.model.markets import MARKETS
from regime_platform.validation.findings import Severity, ValidationFinding
from regime_platform.validation.gate import BLOCKED, PASSED, GateResult, gate
from regime_platform.validation.overrides import Override, OverrideKind
from regime_platform.validation.policy import Policy, ValidationContext, parse_policy
from regime_platform.validation.rules.bar import UNLISTED, Listed
from regime_platform_tests.builders import fetched, make_bars

RULE = "outside_listing"


def _validated(
    listed: Listed, timeframe: str = "1day", policy: Policy | None = None, *accepted: Override
) -> GateResult:
    """250 good bars from Monday 2012-01-02 on; listed at another timeframe not at all."""
    rows = fetched(make_bars(250, timeframe))
    context = ValidationContext(policy or Policy(), accepted, {timeframe: listed})
    return gate(rows, timeframe=timeframe, market=MARKETS["US_EQUITY"], context=context)


def _listing_finding(result: GateResult) -> ValidationFinding:
    return next(finding for finding in result.findings if finding.rule == RULE)


def test_a_bar_before_the_first_of_its_source_is_a_warning_that_names_the_date() -> None:
    result = _validated(Listed(first="2012-01-04"))

    finding = _listing_finding(result)
    assert (finding.severity, finding.checked, finding.count) == (Severity.WARNING, 250, 2)
    assert finding.examples[0] == (
        "2012-01-02 opens before 2012-01-04, the first bar that its source has"
    )
    assert "exclude the bar" in finding.remedy
    assert (result.status, result.valid.height) == (PASSED, 250)


def test_a_bar_after_the_delisting_is_a_warning_and_one_of_that_day_is_none() -> None:
    last = make_bars(250)["ts"][-1].date()

    after, on_the_day = (
        _validated(Listed(last=(last - timedelta(days=days)).isoformat())) for days in (1, 0)
    )

    assert _listing_finding(after).count == 1
    assert "when it was delisted" in _listing_finding(after).examples[0]
    assert _listing_finding(on_the_day).count == 0


@pytest.mark.parametrize(("timeframe", "early"), [("15min", 96), ("1h", 24), ("1week", 1)])
def test_dates_are_those_of_the_opens_whatever_the_timeframe(timeframe: str, early: int) -> None:
    assert _listing_finding(_validated(Listed(first="2012-01-03"), timeframe)).count == early


def test_without_listing_dates_the_rule_is_not_applied() -> None:
    finding = _listing_finding(_validated(UNLISTED))

    assert (finding.checked, finding.count) == (0, 0)


def test_such_a_bar_can_be_accepted_or_made_to_block() -> None:
    listed = Listed(first="2012-01-03")
    opens = iso(make_bars(1)["ts"][0])
    kept = Override(
        id=1,
        kind=OverrideKind.ACCEPT,
        timeframe="1day",
        ts=opens,
        reason="older source",
        by="ann",
        at=opens,
        rule=RULE,
    )
    strict = parse_policy("rules: {outside_listing: {US_EQUITY: error}}", "gate.yaml")

    assert _listing_finding(_validated(listed, "1day", None, kept)).accepted == 1
    blocked = _validated(listed, "1day", strict)
    assert blocked.status == BLOCKED
    assert blocked.rejected["rule"].to_list() == [RULE]
