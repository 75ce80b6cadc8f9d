"""A universe file by itself, and beside the folders of a data root."""

from pathlib import Path

from regime_platform.operations.universe_check import check_file, check_in_force
from regime_platform_tests.scenario import street


def test_all_problems_of_a_file_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "universe.yaml"
    path.write_text("instruments:\n  - symbol: A\n  - symbol: B\n")

    checked = check_file(path)

    assert checked.universe is None
    assert len(checked.problems) == 2
    assert check_file(tmp_path / "none.yaml").problems


def test_severities_of_unknown_symbols_are_problems(tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA"])
    (settings.data_root / "gate.yaml").write_text("rules: {price_jump: {AAA: off, AAB: off}}")

    (problem,) = check_in_force(settings).problems

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

    contradiction, twin = check_file(path).problems

    assert "TOY: mic_code XTKS trades on calendar XTKS, not on XNYS" in contradiction
    assert "TOY and TOYOTA are the same instrument" in twin
    assert check_file(path).universe is not None  # what is stored of them stays reachable


def test_folders_of_symbols_that_are_not_in_the_universe_are_noted(tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA"])
    for symbol in ("AAA", "GONE"):
        (settings.data_root / "assets" / symbol).mkdir(parents=True)

    checked = check_in_force(settings)

    assert checked.problems == []
    (note,) = checked.notes
    assert "not in the universe: GONE" in note
