"""A universe file by itself, and beside the folders of a data root."""

from pathlib import Path

from regime_platform.operations.universe_check import check_file, check_in_force
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import street


def test_all_problems_of_a_file_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "universe.yaml"
    path.write_text("instruments:\n  - symbol: A\n  - symbol: B\n")

    checked = check_file(path, Settings(), NOW)

    assert checked.universe is None
    assert len(checked.problems) == 2
    assert check_file(tmp_path / "none.yaml", Settings(), NOW).problems


def test_severities_of_unknown_symbols_are_problems(tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA"])
    (settings.data_root / "gate.yaml").write_text("rules: {price_jump: {AAA: off, AAB: off}}")

    (problem,) = check_in_force(settings, NOW).problems

    assert "severity for AAB" in problem
    assert "did you mean AAA" in problem


def test_entries_that_contradict_themselves_or_one_another_are_problems(tmp_path: Path) -> None:
    same = "asset_class: US_EQUITY, tier: daily, source: twelvedata, provider_symbol: '7203'"
    path = tmp_path / "universe.yaml"
    path.write_text(
        "instruments:\n"
        f"  - {{symbol: TOY, name: A, {same}, mic_code: XTKS}}\n"
        f"  - {{symbol: TOYOTA, name: B, {same}, mic_code: XTKS, calendar: XTKS}}\n"
    )

    contradiction, twin = check_file(path, Settings(), NOW).problems

    assert "TOY: mic_code XTKS trades on calendar XTKS, not on XNYS" in contradiction
    assert "TOY and TOYOTA are the same instrument" in twin
    assert (
        check_file(path, Settings(), NOW).universe is not None
    )  # what is stored of them stays reachable


def test_folders_of_symbols_that_are_not_in_the_universe_are_noted(tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA"])
    for symbol in ("AAA", "GONE"):
        (settings.data_root / "assets" / symbol).mkdir(parents=True)

    checked = check_in_force(settings, NOW)

    assert checked.problems == []
    (note,) = checked.notes
    assert "not in the universe: GONE" in note


def test_a_misspelt_venue_is_a_problem_and_a_calendar_that_ends_a_note(tmp_path: Path) -> None:
    path = tmp_path / "universe.yaml"
    coin = "asset_class: CRYPTO, tier: daily, source: ccxt, provider_symbol: BTC/USDT"
    path.write_text(
        "instruments:\n"
        f"  - {{symbol: BTCUSDT, name: A, {coin}, venue: binanc}}\n"
        "  - {symbol: MOUTAI, name: B, asset_class: US_EQUITY, tier: daily, source: files, "
        "calendar: XSHG}\n"
    )

    checked = check_file(path, Settings(), NOW)

    (problem,) = checked.problems
    assert "BTCUSDT: venue 'binanc' is no exchange" in problem
    assert "did you mean binance" in problem
    (note,) = checked.notes
    assert "calendar XSHG known until 2026-12-31" in note
    assert "exchange_calendars" in note
