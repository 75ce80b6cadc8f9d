"""Partitions are the symbols in universe order; a range stands for exactly the symbols in it."""

from pathlib import Path

from regime_platform.orchestration.partitions import range_tags, symbol_groups
from regime_platform.settings import load_universe
from regime_platform_tests.scenario import street


def test_only_an_unbroken_range_is_tagged_as_one(tmp_path: Path) -> None:
    universe = load_universe(street(tmp_path, ["A", "B", "C", "D"]))

    assert range_tags(["C", "B"], universe) == {
        "dagster/asset_partition_range_start": "B",
        "dagster/asset_partition_range_end": "C",
    }
    assert range_tags(["A", "C"], universe) == {}
    assert range_tags([], universe) == {}


def test_groups_are_tiers_and_first_letters_of_the_daily_tier(tmp_path: Path) -> None:
    universe = load_universe(street(tmp_path, ["ASH", "ALDER", "BIRCH"]))

    assert symbol_groups(universe) == {
        "daily": ["ALDER", "ASH", "BIRCH"],
        "A": ["ALDER", "ASH"],
        "B": ["BIRCH"],
    }
