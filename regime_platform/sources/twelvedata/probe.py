"""Measures the behaviour of the live Twelve Data API, for `regime doctor --live`.

The platform is correct for every outcome; the answers show where fewer requests would do.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.errors import CredentialsError, RegimeError
from regime_platform.model.calendar.due import bar_end
from regime_platform.model.markets import MARKETS
from regime_platform.sources.attempts import server_text
from regime_platform.sources.twelvedata.http import (
    ApiAnswer,
    ApiRequest,
    TwelveDataClient,
)

_SPY = {"symbol": "SPY", "mic_code": "ARCX"}
_NONE_MET = "none met yet"


@dataclass(frozen=True)
class Learned:
    """One question about the vendor and its answer."""

    question: str
    answer: str
    is_known: bool = True  # False: the answer is the reason why there is none


_Measure = Callable[[TwelveDataClient, dt.datetime], str]


def probe(client: TwelveDataClient, now: dt.datetime) -> tuple[Learned, ...]:
    """Answers all questions, for about ten credits; ``CredentialsError``: the key is refused."""
    return tuple(_learned(client, now, *question) for question in _QUESTIONS)


def _learned(
    client: TwelveDataClient, now: dt.datetime, question: str, measure: _Measure
) -> Learned:
    try:
        return Learned(question, server_text(measure(client, now)))
    except CredentialsError:
        raise
    except (RegimeError, LookupError, TypeError, ValueError) as error:
        return Learned(question, f"unknown: {server_text(error)}", is_known=False)


def _end_of_an_intraday_window(client: TwelveDataClient, now: dt.datetime) -> str:
    wednesday = now.date() - dt.timedelta(days=(now.weekday() - 2) % 7 or 7)
    opens = _opens(
        client,
        now,
        symbol="EUR/USD",
        interval="1h",
        timezone="UTC",
        start_date=f"{wednesday} 06:00:00",
        end_date=f"{wednesday} 12:00:00",
    )
    return "inclusive" if f"{wednesday} 12:00:00" in opens else f"exclusive: last is {opens[0]}"


def _forming_daily_bar(client: TwelveDataClient, now: dt.datetime) -> str:
    newest = dt.datetime.fromisoformat(_opens(client, now, **_SPY, interval="1day")[0])
    label = newest.replace(tzinfo=dt.UTC)
    state = "forming" if bar_end(label, "1day", MARKETS["US_EQUITY"]) > now else "over"
    return f"at {now:%Y-%m-%d %H:%M} UTC the newest daily bar is {label.date()}, which is {state}"


def _anchors(client: TwelveDataClient, now: dt.datetime) -> str:
    anchors = []
    for interval in ("1h", "4h"):
        opens = _opens(client, now, **_SPY, interval=interval, timezone="America/New_York")
        times = sorted({text[11:16] for text in opens})
        anchors.append(f"{interval} opens at {' '.join(times)} New York")
    return "; ".join(anchors)


def _week_of_a_monday_holiday(client: TwelveDataClient, now: dt.datetime) -> str:
    # Monday 2024-01-15 was a holiday
    opens = _opens(
        client, now, **_SPY, interval="1week", start_date="2024-01-08", end_date="2024-01-27"
    )
    return "weeks around Monday 2024-01-15 (closed) are labelled " + " ".join(sorted(opens))


def _cost_of_earliest(client: TwelveDataClient, now: dt.datetime) -> str:
    before = _response(client, now, "/time_series", {**_SPY, "interval": "1day", "outputsize": "1"})
    after = _response(client, now, "/earliest_timestamp", {**_SPY, "interval": "1day"})
    if before.credits_used is None or after.credits_used is None:
        raise LookupError("the answers have no api-credits-used header")
    if after.credits_used <= before.credits_used - 1:
        raise LookupError("a new minute began in between")
    return f"{after.credits_used - before.credits_used} credits"


def _status_of_an_error(client: TwelveDataClient, now: dt.datetime) -> str:
    params = {"symbol": "NO-SUCH-SYMBOL", "interval": "1day"}
    response = _response(client, now, "/time_series", params)
    code = (response.body or {}).get("code")
    return f"an unknown symbol is answered with HTTP {response.http_status} and code {code}"


def _limit_texts(client: TwelveDataClient, now: dt.datetime) -> str:
    del now
    minute = client.budget.reported("minute_refusal") or _NONE_MET
    day = client.budget.reported("day_refusal") or _NONE_MET
    return f"minute: {minute}; day: {day}"


_QUESTIONS: tuple[tuple[str, _Measure], ...] = (
    ("end of an intraday window", _end_of_an_intraday_window),
    ("forming daily bar", _forming_daily_bar),
    ("anchor of 1h and 4h stock bars", _anchors),
    ("label of a week whose Monday is closed", _week_of_a_monday_holiday),
    ("credits of /earliest_timestamp", _cost_of_earliest),
    ("HTTP status of errors", _status_of_an_error),
    ("texts of spent credits", _limit_texts),
)


def _opens(client: TwelveDataClient, now: dt.datetime, **params: str) -> list[str]:
    """The labels of a series, newest first."""
    dated = {"outputsize": "10", **params}
    if "start_date" in dated:
        del dated["outputsize"]
    body = client.ask(ApiRequest("/time_series", dated, params["symbol"]), now.date()).body
    values: list[Mapping[str, Any]] = [] if body is None else body["values"]
    if not values:
        raise LookupError(f"no bar of {params['symbol']} {params['interval']} was served")
    return [str(row["datetime"]) for row in values]


def _response(
    client: TwelveDataClient, now: dt.datetime, path: str, params: Mapping[str, str]
) -> ApiAnswer:
    return client.response(ApiRequest(path, params, params["symbol"]), now.date())
