"""The symbols of a listed run: those listed, by the names of today, or all of its job."""

from pathlib import Path

import pytest

from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.run_scope import (
    ListedConfig,
    listed_instruments,
)
from regime_platform.settings import load_universe
from regime_platform_tests.scenario import street

ENTRY = (
    "instruments:\n"
    "  - {symbol: META, name: Meta, asset_class: US_EQUITY, tier: daily, source: files, "
    "formerly: [FB]}\n"
    "  - {symbol: OAK, name: Oak, asset_class: US_EQUITY, tier: core, source: files}\n"
)


@pytest.fixture
def universe(tmp_path: Path) -> Universe:
    """A renamed daily symbol and a core symbol."""
    settings = street(tmp_path, [])
    (settings.data_root / "universe.yaml").write_text(ENTRY)
    return load_universe(settings)


def test_a_renamed_symbol_is_processed_by_its_name_of_today(universe: Universe) -> None:
    config = ListedConfig(symbols=["fb", "GONE"])

    instruments, unknown = listed_instruments(config, universe, None)

    assert [each.symbol for each in instruments] == ["META"]
    assert unknown == ("GONE",)


def test_an_empty_list_is_the_tier_or_all_symbols(universe: Universe) -> None:
    daily, _ = listed_instruments(ListedConfig(), universe, "daily")
    everything, _ = listed_instruments(ListedConfig(), universe, None)

    assert [each.symbol for each in daily] == ["META"]
    assert {each.symbol for each in everything} == {"META", "OAK"}
