"""Bars and their origins for tests: valid by construction, the same for the same seed.

Tests break what they need broken, so that every fault stands in the test that is about it.
"""

import datetime as dt

import numpy as np
import polars as pl

from regime_platform.bar_store.raw.page_update import FetchOrigin
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.rules.series import GATE_SCHEMA

#: A Monday, so that it is a label of every timeframe.
START = dt.datetime(2012, 1, 2, tzinfo=dt.UTC)
LONG_AFTER = dt.datetime(2026, 11, 22, 3, 15, tzinfo=dt.UTC)


def make_bars(
    n: int, timeframe: str = "1day", start: dt.datetime = START, seed: int = 0
) -> pl.DataFrame:
    """A random walk of ``n`` valid bars in ``BAR_SCHEMA``.

    Daily bars are on weekdays, weekly ones on Mondays, intraday ones follow each other on weekdays;
    ``start`` is taken to the first open that fits. Fewer bars are the first of more.
    """
    draws = np.random.default_rng(seed).standard_normal((n, 5)).T
    close = 100.0 * np.exp(np.cumsum(0.01 * draws[0]))
    open_ = close * np.exp(0.004 * draws[1])
    high = np.maximum(open_, close) * np.exp(0.004 * np.abs(draws[2]))
    low = np.minimum(open_, close) * np.exp(-0.004 * np.abs(draws[3]))
    columns = {
        "ts": make_opens(n, timeframe, start),
        "open": np.round(open_, 4),
        "high": np.round(high, 4),
        "low": np.round(low, 4),
        "close": np.round(close, 4),
        "volume": np.round(np.exp(15.0 + 0.5 * draws[4])),
    }
    return pl.DataFrame(columns, schema=BAR_SCHEMA)


def session_bars(
    timeframe: str, start: dt.datetime, end: dt.datetime, seed: int = 3
) -> pl.DataFrame:
    """A random walk over the sessions of New York; fewer bars are the first of more."""
    opens = expected_opens(MARKETS["US_EQUITY"], timeframe, start, end)
    steps = 0.001 * np.random.default_rng(seed).standard_normal(opens.len())
    close = np.round(100 * np.exp(np.cumsum(steps)), 4)
    first = np.r_[100.0, close[:-1]]
    columns = {
        "ts": opens,
        "open": first,
        "high": np.maximum(first, close) + 0.01,
        "low": np.minimum(first, close) - 0.01,
        "close": close,
        "volume": np.arange(1000.0, 1000.0 + opens.len()),
    }
    return pl.DataFrame(columns, schema=BAR_SCHEMA)


def make_broken_bars(n: int = 1600, at: int = 800, seed: int = 4) -> pl.DataFrame:
    """Daily bars whose volatility is four times as high from bar ``at`` on: two eras at least."""
    draws = np.random.default_rng(seed).standard_normal(n)
    close = 100 * np.exp(np.cumsum(np.where(np.arange(n) < at, 0.005, 0.02) * draws))
    return make_bars(n).with_columns(
        open=pl.lit(pl.Series(close)),
        high=pl.lit(pl.Series(close * 1.001)),
        low=pl.lit(pl.Series(close * 0.999)),
        close=pl.lit(pl.Series(close)),
    )


def make_opens(n: int, timeframe: str = "1day", start: dt.datetime = START) -> pl.Series:
    """The first ``n`` opens on or after ``start`` (aware)."""
    first = start.astimezone(dt.UTC).replace(tzinfo=None)
    if timeframe == "1week":
        monday = np.busday_offset(first.date(), 0, roll="forward", weekmask="Mon")
        opens = monday + np.arange(n) * np.timedelta64(7, "D")
    elif not is_intraday(timeframe):
        opens = np.busday_offset(np.datetime64(first, "D"), np.arange(n), roll="forward")
    else:
        step = np.timedelta64(DURATION[timeframe] // dt.timedelta(minutes=1), "m")
        every = np.datetime64(first, "m") + np.arange(2 * n + 400) * step
        opens = every[np.is_busday(every.astype("datetime64[D]"))][:n]
    instants = opens.astype("datetime64[us]")
    return pl.Series("ts", instants).dt.replace_time_zone("UTC")


def fetched(
    bars: pl.DataFrame, at: dt.datetime = LONG_AFTER, batch: str = "000001-a.parquet"
) -> pl.DataFrame:
    """``bars`` as the raw log gives them back: what the gate reads."""
    origin = pl.lit(at).cast(GATE_SCHEMA["fetched_at"])
    return bars.with_columns(fetched_at=origin, batch=pl.lit(batch))


def fetch_origin(
    at: dt.datetime = LONG_AFTER, timeframe: str = "1day", asset_class: str = "US_EQUITY"
) -> FetchOrigin:
    """The origin of a page served at ``at``."""
    return FetchOrigin(
        fetched_at=at,
        source="sample",
        timeframe=timeframe,
        market=MARKETS[asset_class],
        price_basis="as_served",
        instrument_digest="0" * 64,
    )
