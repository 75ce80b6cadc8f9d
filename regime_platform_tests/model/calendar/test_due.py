"""At a tick those symbols are requested that have a finished bar."""

import datetime as dt

import pytest

from regime_platform.model.calendar.due import is_due

FRIDAY = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)  # New York trades 14:30 to 21:00 UTC
STOCK, FX, CRYPTO = "US_MEGA_CAP", "FX", "CRYPTO"


def _at(hour: int, minute: int, day: int = 0) -> dt.datetime:
    return FRIDAY + dt.timedelta(days=day, hours=hour, minutes=minute)


def _due(asset_class: str, tier: str, at: dt.datetime, minutes: int = 15) -> bool:
    return is_due(asset_class, tier, at - dt.timedelta(minutes=minutes), at)


@pytest.mark.parametrize(
    ("asset_class", "at", "wanted"),
    [
        pytest.param(STOCK, _at(14, 33), False, id="the session has just begun"),
        pytest.param(STOCK, _at(14, 48), True, id="its first bar is over"),
        pytest.param(STOCK, _at(21, 3), True, id="its last bar is over"),
        pytest.param(STOCK, _at(23, 3), False, id="after the close"),
        pytest.param(STOCK, _at(15, 3, day=1), False, id="on a Saturday"),
        pytest.param(STOCK, _at(15, 3, day=6), False, id="on Thanksgiving"),
        pytest.param(STOCK, _at(18, 18, day=7), False, id="after an early close"),
        pytest.param(FX, _at(3, 16), True, id="currencies by night"),
        pytest.param(FX, _at(22, 16), False, id="currencies after Friday 17:00 New York"),
        pytest.param(FX, _at(22, 16, day=2), True, id="currencies from Sunday 17:00 on"),
        pytest.param(CRYPTO, _at(3, 16, day=1), True, id="crypto on a Saturday"),
    ],
)
def test_a_core_symbol_is_due_where_a_bar_of_its_market_is_over(
    asset_class: str, at: dt.datetime, wanted: bool
) -> None:
    assert _due(asset_class, "core", at) is wanted


def test_a_bar_is_requested_only_after_its_source_had_time_to_write_it() -> None:
    assert not is_due(STOCK, "core", _at(15, 1), _at(15, 2))
    assert is_due(STOCK, "core", _at(15, 1), _at(15, 3))
    assert is_due(FX, "core", _at(15, 0), _at(15, 1))


def test_a_daily_symbol_is_due_after_the_close_and_at_the_second_look() -> None:
    assert not _due(STOCK, "daily", _at(20, 30))
    assert is_due(STOCK, "daily", _at(20, 30), _at(22, 30))
    assert is_due(STOCK, "daily", _at(22, 30), _at(3, 0, day=1))  # the second look, at 20:00
    assert not is_due(STOCK, "daily", _at(3, 0, day=1), _at(22, 30, day=2))


def test_what_came_due_without_a_tick_is_due_at_the_next_tick_even_on_a_weekend() -> None:
    assert is_due(STOCK, "core", _at(18, 1), _at(12, 3, day=2))
    assert is_due(STOCK, "core", None, _at(12, 3, day=2))
    assert is_due(STOCK, "daily", _at(0, 0, day=-40), _at(12, 3, day=2))
