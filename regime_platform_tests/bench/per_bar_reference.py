"""The state path the way the replaced engine works: data frames, and no bar remembers another.

At every bar every metric computes what it needs again, over the whole history up to that bar, and
throws it away: its rolling series, and the key levels where it reads them. Of the replaced engine
0.11 to 0.17 s per bar were recorded from bar 250 on, and 0.04 s before it; this one should cost
about as much. That is slow by design; it exists to be measured against and never
feeds anything. The formulas are those of the references that test the kernels, so that what differs
is the way of working. The frames are pandas frames, as they were there.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl

from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform_tests.reference import metrics_reference as metric
from regime_platform_tests.reference.classifier_reference import classify
from regime_platform_tests.reference.key_levels_reference import (
    Pair,
    clusters,
    round_numbers,
    volume_at_price,
)
from regime_platform_tests.reference.primitives_reference import History, bad, clamp, unit

_WINDOW = 250


def _returns(bars: pd.DataFrame) -> pd.Series:
    return np.log(bars["close"] / bars["close"].shift(1))


def _true_range(bars: pd.DataFrame) -> pd.Series:
    before = bars["close"].shift(1)
    members = [
        bars["high"] - bars["low"],
        (bars["high"] - before).abs(),
        (bars["low"] - before).abs(),
    ]
    return pd.concat(members, axis=1).max(axis=1)


def _traded(bars: pd.DataFrame) -> pd.Series:
    return bars["volume"] * bars["close"]


_COLUMNS: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "r": _returns,
    "s20": lambda bars: _returns(bars).rolling(20).std(),
    "s100": lambda bars: _returns(bars).rolling(100).std(),
    "a10": lambda bars: _true_range(bars).rolling(10).mean(),
    "a20": lambda bars: _true_range(bars).rolling(20).mean(),
    "a50": lambda bars: _true_range(bars).rolling(50).mean(),
    "e20": lambda bars: bars["close"].ewm(span=20, adjust=False).mean(),
    "e100": lambda bars: bars["close"].ewm(span=100, adjust=False).mean(),
    "top50": lambda bars: bars["high"].rolling(50).max(),
    "bottom50": lambda bars: bars["low"].rolling(50).min(),
    "traded": _traded,
    "usual": lambda bars: _traded(bars).rolling(20).mean(),
    "way": lambda bars: bars["close"].diff().abs().rolling(20).sum(),
}


class PrefixHistory:
    """What `primitives_reference.History` offers, from a frame; each series is made when asked for.

    One object serves one metric at one bar, so within it nothing is computed twice.
    """

    def __init__(self, prefix: pd.DataFrame) -> None:
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        if name in _COLUMNS:
            series = _COLUMNS[name](self._prefix)
        elif name in self._prefix.columns:
            series = self._prefix[name]
        else:
            raise AttributeError(name)
        values = self.__dict__[name] = series.tolist()
        return values

    @cached_property
    def first_volume(self) -> int:
        """The first bar that names its volume."""
        known = np.flatnonzero(self._prefix["volume"].notna())
        return int(known[0]) if len(known) else len(self._prefix)

    def gap(self, i: int) -> float:
        """Opening distance from the close before, in ATR."""
        return float(abs(self.open[i] - self.close[i - 1]) / self.a20[i])

    def efficiency(self, i: int) -> float:
        """ER."""
        way = self.way[i]
        return 0.0 if way <= 0 else unit(abs(self.close[i] - self.close[i - 20]) / way)


def pandas_frame(bars: pl.DataFrame) -> pd.DataFrame:
    """The bars as such an engine holds them."""
    return pd.DataFrame({name: bars[name].to_numpy() for name in bars.columns})


def state_at(bars: pd.DataFrame, i: int) -> dict[str, Any]:
    """The state row of bar i by column name, from the bars 0 .. i and nothing else."""
    prefix = bars.iloc[: i + 1]
    supports, resistances = key_levels(prefix)

    def history() -> History:
        return cast(History, PrefixHistory(prefix))

    x = history()
    m: dict[str, Any] = {"price": x.close[i], "ema_fast": x.e20[i], "ema_slow": x.e100[i]}
    m["realized_vol"] = 0.0 if math.isnan(x.s20[i]) else x.s20[i] * math.sqrt(252)
    mb = m["market_bias"] = metric.market_bias(history(), i)
    rl = m["risk_level"] = metric.risk_level(history(), i)
    m |= metric.volatility_regime(history(), i, rl)
    m["breakout_up"], m["breakout_down"] = metric.breakout(history(), i, _strongest(prefix), mb, rl)
    m["downside_shock_risk"] = metric.downside_shock_risk(history(), i, mb, rl)
    m["structural_score"] = metric.structural_score(history(), i, _strongest(prefix), m)
    m |= metric.momentum(history(), i, m)
    m |= metric.liquidity(history(), i, m["vrs"], m["er"])
    m["instability_index"] = metric.instability_index(history(), i, m)
    m["asymmetry_metric"] = metric.asymmetry(history(), i, m)
    lists = {name: ",".join(v) if isinstance(v, list) else v for name, v in classify(m).items()}
    row = {**m, **lists, **_named("support", supports), **_named("resistance", resistances)}
    return {name: row[name] for name in STATE_SCHEMA if name in row}


def key_levels(prefix: pd.DataFrame) -> tuple[list[Pair], list[Pair]]:
    """Supports and resistances of the last 250 bars, the strongest first."""
    if len(prefix) < _WINDOW:
        return [], []
    window = prefix.tail(_WINDOW).reset_index(drop=True)
    atr = PrefixHistory(window).a20[-1]
    if bad(atr):
        return [], []
    price = float(window["close"].iloc[-1])
    typical = (window["high"] + window["low"] + window["close"]) / 3
    candidates = [
        *_pivots(window, atr),
        *volume_at_price(typical.to_numpy(), window["volume"].to_numpy()),
        *round_numbers(price, atr),
    ]
    strong = [level for level in clusters(candidates, 0.35 * atr) if level[1] >= 0.35]
    strong.sort(key=lambda level: (-level[1], abs(level[0] - price)))
    below, above = [s for s in strong if s[0] < price], [s for s in strong if s[0] > price]
    return below[:3], above[:3]


def _strongest(prefix: pd.DataFrame) -> tuple[Pair | None, Pair | None]:
    supports, resistances = key_levels(prefix)
    return supports[0] if supports else None, resistances[0] if resistances else None


def _pivots(window: pd.DataFrame, atr: float) -> Iterator[Pair]:
    high, low, close = window["high"], window["low"], window["close"]
    is_top = high == high.rolling(7, center=True).max()
    is_bottom = low == low.rolling(7, center=True).min()
    travelled = (close.shift(-5) - close).abs() / atr
    for x in high.where(is_top, low)[is_top | is_bottom]:
        touched = (close - x).abs() / atr <= 0.30
        t = 1 - math.exp(-int(touched.sum()) / 3)
        followed = travelled[touched].mean()
        rejection = 0.0 if math.isnan(followed) else clamp(float(followed) / 2, 0.0, 1.0)
        last = touched[touched].index.max()
        age = _WINDOW if math.isnan(last) else _WINDOW - 1 - last
        yield x, unit(0.5 * t + 0.3 * rejection + 0.2 * math.exp(-age / (_WINDOW / 3)))


def _named(side: str, levels: list[Pair]) -> dict[str, float | None]:
    row: dict[str, float | None] = {}
    for rank in (1, 2, 3):
        price, strength = levels[rank - 1] if rank <= len(levels) else (None, None)
        row |= {f"{side}_{rank}_price": price, f"{side}_{rank}_strength": strength}
    return row
