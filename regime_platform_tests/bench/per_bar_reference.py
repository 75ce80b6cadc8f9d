"""The state path the way the replaced engine works: data frames, and no bar remembers another.

At every bar every metric computes the rolling series it needs anew, over the whole history up to
that bar, and throws them away. That is slow by design; it exists to be measured against and never
feeds anything. The formulas are those of the references that test the kernels, so that what differs
is the way of working. Only polars stands in the locks, so the frames are polars frames.
"""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, cast

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
_CLOSE = pl.col("close")
_RETURNS = (_CLOSE / _CLOSE.shift(1)).log()
_BEFORE = _CLOSE.shift(1)
_TRUE_RANGE = pl.max_horizontal(
    pl.col("high") - pl.col("low"),
    (pl.col("high") - _BEFORE).abs(),
    (pl.col("low") - _BEFORE).abs(),
)
_TRADED = pl.col("volume") * _CLOSE
_COLUMNS = {
    "r": _RETURNS,
    "s20": _RETURNS.rolling_std(20),
    "s100": _RETURNS.rolling_std(100),
    "a10": _TRUE_RANGE.rolling_mean(10),
    "a20": _TRUE_RANGE.rolling_mean(20),
    "a50": _TRUE_RANGE.rolling_mean(50),
    "e20": _CLOSE.ewm_mean(span=20, adjust=False),
    "e100": _CLOSE.ewm_mean(span=100, adjust=False),
    "top50": pl.col("high").rolling_max(50),
    "bottom50": pl.col("low").rolling_min(50),
    "traded": _TRADED,
    "usual": _TRADED.rolling_mean(20),
    "way": _CLOSE.diff().abs().rolling_sum(20),
}


class PrefixHistory:
    """What `primitives_reference.History` offers, from a frame; each series is made when asked for.

    One object serves one metric at one bar, so within it nothing is computed twice.
    """

    def __init__(self, prefix: pl.DataFrame) -> None:
        self._prefix = prefix

    def __getattr__(self, name: str) -> pl.Series:
        if name not in _COLUMNS and name not in self._prefix.columns:
            raise AttributeError(name)
        series = self._prefix.select(_COLUMNS.get(name, pl.col(name))).to_series()
        filled = self.__dict__[name] = series.fill_null(math.nan)
        return filled

    @cached_property
    def first_volume(self) -> int:
        """The first bar that names its volume."""
        known = self.volume.is_not_nan().arg_true()
        return int(known[0]) if known.len() else self._prefix.height

    def gap(self, i: int) -> float:
        """Opening distance from the close before, in ATR."""
        return float(abs(self.open[i] - self.close[i - 1]) / self.a20[i])

    def efficiency(self, i: int) -> float:
        """ER."""
        way = self.way[i]
        return 0.0 if way <= 0 else unit(abs(self.close[i] - self.close[i - 20]) / way)


def state_at(bars: pl.DataFrame, i: int) -> dict[str, Any]:
    """The state row of bar i by column name, from the bars 0 .. i and nothing else."""
    prefix = bars.head(i + 1)
    supports, resistances = key_levels(prefix)
    levels = (supports[0] if supports else None, resistances[0] if resistances else None)

    def history() -> History:
        return cast(History, PrefixHistory(prefix))

    x = history()
    m: dict[str, Any] = {"price": x.close[i], "ema_fast": x.e20[i], "ema_slow": x.e100[i]}
    m["realized_vol"] = 0.0 if math.isnan(x.s20[i]) else x.s20[i] * math.sqrt(252)
    mb = m["market_bias"] = metric.market_bias(history(), i)
    rl = m["risk_level"] = metric.risk_level(history(), i)
    m |= metric.volatility_regime(history(), i, rl)
    m["breakout_up"], m["breakout_down"] = metric.breakout(history(), i, levels, mb, rl)
    m["downside_shock_risk"] = metric.downside_shock_risk(history(), i, mb, rl)
    m["structural_score"] = metric.structural_score(history(), i, levels, m)
    m |= metric.momentum(history(), i, m)
    m |= metric.liquidity(history(), i, m["vrs"], m["er"])
    m["instability_index"] = metric.instability_index(history(), i, m)
    m["asymmetry_metric"] = metric.asymmetry(history(), i, m)
    lists = {name: ",".join(v) if isinstance(v, list) else v for name, v in classify(m).items()}
    row = {**m, **lists, **_named("support", supports), **_named("resistance", resistances)}
    return {name: row[name] for name in STATE_SCHEMA if name in row}


def key_levels(prefix: pl.DataFrame) -> tuple[list[Pair], list[Pair]]:
    """Supports and resistances of the last 250 bars, the strongest first."""
    if prefix.height < _WINDOW:
        return [], []
    window = prefix.tail(_WINDOW)
    atr = PrefixHistory(window).a20[-1]
    if bad(atr):
        return [], []
    price = float(window["close"][-1])
    typical = window.select((pl.col("high") + pl.col("low") + _CLOSE) / 3).to_series()
    candidates = [
        *_pivots(window, atr),
        *volume_at_price(typical.to_numpy(), window["volume"].to_numpy()),
        *round_numbers(price, atr),
    ]
    strong = [level for level in clusters(candidates, 0.35 * atr) if level[1] >= 0.35]
    strong.sort(key=lambda level: (-level[1], abs(level[0] - price)))
    below, above = [s for s in strong if s[0] < price], [s for s in strong if s[0] > price]
    return below[:3], above[:3]


def _pivots(window: pl.DataFrame, atr: float) -> Iterator[Pair]:
    framed = window.with_columns(
        position=pl.int_range(pl.len()),
        travelled=(_CLOSE.shift(-5) - _CLOSE).abs() / atr,
        is_top=pl.col("high") == pl.col("high").rolling_max(7, center=True),
        is_bottom=pl.col("low") == pl.col("low").rolling_min(7, center=True),
    )
    found = framed.filter(pl.col("is_top") | pl.col("is_bottom")).select(
        pl.when("is_top").then("high").otherwise("low")
    )
    for x in found.to_series():
        touches = framed.filter((_CLOSE - x).abs() / atr <= 0.30)
        t = 1 - math.exp(-touches.height / 3)
        followed = touches["travelled"].mean()
        rejection = 0.0 if followed is None else clamp(cast(float, followed) / 2, 0.0, 1.0)
        age = _WINDOW - 1 - touches["position"][-1] if touches.height else _WINDOW
        yield x, unit(0.5 * t + 0.3 * rejection + 0.2 * math.exp(-age / (_WINDOW / 3)))


def _named(side: str, levels: list[Pair]) -> dict[str, float | None]:
    row: dict[str, float | None] = {}
    for rank in (1, 2, 3):
        price, strength = levels[rank - 1] if rank <= len(levels) else (None, None)
        row |= {f"{side}_{rank}_price": price, f"{side}_{rank}_strength": strength}
    return row
