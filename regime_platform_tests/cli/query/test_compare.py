"""`regime compare` shows states side by side, agreement and lead, in words and as JSON."""

import json

import pytest

from regime_platform_tests.cli.conftest import Regime


def test_comparison_is_shown_in_80_columns_and_as_json(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    words = ("compare", "AAPL", "MSFT", "EURUSD", "--since", "2005-01-01")

    shown, as_json = on_sample(*words), on_sample(*words, "--json")
    weekly = on_sample("compare", "AAPL", "IBM", "--timeframe", "1week").out

    assert (shown.code, as_json.code) == (0, 0)
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 80
    assert "AAPL    transition     2013-01-28     5  0.994 HIGH*" in weekly
    assert "* immature: ranked on too few bars" in weekly
    assert "AAPL and EURUSD have no common bar" in shown.out
    assert "AAPL MSFT, regime: " in shown.out
    document = json.loads(as_json.out)
    assert [row["symbol"] for row in document["latest"]] == ["AAPL", "MSFT", "EURUSD"]
    assert (document["timeframe"], document["common_bars"]) == ("1day", 0)
    assert document["pairs"][0]["first_ts"].startswith("2005-01-0")


def test_faults_name_the_remedy(on_sample: Regime) -> None:
    alone, unknown = on_sample("compare", "AAPL"), on_sample("compare", "AAPL", "APPL")
    time = on_sample("compare", "AAPL", "IBM", "--since", "x")
    short = on_sample("compare", "AAPL", "FB")
    others = on_sample("compare", "AAPL", "FB", "IBM")

    assert (alone.code, unknown.code, short.code, others.code) == (2, 2, 1, 3)
    assert "error[no-states]: FB has too few 1day bars" in short.err
    assert "`regime state FB` counts them" in others.err
    assert "AAPL IBM, regime:" in others.out
    assert "error[bad-time]: --since 'x'" in time.err
    assert "error[too-few-symbols]" in alone.err
    assert "did you mean AAPL?" in unknown.err
