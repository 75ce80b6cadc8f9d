"""The volatility of daily closes and the eras that it falls into, as a chart shows them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute.eras.detection import DETECTION, log_volatility
from regime_platform.compute.eras.eras import EraChoice, midnight_us
from regime_platform.errors import ResultsError

_DAY = "1day"


@dataclass(frozen=True)
class EraPart:
    """The part of a series that lies in one era."""

    name: str  # such as "era 2 of 3", numbered over all eras of the set
    first: dt.datetime  # open of its first bar
    last: dt.datetime
    start: int  # place of its first bar in the series
    stop: int  # place after its last one
    level: float  # geometric mean of the volatility; NaN where none is known


@dataclass(frozen=True)
class EraSeries:
    """The volatility of a symbol over time."""

    symbol: str
    choice: EraChoice
    opens: list[dt.datetime]
    volatility: npt.NDArray[np.float64]  # deviation of daily log returns; NaN in the first bars
    parts: tuple[EraPart, ...]  # oldest first; only eras with bars

    @property
    def title(self) -> str:
        """What is shown."""
        return f"{self.symbol} {_DAY}, eras {self.choice.version}"


def read_eras(paths: SymbolPaths, choice: EraChoice) -> EraSeries:
    """The series of a symbol's canonical daily bars in the given eras.

    Raises:
        ResultsError: there are no daily bars, or too few for a volatility.
    """
    stored = read_in_force(paths, _DAY)
    bars = None if stored is None else stored[1].filter(stored[1]["close"] > 0)
    fewest = DETECTION.window + 2
    if bars is None or bars.height < fewest:
        has = "no" if bars is None else f"{bars.height:,}"
        raise ResultsError(
            f"{paths.symbol} has {has} daily bars of {fewest} needed for a volatility; "
            f"`regime run {paths.symbol}` fetches them, or name another symbol",
            code="too-few-bars",
        )
    opens = bars["ts"].to_list()
    volatility = np.exp(log_volatility(bars["close"].to_numpy()))
    return EraSeries(
        paths.symbol, choice, opens, volatility, tuple(_parts(choice, opens, volatility))
    )


def _parts(
    choice: EraChoice, opens: list[dt.datetime], volatility: npt.NDArray[np.float64]
) -> Iterator[EraPart]:
    ticks = np.array([midnight_us(each) for each in opens])
    for era in choice.eras:
        start, stop = (int(place) for place in np.searchsorted(ticks, (era.start_us, era.end_us)))
        if start == stop:
            continue
        known = volatility[start:stop][np.isfinite(volatility[start:stop])]
        level = float(np.exp(np.log(known).mean())) if known.size else float("nan")
        name = f"era {era.index + 1} of {len(choice.eras)}"
        yield EraPart(name, opens[start], opens[stop - 1], start, stop, level)
