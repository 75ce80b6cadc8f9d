"""Era classes, era sets and the era file of the legacy engine."""

import datetime as dt

import pytest

from regime_platform.compute.eras import eras
from regime_platform.compute.eras.eras import (
    ERA_CLASSES,
    FALLBACK_ERAS,
    FIXED_ERAS,
    OPEN_END,
    OPEN_START,
    Era,
    EraSet,
    era_class,
    legacy_eras,
    midnight_us,
    tiling_eras,
)
from regime_platform.errors import ConfigError
from regime_platform.model.markets import MARKETS
from regime_platform_tests.error_codes import raises

HEADER = "asset_class,benchmark,era_index,start_date,end_date\n"
TODAY = dt.date(2026, 1, 1)


@pytest.mark.parametrize(
    ("symbol", "asset_class", "name"),
    [
        ("spy", None, "EQUITIES_US"),
        ("TLT", "FIXED_INCOME", "RATES_LONG"),
        ("AGG", "FIXED_INCOME", "RATES_INTERMEDIATE"),
        ("AGG", "Fixed Income", "RATES_INTERMEDIATE"),
        ("MSFT", "US_MEGA_CAP", "EQUITIES_US"),
        ("NZDUSD", "FX", "FX_MAJORS"),
        ("XPTUSD", "Commodities", "COMMODITIES_METALS"),
        ("NATGAS", "COMMODITY_ENERGY", "COMMODITIES_ENERGY"),
        ("DOGEUSD", "CRYPTO", "CRYPTO"),
        ("EURUSD", "no such class", "FX_MAJORS"),
        ("WALK", "SYNTHETIC", None),
        ("QUIRKA", None, None),
    ],
)
def test_a_symbol_follows_its_own_entry_before_its_asset_class(
    symbol: str, asset_class: str | None, name: str | None
) -> None:
    decided = era_class(symbol, asset_class)

    assert decided.name == name
    assert decided.reason


def test_an_unknown_asset_class_is_refused() -> None:
    with raises(ConfigError, "no-era-class", match=r"OPTIONS.*expected one of US_EQUITY"):
        era_class("XYZ", "OPTIONS")


def test_every_asset_class_has_its_eras() -> None:
    assert set(eras.CLASS_OF_ASSET_CLASS) == set(MARKETS)
    assert set(eras.CLASS_OF_ASSET_CLASS.values()) - {None} <= set(ERA_CLASSES)


def test_the_fixed_eras_change_in_2010_and_2020_for_every_class() -> None:
    first, second = midnight_us(dt.date(2010, 1, 1)), midnight_us(dt.date(2020, 1, 1))

    assert (
        Era(0, OPEN_START, first),
        Era(1, first, second),
        Era(2, second, OPEN_END),
    ) == FIXED_ERAS
    assert set(FALLBACK_ERAS.by_class) == set(ERA_CLASSES)
    assert set(FALLBACK_ERAS.by_class.values()) == {FIXED_ERAS}


def test_a_date_is_its_midnight_and_a_zone_is_honoured() -> None:
    east = dt.timezone(dt.timedelta(hours=2))

    assert midnight_us(dt.date(1970, 1, 2)) == 86_400_000_000
    assert midnight_us(dt.datetime(1970, 1, 1, 0, 0, 1, 5)) == 1_000_005  # noqa: DTZ001
    assert midnight_us(dt.datetime(1970, 1, 1, 3, tzinfo=east)) == 3_600_000_000


@pytest.mark.parametrize(
    "broken",
    [
        (),
        (Era(0, 0, OPEN_END),),
        (Era(0, OPEN_START, 0),),
        (Era(0, OPEN_START, 5), Era(1, 6, OPEN_END)),
        (Era(0, OPEN_START, 6), Era(1, 5, OPEN_END)),
        (Era(0, OPEN_START, 5), Era(1, 5, 5), Era(2, 5, OPEN_END)),
    ],
    ids=["none", "closed start", "closed end", "gap", "overlap", "empty"],
)
def test_eras_that_do_not_tile_the_time_line_are_refused(broken: tuple[Era, ...]) -> None:
    with raises(ConfigError, "eras-not-tiling", match="CRYPTO"):
        EraSet("broken", TODAY, {"CRYPTO": broken})


def test_an_unknown_class_in_an_era_set_is_refused() -> None:
    with raises(ConfigError, "unknown-era-class", match="FX_USD_PROXY"):
        EraSet("odd", TODAY, {"FX_USD_PROXY": FIXED_ERAS})


def test_a_class_without_eras_falls_back_and_says_so() -> None:
    bitcoin = tiling_eras((dt.date(2018, 1, 1),))
    one_class = EraSet("v7", TODAY, {"CRYPTO": bitcoin})

    own = one_class.choose(era_class("BTCUSD", "CRYPTO"))
    other = one_class.choose(era_class("SPY", None))
    none = one_class.choose(era_class("WALK", "SYNTHETIC"))

    assert (own.eras, own.version) == (bitcoin, "v7")
    assert (other.eras, other.version) == (FIXED_ERAS, "fixed-1")
    assert "v7 has no EQUITIES_US" in other.reason
    assert (none.eras, none.reason) == (FIXED_ERAS, "asset class SYNTHETIC: fixed eras")


def test_an_era_file_is_taken_over_in_index_order_with_its_gaps_and_aliases() -> None:
    text = HEADER + (
        "FX,E,1,2010-01-05,2012-01-01\nFX_MAJORS,E,0,2000-01-01,2010-01-04\n"
        "CRYPTO,B,0,2014-01-01,2015-01-01\n"
    )

    eras_found = legacy_eras(text, "FX_MAJORS")

    assert [era.index for era in eras_found] == [0, 1]
    assert eras_found[0].end_us == midnight_us(dt.date(2010, 1, 4))
    assert eras_found[1].start_us == midnight_us(dt.date(2010, 1, 5))
    assert legacy_eras(text, "RATES_LONG") == ()


@pytest.mark.parametrize(
    ("text", "code", "culprit"),
    [
        ("asset_class,start_date\n", "era-file-columns", "end_date, era_index"),
        (HEADER + "CRYPTO,B,0,2014-01-01,soon\n", "era-file-values", "line 2"),
        (HEADER + "CRYPTO,B,x,2014-01-01,2015-01-01\n", "era-file-values", "line 2"),
        (HEADER + "CRYPTO,B,0\n", "era-file-values", "line 2"),
    ],
)
def test_a_broken_era_file_is_refused(text: str, code: str, culprit: str) -> None:
    with raises(ConfigError, code, match=culprit):
        legacy_eras(text, "CRYPTO")
