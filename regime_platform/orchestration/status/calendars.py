"""The row of `regime status` and `regime doctor` about calendars that end."""

import datetime as dt

from regime_platform.model.calendar.ends import REMEDY, calendar_ends
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.status.check import Check


def calendar_checks(universe: Universe, now: dt.datetime) -> list[Check]:
    """A note on calendars that end within 90 days, an error on those that have ended."""
    used = {each.market.calendar for each in universe.instruments if each.is_updating}
    ends = list(calendar_ends(used, now))
    if not ends:
        return []
    is_over = any(end.is_over for end in ends)
    facts = {end.calendar: str(end.until) for end in ends}
    detail = "; ".join(map(str, ends))
    return [Check("calendar ends", "error" if is_over else "note", detail, REMEDY, facts=facts)]
