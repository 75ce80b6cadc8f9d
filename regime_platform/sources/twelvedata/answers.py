"""Answers of the Twelve Data API: bars, their instrument, the earliest date, errors, the clock.

Every number is a text and is parsed to the nearest Float64. A text that is no number becomes null,
which the gate rejects; a bar without a valid time is an error. The status may be 200 for an error,
and the vendor rewords its messages, so the code in the body decides and, only where a code has two
meanings, a short phrase.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
import polars as pl

from regime_platform.errors import CredentialsError, QuotaError, SourceError
from regime_platform.json_text import NestedError, load_json
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA, empty_bars
from regime_platform.model.calendar.labels import OPEN, DateLabels, Opens
from regime_platform.model.identity import ANSWERED
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.sources.attempts import TransientError
from regime_platform.sources.credits import CreditBudget
from regime_platform.sources.protocol import NotServedError
from regime_platform.sources.server_clock import (
    is_behind,
    require_not_ahead,
    seconds_ahead,
    server_time,
)

VENDOR = "Twelve Data"
_LEAST_CHANGE = 5.0  # seconds; smaller changes of a clock's offset are not stored again
_CHECKED = ("mic_code", "exchange", "type")
_REMEDIES = {
    400: "check the entry in universe.yaml against the vendor's symbol list",
    414: "too much was asked at once: this is a defect, report it",
}


class MinuteSpentError(Exception):
    """The credits of the current minute are spent."""


class TooManyError(SourceError):
    """The request named more symbols than allowed."""


class Answered(NamedTuple):
    """The bars of one answer in ``BAR_SCHEMA``, oldest first, equal opens kept."""

    bars: pl.DataFrame
    labels: pl.Series  # as served, in the order of the bars
    note: str  # how labels were read that are no opens


def answered_bars(body: Mapping[str, Any], instrument: Instrument, timeframe: str) -> Answered:
    """The bars of one /time_series answer.

    ``SourceError`` where it is of another instrument or has another form.
    """
    what = f"{instrument.symbol} {timeframe}"
    _refuse_another_instrument(body.get("meta"), instrument, timeframe)
    values = body.get("values")
    if not isinstance(values, list) or not all(isinstance(row, Mapping) for row in values):
        raise _form_error(what, "answered without a list of values", "run again")
    if not values:
        return Answered(empty_bars(), empty_bars()["ts"], "")
    labels = _labels(values, timeframe, what)
    opens = _opens(labels, timeframe, instrument)
    columns = [opens.ts, *(_numbers(values, name) for name in BAR_COLUMNS if name != "ts")]
    bars = pl.DataFrame(columns, schema=BAR_SCHEMA).with_columns(label=labels)
    bars = bars.sort("ts", maintain_order=True)
    return Answered(bars.drop("label"), bars["label"], opens.note)


def answered_market(body: Mapping[str, Any]) -> dict[str, str]:
    """The market fields in a /time_series answer, as far as it has them."""
    meta = body.get("meta")
    named = meta if isinstance(meta, Mapping) else {}
    return {name: str(named[name]) for name in ANSWERED if named.get(name)}


def answered_earliest(body: Mapping[str, Any], timeframe: str, what: str) -> dt.date:
    """The UTC date of the first bar from an /earliest_timestamp answer; ``SourceError``: none."""
    seconds = body.get("unix_time")
    try:
        if is_intraday(timeframe) and isinstance(seconds, int):
            return dt.datetime.fromtimestamp(seconds, dt.UTC).date()
        # the form depends on the interval; all begin with the date
        return dt.date.fromisoformat(str(body.get("datetime"))[:10])
    except (OSError, OverflowError, ValueError):
        problem = f"named {body.get('datetime')!r} as the earliest timestamp; expected a date"
        raise _form_error(what, problem) from None


def json_object(content: bytes) -> dict[str, Any] | None:
    """The body as a JSON object; None for anything else, but NestedError for endless nesting."""
    try:
        body = load_json(content)
    except NestedError:
        raise
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def is_error(body: Mapping[str, Any]) -> bool:
    """True where a body, or the part of one symbol in a batch, is an error."""
    return body.get("status") == "error" or (
        isinstance(body.get("code"), int) and "values" not in body
    )


def is_empty_window(code: int, message: str) -> bool:
    """True for the error that means that the requested window has no bar."""
    return code == 400 and "no data is available" in message.lower()


def error_of(code: int, message: str, what: str) -> Exception:
    """The exception for an error of ``what``, a symbol and timeframe; no key in ``message``."""
    text = message.lower()
    if code == 401:
        return CredentialsError("Twelve Data refused the key; check TWELVEDATA_API_KEY")
    if code == 429:
        if "minute" not in text and ("the day" in text or "daily" in text):
            return QuotaError("the Twelve Data credits of the day are spent; run tomorrow")
        return MinuteSpentError(text)
    if code >= 500 or code < 300 or code == 408:
        return TransientError(VENDOR, what, f"{code}: {message}")
    if code in (403, 404):
        is_plan = code == 403 or "plan" in text
        meaning = "unknown there: check provider_symbol, mic_code and exchange"
        if is_plan:
            meaning = "the plan does not cover it: choose another plan or source for this symbol"
        return NotServedError(
            f"{what}: Twelve Data answered {code} ({message}); {meaning}",
            status="not_entitled" if is_plan else "unknown_symbol",
        )
    kind = TooManyError if code == 414 else SourceError
    remedy = _REMEDIES.get(code, "check REGIME_TWELVEDATA_URL")
    fault = "too-many-symbols" if code == 414 else "source-refused"
    return kind(f"{what}: Twelve Data answered {code} ({message}); {remedy}", code=fault)


def note_clock(budget: CreditBudget, headers: httpx.Headers, between: tuple[float, float]) -> bool:
    """True where this machine's clock is behind by more than ``MOST_AHEAD``; stores the offset.

    One that is ahead ends the run, since forming bars would be stored as finished; one behind only
    delays bars. ``between`` is this machine's Unix time before the request and after the answer, so
    that a slow answer is no offset. Without a usable ``Date`` nothing is compared.

    Raises:
        ClockError: it is ahead by more than that.
    """
    moment = server_time(headers.get_list("date"), headers.get("age", ""))
    if moment is None:
        return False
    offset = seconds_ahead(moment, between)
    budget.note_clock_offset(offset, _LEAST_CHANGE)
    require_not_ahead(VENDOR, moment, between)
    return is_behind(offset)


def _form_error(what: str, problem: str, remedy: str = "run again later") -> SourceError:
    return SourceError(f"{what}: Twelve Data {problem}; {remedy}", code="answer-form")


def _refuse_another_instrument(meta: object, instrument: Instrument, timeframe: str) -> None:
    answered = meta if isinstance(meta, Mapping) else {}
    registered = {"symbol": instrument.identity["provider_symbol"], "interval": timeframe}
    for name in _CHECKED:
        # pairs have no exchange, so only fields that the answer has are compared
        if name in instrument.identity and answered.get(name):
            registered[name] = instrument.identity[name]
    for name, expected in registered.items():
        value = str(answered.get(name) or "nothing")
        if value.casefold() != expected.casefold():
            raise SourceError(
                f"{instrument.symbol}: Twelve Data answered with {name} {value!r}, registered is "
                f"{expected!r}; correct the entry in universe.yaml",
                code="other-instrument-answered",
            )


def _labels(values: list[Mapping[str, Any]], timeframe: str, what: str) -> pl.Series:
    forms = ["%Y-%m-%d %H:%M:%S"] if is_intraday(timeframe) else ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"]
    texts = pl.Series("ts", [_text(row.get("datetime")) for row in values], pl.String)
    read = [pl.col("ts").str.to_datetime(form, time_unit="us", strict=False) for form in forms]
    labels = texts.to_frame().select(pl.coalesce(read)).to_series()
    bad = labels.is_null()
    if bad.any():
        problem = f"dated a bar {texts.filter(bad)[0]!r}; expected the form {forms[0]}"
        raise _form_error(what, problem)
    return labels.dt.replace_time_zone("UTC")


def _opens(labels: pl.Series, timeframe: str, instrument: Instrument) -> Opens:
    """The opens that the vendor's labels stand for: a time is that of the open, of a stock in the
    zone of its exchange and of all others in UTC."""
    if is_intraday(timeframe):  # requested in UTC
        return Opens(labels)
    market = instrument.market
    is_midnight = labels.dt.time() == dt.time()
    zone = market.zone if market.has_exchange else "UTC"
    local = labels.dt.replace_time_zone(None)
    times = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    days = DateLabels(
        dates=labels.dt.date().set(~is_midnight, None),
        has_time=~is_midnight,
        instants={zone: times.dt.convert_time_zone("UTC")},
    )
    return days.opens(timeframe, market, OPEN)


def _numbers(values: list[Mapping[str, Any]], name: str) -> pl.Series:
    texts = pl.Series(name, [_text(row.get(name)) for row in values], pl.String)
    return texts.cast(pl.Float64, strict=False)


def _text(value: object) -> str | None:
    return None if value is None else str(value).strip()
