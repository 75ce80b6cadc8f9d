"""Sections 1 and 3 of the canonical compute in plain Python: NaN rules and primitives."""

import math
from collections.abc import Callable, Mapping, Sequence

NAN = math.nan


def clamp(x: float, low: float, high: float) -> float:
    """Limited to low .. high; NaN becomes high."""
    if x < low:
        return low
    return high if x > high or math.isnan(x) else x


def unit(x: float) -> float:
    """clamp(x, 0, 1)."""
    return clamp(x, 0.0, 1.0)


def positive(x: float) -> float:
    """pos(x), 0 for NaN."""
    return x if x > 0 else 0.0


def bad(x: float) -> bool:
    """NaN or not above zero."""
    return not x > 0


def mean(values: Sequence[float]) -> float:
    """Plain mean, exact for equal values."""
    return values[0] if min(values) == max(values) else math.fsum(values) / len(values)


def sdev(values: Sequence[float]) -> float:
    """Sample standard deviation, exactly 0 for equal values."""
    centre = mean(values)
    return math.sqrt(math.fsum((x - centre) ** 2 for x in values) / (len(values) - 1))


def over_last(
    width: int, values: Sequence[float], measure: Callable[[Sequence[float]], float]
) -> list[float]:
    """A measure of the last ``width`` values at every bar; NaN unless all are present."""
    out = []
    for i in range(len(values)):
        window = values[max(i + 1 - width, 0) : i + 1]
        full = len(window) == width and not any(math.isnan(x) for x in window)
        out.append(measure(window) if full else NAN)
    return out


def ema(values: Sequence[float], length: int) -> list[float]:
    """EMA(x, p), starting at the first value."""
    a = 2 / (length + 1)
    out: list[float] = []
    for x in values:
        out.append((1 - a) * out[-1] + a * x if out else x)
    return out


class History:
    """The bars and the primitives of section 3, each as a list over all bars."""

    def __init__(self, bars: Mapping[str, list[float]]) -> None:
        self.open, self.high, self.low = bars["open"], bars["high"], bars["low"]
        self.close, self.volume = bars["close"], bars["volume"]
        c = self.close
        later = range(1, len(c))
        self.r = [NAN] + [math.log(c[i] / c[i - 1]) for i in later]
        self.s20, self.s100 = (over_last(width, self.r, sdev) for width in (20, 100))
        true_range = [self.high[0] - self.low[0]] + [self._true_range(i) for i in later]
        self.a10, self.a20, self.a50 = (over_last(w, true_range, mean) for w in (10, 20, 50))
        self.e20, self.e100 = ema(c, 20), ema(c, 100)
        self.top50, self.bottom50 = over_last(50, self.high, max), over_last(50, self.low, min)
        traded = [v * x for v, x in zip(self.volume, c, strict=True)]
        self.traded, self.usual = traded, over_last(20, traded, mean)
        known = [not math.isnan(v) for v in self.volume]
        self.first_volume = known.index(True) if any(known) else len(c)

    def _true_range(self, i: int) -> float:
        before = self.close[i - 1]
        high, low = self.high[i], self.low[i]
        members = [high - low, abs(high - before), abs(low - before)]
        return max((x for x in members if not math.isnan(x)), default=NAN)

    def gap(self, i: int) -> float:
        """Opening distance from the close before, in ATR."""
        return abs(self.open[i] - self.close[i - 1]) / self.a20[i]

    def efficiency(self, i: int) -> float:
        """ER."""
        c = self.close
        way = sum(abs(c[j] - c[j - 1]) for j in range(i - 19, i + 1))
        return 0.0 if way <= 0 else unit(abs(c[i] - c[i - 20]) / way)
