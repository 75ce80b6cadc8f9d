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


def test_folders_of_symbols_that_are_not_in_the_universe_are_noted(tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA"])
    for symbol in ("AAA", "GONE"):
        (settings.data_root / "assets" / symbol).mkdir(parents=True)

    checked = check_in_force(settings)

    assert checked.problems == []
    (note,) = checked.notes
    assert "not in the universe: GONE" in note
