"""`regime board` and `regime charts`: rows, order and pages."""

import json
from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint, serve, street


def test_the_board_has_a_row_per_symbol_and_timeframe(on_sample: Regime) -> None:
    rows = json.loads(on_sample("board", "--json").out)

    assert [(row["symbol"], row["timeframe"]) for row in rows][-2:] == [
        ("MSFT", "1day"),
        ("MSFT", "1week"),
    ]
    assert rows[0]["symbol"] == "EURUSD"


def test_the_board_is_sorted_by_escalation_with_the_unknown_last(on_sample: Regime) -> None:
    rows = json.loads(on_sample("board", "--sort", "escalation", "--tier", "daily", "--json").out)

    known = [row["esc_pctl"] for row in rows if row["esc_pctl"] is not None]
    assert known == sorted(known, reverse=True)
    assert rows[-1]["esc_pctl"] is None


def test_board_fits_into_80_columns(on_sample: Regime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    printed = on_sample("board").out

    assert max(map(len, printed.splitlines())) <= 80
    assert "trending bull" in printed


def test_empty_board_names_the_command_that_fills_it(regime: Regime) -> None:
    ended = regime("board")

    assert ended.code == 0
    assert "regime run --all" in ended.err


@pytest.fixture
def drawn(regime: Regime, tmp_path: Path) -> Settings:
    """AAA has results, BBB has too few bars for any."""
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", make_bars(420))
    serve(settings, "BBB", "1day", make_bars(120))
    regime("run", "--all", settings=settings)
    return settings


def test_pages_are_written_for_symbols_with_results_and_only_once(
    regime: Regime, drawn: Settings
) -> None:
    first = json.loads(regime("charts", "--json", settings=drawn).out)
    before = fingerprint(drawn.data_root)

    second = json.loads(regime("charts", "--json", settings=drawn).out)

    assert list(first["pages"]) == ["AAA"]
    assert (first["is_written"], second["is_written"]) == ({"AAA": True}, {"AAA": False})
    assert fingerprint(drawn.data_root) == before


def test_named_symbol_without_results_is_a_problem(regime: Regime, drawn: Settings) -> None:
    both = regime("charts", "AAA", "BBB", settings=drawn)
    alone = regime("charts", "BBB", settings=drawn)

    assert (both.code, alone.code) == (3, 1)
    assert "BBB: no timeframe has enough bars for a state" in alone.err
