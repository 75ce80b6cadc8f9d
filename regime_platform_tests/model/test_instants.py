"""An instant is written in UTC and read back as it was."""

import datetime as dt

from regime_platform.model.instants import MOST_AHEAD, instant, is_ahead, iso


def test_an_instant_is_written_in_utc_and_read_back() -> None:
    in_tokyo = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=9)))

    assert iso(in_tokyo) == "2026-03-02T00:30:00Z"
    assert instant(iso(in_tokyo)) == in_tokyo


def test_a_small_lead_is_accepted_and_a_larger_one_is_ahead() -> None:
    now = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)

    assert not is_ahead(now + MOST_AHEAD, now)
    assert is_ahead(now + MOST_AHEAD + dt.timedelta(seconds=1), now)
