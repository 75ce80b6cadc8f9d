"""States of a symbol as a table, and why there is none."""

import pytest

from regime_platform_tests.cli.conftest import Regime


def test_state_shows_regime_since_when_and_reasons(on_sample: Regime) -> None:
    ended = on_sample("state", "msft")

    assert ended.code == 0
    for text in ("MSFT", "1day", "1week", "regime", "since", "confidence", "reasons", "2013-03-01"):
        assert text in ended.out


def test_metrics_of_a_direction_have_a_sign(on_sample: Regime) -> None:
    ended = on_sample("state", "ibm", "--timeframe", "1day")

    signed = ("market bias", "structure", "momentum", "asymmetry")
    lines = [line for line in ended.out.splitlines() if line.startswith(signed)]
    assert [line.split()[-1][0] in "+-" for line in lines] == [True] * 4
    assert "+" in "".join(lines)


def test_reasons_break_between_words_and_stay_indented(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    lines = on_sample("state", "ibm").out.splitlines()

    reasons = lines[lines.index("reasons") + 1 :]
    assert len(reasons) > 4
    assert all(line.startswith("  ") and len(line) <= 60 for line in reasons)


def test_state_of_a_short_series_explains_why_there_is_none(on_sample: Regime) -> None:
    ended = on_sample("state", "FB")

    assert ended.code == 0
    assert "no timeframe with enough bars" in ended.err
    assert "bars; state needs 200" in ended.err
