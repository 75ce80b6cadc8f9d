"""The checks of `regime doctor` about the vendor: what is spent, and what only it can tell."""

import datetime as dt
import time
from dataclasses import asdict

from regime_platform.bars.layout import DataRoot
from regime_platform.cli.health import Finding
from regime_platform.errors import ConfigError, RegimeError
from regime_platform.files import write_json
from regime_platform.model.series import iso
from regime_platform.settings import Settings

_CLOSE = 60.0  # seconds by which two clocks may differ without a remark


def credit_findings(settings: Settings, now: dt.datetime) -> list[Finding]:
    """What of the vendor's credits is spent; counts nothing and makes no file."""
    if settings.twelvedata_api_key is None:
        return [Finding("credits", "note", "no key", "set TWELVEDATA_API_KEY to use the vendor")]
    from regime_platform.sources.registry import doubt_of_key

    key = settings.twelvedata_api_key.get_secret_value().strip()
    if (doubt := doubt_of_key(key)) is not None:
        return [Finding("key", "note", doubt), *_spent(settings, key, now)]
    return _spent(settings, key, now)


def _spent(settings: Settings, key: str, now: dt.datetime) -> list[Finding]:
    from regime_platform.sources.credits import CreditBudget, Limits, budget_file

    file = budget_file(settings.credits_folder, settings.twelvedata_url, key)
    if not file.exists():
        return [Finding("credits", "ok", f"none spent yet; to be counted in {file.parent}")]
    limits = Limits(settings.credits_per_minute, settings.credits_per_day)
    budget = CreditBudget(file, limits, time.time, time.sleep)
    try:
        spent, offset = budget.spent(now.date()), budget.told("clock_offset")
    except RegimeError as error:
        return [Finding("credits", "wrong", str(error))]
    day = f"{spent.day_used} today" + (f" of {spent.day_limit}" if spent.day_limit else "")
    credit = Finding("credits", "ok", f"{spent.minute_limit} a minute, {day}; counted in {file}")
    return [credit, *([] if offset is None else [_clock(float(offset))])]


def _clock(ahead: float) -> Finding:
    """What the last answer of the vendor showed of this machine's clock."""
    from regime_platform.model.clock import MOST_AHEAD
    from regime_platform.sources.vendor_clock import SET_CLOCK

    word = "ahead of" if ahead > 0 else "behind"
    detail = f"{abs(ahead):,.0f} s {word} the vendor's when it answered last"
    if abs(ahead) <= _CLOSE:
        return Finding("clock", "ok", detail)
    is_refused = ahead > MOST_AHEAD.total_seconds()
    return Finding("clock", "wrong" if is_refused else "note", detail, SET_CLOCK)


def live_findings(settings: Settings, now: dt.datetime) -> list[Finding]:
    """Asks the vendor what only it can tell, and keeps the answers in the data root.

    Raises:
        ConfigError: there is no key.
        CredentialsError: it is refused.
    """
    from regime_platform.sources.registry import build_sources
    from regime_platform.sources.twelvedata import TwelveDataSource
    from regime_platform.sources.twelvedata_probe import probe

    source = build_sources(settings)["twelvedata"]
    if not isinstance(source, TwelveDataSource):
        raise ConfigError("source twelvedata is not the vendor's; nothing to ask")
    learned = probe(source.client, now)
    target = DataRoot(settings.data_root.expanduser().absolute()).vendor_answers
    write_json(target, {"asked_at": iso(now), "answers": [asdict(one) for one in learned]})
    return [
        *(Finding(f"vendor: {one.question}", _status(one.answer), one.answer) for one in learned),
        Finding("vendor answers", "ok", f"kept in {target}"),
    ]


def _status(answer: str) -> str:
    return "note" if answer.startswith("not told") else "ok"
