"""Clocks differ by a little; only more than that is ahead."""

import datetime as dt

from regime_platform.model.clock import MOST_AHEAD, is_ahead


def test_a_small_lead_is_accepted_and_a_larger_one_is_ahead() -> None:
    now = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)

    assert not is_ahead(now + MOST_AHEAD, now)
    assert is_ahead(now + MOST_AHEAD + dt.timedelta(seconds=1), now)
