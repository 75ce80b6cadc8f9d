"""SYNTH: 15-minute bars of an invented stock, the same for every machine and every run.

A seeded random walk with a calm climb, a range, a crash and a recovery, so that regimes change.
No market stands behind it. Coarser bars are made from these by ``make_sample``.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from regime_platform.model.bar_schema import BAR_SCHEMA

SEED = 20231
FIRST_MONDAY = dt.date(2023, 1, 2)
SESSION_OPEN = dt.time(9, 30)
BARS_PER_SESSION = 26  # 09:30 to 16:00 New York
_ZONE = ZoneInfo("America/New_York")
_SESSIONS_PER_YEAR = 252
_OVERNIGHT_SHARE = 0.25  # of a day's variance falls between close and next open
_START_PRICE = 100.0
_START_VOLUME = 40_000.0

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Stretch:
    weeks: int
    drift: float  # per year
    volatility: float  # per year


_STRETCHES = (
    _Stretch(30, drift=0.20, volatility=0.10),  # calm climb
    _Stretch(18, drift=0.00, volatility=0.15),  # range
    _Stretch(3, drift=-0.90, volatility=0.35),  # the turn
    _Stretch(6, drift=-1.60, volatility=0.60),  # crash
    _Stretch(9, drift=0.70, volatility=0.38),  # rebound, still nervous
    _Stretch(12, drift=0.10, volatility=0.22),  # settling
    _Stretch(24, drift=0.22, volatility=0.11),  # calm climb again
    _Stretch(10, drift=-0.35, volatility=0.26),  # slow slide
    _Stretch(8, drift=0.40, volatility=0.17),  # recovery
)


def synthetic_bars() -> pl.DataFrame:
    """All 15min bars in ``BAR_SCHEMA``: every weekday is a session, there are no holidays."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    sessions = 5 * sum(stretch.weeks for stretch in _STRETCHES)
    volatility = _session_volatility(generator)
    closes, opens = _paths(generator, volatility)
    wick = _bar_volatility(volatility) * 0.6
    high = np.maximum(opens, closes) * np.exp(np.abs(generator.standard_normal(opens.size)) * wick)
    low = np.minimum(opens, closes) * np.exp(-np.abs(generator.standard_normal(opens.size)) * wick)
    # a cent is the tick: rounding also hides last-bit differences between maths libraries
    prices = [np.round(values, 2) for values in (opens, high, low, closes)]
    columns = [_opens_of_bars(sessions), *prices, _volume(generator, volatility)]
    return pl.DataFrame(dict(zip(BAR_SCHEMA, columns, strict=True)), schema=BAR_SCHEMA)


def _session_volatility(generator: np.random.Generator) -> _Floats:
    # each stretch's level, swayed by a slow random factor so that volatility clusters
    level = np.concatenate(
        [np.full(5 * stretch.weeks, stretch.volatility) for stretch in _STRETCHES]
    )
    shocks = generator.standard_normal(level.size) * 0.09
    sway = np.zeros(level.size)
    for session in range(1, level.size):
        sway[session] = 0.9 * sway[session - 1] + shocks[session]
    factor: _Floats = np.exp(sway)
    return level * factor


def _bar_volatility(volatility: _Floats) -> _Floats:
    # busy at open and close, quiet at noon
    place = np.linspace(-1.0, 1.0, BARS_PER_SESSION)
    shape = 0.7 + 0.6 * place**2
    shape *= np.sqrt((1.0 - _OVERNIGHT_SHARE) / np.sum(shape**2))
    per_bar: _Floats = np.outer(volatility / np.sqrt(_SESSIONS_PER_YEAR), shape).ravel()
    return per_bar


def _paths(generator: np.random.Generator, volatility: _Floats) -> tuple[_Floats, _Floats]:
    drift = np.concatenate([np.full(5 * stretch.weeks, stretch.drift) for stretch in _STRETCHES])
    per_bar = np.repeat(drift / (_SESSIONS_PER_YEAR * BARS_PER_SESSION), BARS_PER_SESSION)
    steps = per_bar + generator.standard_normal(per_bar.size) * _bar_volatility(volatility)
    gaps = np.zeros((volatility.size, BARS_PER_SESSION))
    nights = volatility * np.sqrt(_OVERNIGHT_SHARE / _SESSIONS_PER_YEAR)
    gaps[1:, 0] = generator.standard_normal(volatility.size - 1) * nights[1:]
    logs = np.cumsum(steps + gaps.ravel()) + np.log(_START_PRICE)
    closes: _Floats = np.exp(logs)
    opens: _Floats = np.exp(logs - steps)
    return closes, opens


def _volume(generator: np.random.Generator, volatility: _Floats) -> _Floats:
    # more is traded where more is moved
    busy = _bar_volatility(volatility)
    noise = np.exp(generator.standard_normal(busy.size) * 0.35)
    traded: _Floats = np.round(_START_VOLUME * np.sqrt(busy / busy.mean()) * noise)
    return traded


def _opens_of_bars(sessions: int) -> list[dt.datetime]:
    weekdays = [
        FIRST_MONDAY + dt.timedelta(weeks=session // 5, days=session % 5)
        for session in range(sessions)
    ]
    opens = [dt.datetime.combine(day, SESSION_OPEN, _ZONE).astimezone(dt.UTC) for day in weekdays]
    quarter = dt.timedelta(minutes=15)
    return [start + bar * quarter for start in opens for bar in range(BARS_PER_SESSION)]
