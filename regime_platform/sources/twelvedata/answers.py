"""Parses the bodies of the Twelve Data API: bars, their instrument, the earliest date.

Every number is a text and is parsed to the nearest Float64. A text that is no number becomes null,
which the gate rejects; a bar without a valid time is an error.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from regime_platform.errors import SourceError
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA, empty_bars
from regime_platform.model.identity import ANSWERED
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday

_CHECKED = ("mic_code", "exchange", "type")


def answered_bars(body: Mapping[str, Any], instrument: Instrument, timeframe: str) -> pl.DataFrame:
    """The bars of one /time_series answer in ``BAR_SCHEMA``, oldest first, equal opens kept.

    Raises:
        SourceError: the answer is of another instrument or has another form.
    """
    what = f"{instrument.symbol} {timeframe}"
    _refuse_another_instrument(body.get("meta"), instrument, timeframe)
    values = body.get("values")
    if not isinstance(values, list) or not all(isinstance(row, Mapping) for row in values):
        raise SourceError(
            f"{what}: Twelve Data answered without a list of values; run again", code="answer-form"
        )
    if not values:
        return empty_bars()
    columns = [_opens(values, timeframe, what)]
    columns += [_numbers(values, name) for name in BAR_COLUMNS if name != "ts"]
    return pl.DataFrame(columns, schema=BAR_SCHEMA).sort("ts", maintain_order=True)


def answered_market(body: Mapping[str, Any]) -> dict[str, str]:
    """The market fields in a /time_series answer, as far as it has them."""
    meta = body.get("meta")
    named = meta if isinstance(meta, Mapping) else {}
    return {name: str(named[name]) for name in ANSWERED if named.get(name)}


def answered_earliest(body: Mapping[str, Any], timeframe: str, what: str) -> dt.date:
    """The UTC date of the first bar from an /earliest_timestamp answer.

    Raises:
        SourceError: the answer names no date.
    """
    seconds = body.get("unix_time")
    if is_intraday(timeframe) and isinstance(seconds, int):
        return dt.datetime.fromtimestamp(seconds, dt.UTC).date()
    try:
        # the form depends on the interval; all begin with the date
        return dt.date.fromisoformat(str(body.get("datetime"))[:10])
    except ValueError:
        raise SourceError(
            f"{what}: Twelve Data named {body.get('datetime')!r} as the earliest timestamp; "
            "expected a date; run again later",
            code="answer-form",
        ) from None


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


def _opens(values: list[Mapping[str, Any]], timeframe: str, what: str) -> pl.Series:
    form = "%Y-%m-%d %H:%M:%S" if is_intraday(timeframe) else "%Y-%m-%d"
    texts = pl.Series("ts", [_text(row.get("datetime")) for row in values], pl.String)
    opens = texts.str.to_datetime(form, time_unit="us", strict=False)
    bad = opens.is_null()
    if bad.any():
        raise SourceError(
            f"{what}: Twelve Data dated a bar {texts.filter(bad)[0]!r}; expected the form {form}; "
            "run again later",
            code="answer-form",
        )
    return opens.dt.replace_time_zone("UTC")


def _numbers(values: list[Mapping[str, Any]], name: str) -> pl.Series:
    texts = pl.Series(name, [_text(row.get(name)) for row in values], pl.String)
    return texts.cast(pl.Float64, strict=False)


def _text(value: object) -> str | None:
    return None if value is None else str(value).strip()
