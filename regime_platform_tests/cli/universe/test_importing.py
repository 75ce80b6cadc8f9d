"""`regime universe import`: what is imported, refused and kept."""

import json
from pathlib import Path

import pytest

from regime_platform.settings import Settings, load_universe
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.cli.universe.universes import ASSETS
from regime_platform_tests.scenario import fingerprint


@pytest.fixture
def legacy_universe(tmp_path: Path) -> Path:
    """universe.json of the engine that this platform replaces."""
    file = tmp_path / "universe.json"
    rows = [{**asset, "name": "", "exchange": "", "update_frequency": "15min"} for asset in ASSETS]
    file.write_text(json.dumps(rows, indent=1))
    return file


def test_universe_of_the_legacy_engine_is_imported_where_it_is_unambiguous(
    regime: Regime, own: Settings, legacy_universe: Path
) -> None:
    ended = regime("universe", "import", str(legacy_universe), settings=own)

    assert ended.code == 3
    rows = [line.split()[:3] for line in ended.out.splitlines()[2:]]
    assert rows == [["2", "SPY", "refused"], ["10", "USDJPY", "new"]]
    assert "give --listings or --mic-code" in ended.out
    assert "USD/JPY are two currencies: FX" in ended.out
    assert load_universe(own).symbols == ("USDJPY", "AAA", "BBB")

    again = regime("universe", "import", str(legacy_universe), "--mic-code", "ARCX", "--json")

    facts = json.loads(again.out)
    assert again.code == 0
    assert [line["status"] for line in facts["lines"]] == ["new", "held"]
    assert [entry["symbol"] for entry in facts["added"]] == ["SPY"]


def test_import_of_only_ambiguous_lines_ends_with_1_and_writes_nothing(
    regime: Regime, own: Settings, tmp_path: Path
) -> None:
    before, listed = fingerprint(own.data_root), tmp_path / "core.txt"
    listed.write_text("IBM MSFT\n")

    ended = regime("universe", "import", str(listed), settings=own)

    assert ended.code == 1
    assert "asset_class, tier, source missing" in ended.out
    written = fingerprint(own.data_root)
    assert {name: text for name, text in written.items() if name != ".universe.lock"} == before


def test_import_may_replace_the_universe_and_keeps_delistings(
    regime: Regime, own: Settings, tmp_path: Path
) -> None:
    listed = tmp_path / "core.txt"
    listed.write_text("AAA NEW\n")
    options = ("--class", "US_EQUITY", "--tier", "daily", "--source", "files", "--replace")
    regime("universe", "delist", "AAA", "--since", "2020-01-31", settings=own)

    ended = regime("universe", "import", str(listed), *options)

    universe = load_universe(own)
    assert ended.code == 0
    assert universe.symbols == ("AAA", "NEW")
    assert universe.instrument("AAA").delisted == "2020-01-31"
