"""States of a symbol as a table, and why there is none."""

from regime_platform_tests.cli.conftest import Regime


def test_state_shows_regime_since_when_and_reasons(on_sample: Regime) -> None:
    ended = on_sample("state", "msft")

    assert ended.code == 0
    for text in ("MSFT", "1day", "1week", "regime", "since", "confidence", "reasons", "2013-03-01"):
        assert text in ended.out


def test_state_of_a_short_series_explains_why_there_is_none(on_sample: Regime) -> None:
    ended = on_sample("state", "FB")

    assert ended.code == 0
    assert "no timeframe with enough bars" in ended.err
