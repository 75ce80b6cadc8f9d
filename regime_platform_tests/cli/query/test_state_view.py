"""States of a symbol as a table, and why there is none."""

import json
from pathlib import Path

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


def test_several_symbols_are_a_line_per_timeframe_and_why_it_began(
    on_sample: Regime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list.txt").write_text("ibm # the first\n")
    monkeypatch.setenv("COLUMNS", "80")

    shown = on_sample("state", "IBM", "EURUSD").out
    listed = json.loads(on_sample("state", "--watchlist", "list.txt", "--json").out)
    core = json.loads(
        on_sample("state", "--tier", "core", "--timeframe", "1d", "--timeframe", "1h", "--json").out
    )

    assert max(map(len, shown.splitlines())) == 80
    assert "1day   trending bull  2013-01-24    26  2013-03-01  0.3761 LOW" in shown
    assert "confidence" in shown
    assert "reasons" not in shown
    assert list(listed["symbols"]) == ["IBM"]
    assert [list(states) for states in core["symbols"].values()] == [["1h", "1day"]] * 2


def test_state_and_explain_name_the_rule_that_flipped_and_its_nearest_edge(
    on_sample: Regime,
) -> None:
    why = "after trending bear: downside shock risk 0.62 -> 0.67 (>= 0.65)"

    state = on_sample("state", "AAPL").out
    explained = on_sample("explain", "AAPL", "1day", "2013-03-01").out
    document = json.loads(on_sample("state", "AAPL", "--json").out)["1day"]

    assert f"1day: panic risk since 2013-02-22, {why}; nearest edge downside shock risk" in state
    assert f"  since 2013-02-22T00:00:00Z (6 bars): {why}\n" in explained
    assert "  nearest edge of its rule: downside shock risk 0.69 (>= 0.65)\n" in explained
    (change,) = document["began"]["changes"]
    assert (change["gives"], change["crossings"][0]["edge"]) == ("PANIC_RISK", 0.65)
    assert document["nearest_edge"]["name"] == "downside_shock_risk"
    assert (document["blocked"], document["held_back"]) == ("", "")
