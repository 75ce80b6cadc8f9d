"""When bars are due for their second look, by class and timeframe."""

import datetime as dt

import pytest

from regime_platform.model.calendar.second_look import second_look_bound
from regime_platform.model.calendar.sessions import last_finished

THURSDAY = dt.datetime(2026, 11, 19, tzinfo=dt.UTC)


def at(text: str) -> dt.datetime:
    """A time of that Thursday or, with a date, of another day; UTC."""
    given = text if "-" in text else f"2026-11-19 {text}"
    return dt.datetime.fromisoformat(given).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("asset_class", "timeframe", "before", "after", "newest"),
    [
        # New York closes at 21:00 UTC in November: four hours on, the day is looked at again
        ("US_EQUITY", "1day", "2026-11-20 00:59", "2026-11-20 01:00", "00:00"),
        ("US_EQUITY", "15min", "2026-11-20 00:59", "2026-11-20 01:00", "20:45"),
        ("US_EQUITY", "1week", "2026-11-21 00:59", "2026-11-21 01:00", "2026-11-16 00:00"),
        ("FX", "1day", "22:59", "23:00", "00:00"),
        ("FX", "1h", "22:59", "23:00", "21:00"),
        ("CRYPTO", "1day", "2026-11-20 00:59", "2026-11-20 01:00", "00:00"),
        ("CRYPTO", "4h", "2026-11-20 00:59", "2026-11-20 01:00", "20:00"),
    ],
)
def test_the_second_look_is_due_a_while_after_the_close(
    asset_class: str, timeframe: str, before: str, after: str, newest: str
) -> None:
    early = second_look_bound(at(before), timeframe, asset_class)
    late = second_look_bound(at(after), timeframe, asset_class)

    assert early <= at(newest) < late


@pytest.mark.parametrize("asset_class", ["US_EQUITY", "FX", "CRYPTO"])
@pytest.mark.parametrize("timeframe", ["15min", "4h", "1day", "1week"])
def test_no_bar_has_its_second_look_before_its_first_and_bounds_never_go_back(
    asset_class: str, timeframe: str
) -> None:
    moments = [THURSDAY + dt.timedelta(minutes=37 * step) for step in range(400)]
    looks = [second_look_bound(moment, timeframe, asset_class) for moment in moments]

    assert looks == sorted(looks)
    assert all(
        look <= last_finished(moment, timeframe, asset_class)
        for look, moment in zip(looks, moments, strict=True)
    )
