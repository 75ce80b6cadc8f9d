"""The credits of the vendor's key and its clock, for `regime status` and `regime doctor`."""

import datetime as dt
import time

from regime_platform.errors import RegimeError
from regime_platform.model.instants import MOST_AHEAD
from regime_platform.orchestration.status.check import Check
from regime_platform.settings import Settings
from regime_platform.sources.credits import CreditBudget, Limits, budget_file, doubt_of_key
from regime_platform.sources.server_clock import SET_CLOCK

_CLOSE = 60.0  # seconds by which two clocks may differ without a remark


def credit_checks(settings: Settings, now: dt.datetime) -> list[Check]:
    """The credits spent so far; spends none and creates no file."""
    if settings.twelvedata_api_key is None:
        return [Check("credits", "note", "no key", "set TWELVEDATA_API_KEY to use the vendor")]

    key = settings.twelvedata_api_key.get_secret_value().strip()
    if (doubt := doubt_of_key(key)) is not None:
        return [Check("key", "note", doubt), *_spent(settings, key, now)]
    return _spent(settings, key, now)


def _spent(settings: Settings, key: str, now: dt.datetime) -> list[Check]:
    file = budget_file(settings.credits_folder, settings.twelvedata_url, key)
    if not file.exists():
        return [Check("credits", "ok", "none spent yet", f"counted in {file.parent}")]
    limits = Limits(settings.credits_per_minute, settings.credits_per_day)
    budget = CreditBudget(file, limits, time.time, time.sleep)
    try:
        spent, offset = budget.spent(now.date()), budget.reported("clock_offset")
    except RegimeError as error:
        return [Check("credits", "error", str(error))]
    day = f"{spent.day_used:,}" + (f" of {spent.day_limit:,}" if spent.day_limit else "")
    facts = {"used_today": spent.day_used, "a_day": spent.day_limit, "a_minute": spent.minute_limit}
    text = f"{day} today, {spent.minute_limit:,} a minute"
    used = Check("credits", "ok", text, f"counted in {file}", facts=facts)
    return [used, *([] if offset is None else [_clock(float(offset))])]


def _clock(ahead: float) -> Check:
    """The offset of this machine's clock, seen in the last answer of the vendor."""
    word = "ahead of" if ahead > 0 else "behind"
    detail = f"{abs(ahead):,.0f} s {word} the vendor's clock at its last answer"
    if abs(ahead) <= _CLOSE:
        return Check("clock", "ok", detail)
    is_refused = ahead > MOST_AHEAD.total_seconds()
    return Check("clock", "error" if is_refused else "note", detail, SET_CLOCK)
