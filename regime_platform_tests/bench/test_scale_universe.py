"""The invented universe has the size of the real one and reads like it."""

from collections import Counter

import pytest

from regime_platform.model.instruments import WITHOUT_EXCHANGE
from regime_platform.model.markets import MARKETS
from regime_platform.model.universe.universe import parse_universe
from regime_platform_tests.bench.scale_universe import scale_universe


def test_it_has_1565_symbols_in_two_tiers() -> None:
    universe = parse_universe(scale_universe(), "scale.yaml")

    assert len(universe.instruments) == 1565
    assert Counter(instrument.tier for instrument in universe.instruments) == {
        "core": 58,
        "daily": 1507,
    }


def test_it_is_the_same_text_every_time() -> None:
    assert scale_universe() == scale_universe()


@pytest.mark.parametrize(("core", "daily"), [(0, 3), (1, 0), (20, 10)])
def test_its_size_can_be_chosen(core: int, daily: int) -> None:
    universe = parse_universe(scale_universe(core, daily), "scale.yaml")

    assert (len(universe.tier("core")), len(universe.tier("daily"))) == (core, daily)


def test_all_but_the_synthetic_class_occur_and_only_exchanges_have_a_code() -> None:
    instruments = parse_universe(scale_universe(), "scale.yaml").instruments

    assert {instrument.asset_class for instrument in instruments} == set(MARKETS) - {"SYNTHETIC"}
    for instrument in instruments:
        on_exchange = instrument.asset_class not in WITHOUT_EXCHANGE
        assert ("mic_code" in instrument.identity) == on_exchange
