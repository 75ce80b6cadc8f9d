"""An explanation as text."""

from regime_platform_tests.cli.conftest import Regime

LAST = "2013-03-01"


def test_text_shows_rank_rules_and_manifest(on_sample: Regime) -> None:
    ended = on_sample("explain", "AAPL", "1day", LAST)

    assert ended.code == 0
    assert "754 of 795 (753 below, 1 equal, 0 missing) = 0.948428" in ended.out
    assert "label panic risk (not shock): downside shock risk 0.694783 >= 0.65" in ended.out
    assert "compute_manifest.json 1 of 2026-11-20T22:30:00Z" in ended.out
    assert "gives the number stored with it" in ended.out
