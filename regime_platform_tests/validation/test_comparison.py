"""Findings of several fetches, or several timeframes, of one symbol."""

from regime_platform.model.markets import MARKETS
from regime_platform.validation.rules.comparison import overlap
from regime_platform_tests.validation.real_bars import finding_of, together
from regime_platform_tests.validation.rules.test_comparison import fetches


def test_the_disagreement_becomes_a_finding_with_both_prices() -> None:
    raw, rows = fetches(0.5, 495)
    overlaps = {"1day": overlap(raw, rows, "1day", MARKETS["US_EQUITY"])}

    finding = finding_of(together("IBM", {"1day": rows}, overlaps)["1day"], "overlap_disagreement")

    assert (finding.count, finding.checked) == (5, 5)
    assert " was " in finding.examples[0]
    assert " when fetched before" in finding.examples[0]
