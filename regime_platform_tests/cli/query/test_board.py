"""`regime board` and `regime charts`: rows, order and pages."""

import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from regime_platform.cli.query import charts
from regime_platform.report import page
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


def test_named_symbols_and_ranges_alone_are_shown(regime: Regime, drawn: Settings) -> None:
    board = {
        words: {row["symbol"] for row in json.loads(regime("board", *words.split(), "--json").out)}
        for words in ("BBB", "AAA...BBB", "--tier daily")
    }

    assert board == {"BBB": {"BBB"}, "AAA...BBB": {"AAA", "BBB"}, "--tier daily": {"AAA", "BBB"}}
    assert regime("charts", "AAA...BBB", "--json", settings=drawn).code == 3


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
    run = json.loads(regime("run", "--all", "--charts", "--json", settings=drawn).out)

    assert list(first["pages"]) == ["AAA"]
    assert first["is_written"] == {"AAA": True}
    assert second["is_written"] == run["is_written"] == {"AAA": False}
    assert fingerprint(drawn.data_root) == before


def test_named_symbol_without_results_is_a_problem(regime: Regime, drawn: Settings) -> None:
    both = regime("charts", "AAA", "BBB", settings=drawn)
    alone = regime("charts", "BBB", settings=drawn)

    assert (both.code, alone.code) == (3, 1)
    assert "BBB: no timeframe has enough bars for a state" in alone.err


def test_without_the_charts_libraries_the_extra_is_named(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(page, "version", missing)

    ended = on_sample("charts", "MSFT")

    assert ended.code == on_sample("run", "MSFT", "--charts").code == 1
    assert "error[extra-missing]: altair" in ended.err
    assert "'regime-platform[charts]'" in ended.err


@pytest.mark.parametrize("name", ["altair", "vl_convert"])
def test_a_charts_library_that_cannot_be_imported_is_no_damage_of_a_symbol(
    on_sample: Regime, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def missing(*_: object) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(charts, "symbol_page", missing)

    ended = on_sample("charts", "MSFT")

    assert ended.code == 1
    assert f"error[extra-missing]: {name}" in ended.err
    assert "looks for damage" not in ended.err
