"""The true series: made-up prices on real sessions, each across a change of the clocks."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import MARKETS

_FEW = 9  # rows of a short file


@dataclass(frozen=True)
class Truth:
    """A series whose bars are known."""

    name: str
    timeframe: str
    asset_class: str
    start: dt.date
    end: dt.date
    few_from: dt.date  # a short file begins here
    price: float
    digits: int  # of its prices
    most_volume: float

    @property
    def instrument(self) -> Instrument:
        """The entry of the universe that it belongs to."""
        symbol = {"FX": "EURUSD", "CRYPTO": "BTCUSD"}.get(self.asset_class, "MINE")
        return Instrument(
            symbol=symbol, name="Mine", asset_class=self.asset_class, tier="core", source="files"
        )

    @cached_property
    def bars(self) -> pl.DataFrame:
        """In ``BAR_SCHEMA``, oldest first; each opens near the close before it."""
        opens = self._opens()
        rows = len(opens)
        draws = np.random.default_rng(len(self.name)).standard_normal((rows, 4)).T
        close = self.price * np.exp(np.cumsum(0.004 * draws[0]))
        open_ = np.concatenate([[self.price], close[:-1]]) * np.exp(0.0004 * draws[1])
        high = np.maximum(open_, close) * np.exp(0.001 * np.abs(draws[2]))
        low = np.minimum(open_, close) * np.exp(-0.001 * np.abs(draws[3]))
        volume = self.most_volume * np.exp(-np.abs(draws[2] + draws[3]))
        prices = {
            name: np.round(values, self.digits)
            for name, values in zip(
                ("open", "high", "low", "close"), (open_, high, low, close), strict=True
            )
        }
        columns = {"ts": opens, **prices, "volume": np.ceil(volume)}
        return pl.DataFrame(columns, schema=BAR_SCHEMA)

    def part(self, *, few: bool) -> pl.DataFrame:
        """All bars, or as many as a first try has."""
        start = dt.datetime.combine(self.few_from, dt.time(), dt.UTC)
        return self.bars.filter(pl.col("ts") >= start).head(_FEW) if few else self.bars

    def _opens(self) -> pl.Series:
        start, end = (
            dt.datetime.combine(date, dt.time(), dt.UTC) for date in (self.start, self.end)
        )
        return expected_opens(MARKETS[self.asset_class], self.timeframe, start, end)


TRUTHS = {
    truth.name: truth
    for truth in (
        Truth(
            *("daily", "1day", "US_EQUITY", dt.date(2023, 6, 1), dt.date(2024, 6, 1)),
            *(dt.date(2023, 8, 1), 1234.5, 2, 4e6),
        ),
        Truth(
            *("hourly", "1h", "US_EQUITY", dt.date(2024, 2, 20), dt.date(2024, 4, 9)),
            *(dt.date(2024, 3, 4), 987.6, 2, 1e6),
        ),
        Truth(
            *("crypto", "15min", "CRYPTO", dt.date(2024, 3, 29), dt.date(2024, 4, 3)),
            *(dt.date(2024, 4, 2), 65432.1, 2, 5e3),
        ),
        Truth(
            *("fx", "5min", "FX", dt.date(2024, 3, 7), dt.date(2024, 3, 13)),
            *(dt.date(2024, 3, 11), 1.08765, 5, 2e3),
        ),
        Truth(
            *("days of coins", "1day", "CRYPTO", dt.date(2023, 11, 1), dt.date(2024, 5, 1)),
            *(dt.date(2023, 11, 2), 43210.9, 2, 9e4),
        ),
        Truth(
            *("days of currencies", "1day", "FX", dt.date(2023, 9, 1), dt.date(2024, 5, 1)),
            *(dt.date(2023, 11, 2), 151.234, 3, 9e4),
        ),
        Truth(
            *("weekly", "1week", "US_EQUITY", dt.date(2022, 1, 3), dt.date(2024, 6, 3)),
            *(dt.date(2022, 5, 2), 345.6, 2, 9e6),
        ),
    )
}
