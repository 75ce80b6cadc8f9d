"""charts: which pages are written and what the command says of those that are not."""

import json
from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint, serve, street


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


def test_a_symbol_named_without_results_is_a_problem(regime: Regime, drawn: Settings) -> None:
    both = regime("charts", "AAA", "BBB", settings=drawn)
    alone = regime("charts", "BBB", settings=drawn)

    assert (both.code, alone.code) == (3, 1)
    assert "BBB: no timeframe has enough bars for a state" in alone.err
