"""How ranks settle with the bars they stand on: the figures of canonical compute, section 10.1.

Run ``python -m regime_platform_tests.compute.rank_figures``; it takes about a minute.
"""

import datetime as dt
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import tiling_eras
from regime_platform.compute.maturity import is_immature, mature_bars
from regime_platform.compute.params import BUCKETS
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import history
from regime_platform.query.states import state
from regime_platform.settings import Settings

_Floats = npt.NDArray[np.float64]
_FIRST = dt.datetime(1970, 1, 5, tzinfo=dt.UTC)
_NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
_SETTLED = 1 - BUCKETS.high
_EDGES = (0, 126, 252, 504, 1008, 1512, 2016, 2520, 3528, 4536, 5440, 6552, 8064)


def invented_bars(seed: int, count: int) -> pl.DataFrame:
    """A random walk whose volatility wanders about one level: one kind of market for ever."""
    draws = np.random.default_rng(seed).standard_normal((count, 5)).T
    level = np.zeros(count)
    for bar in range(1, count):
        level[bar] = 0.97 * level[bar - 1] + 0.1 * draws[0, bar]
    volatility = 0.012 * np.exp(level)
    close = 100 * np.exp(np.cumsum(draws[1] * volatility))
    open_ = np.append(100.0, close[:-1]) * np.exp(0.2 * draws[2] * volatility)
    high = np.maximum(open_, close) * np.exp(0.4 * np.abs(draws[3]) * volatility)
    low = np.minimum(open_, close) * np.exp(-0.4 * np.abs(draws[4]) * volatility)
    # a bar a day whatever the timeframe: the compute counts bars and asks for no calendar
    opens = [_FIRST + dt.timedelta(days=bar) for bar in range(count)]
    columns = [opens, open_, high, low, close, np.full(count, 1e6)]
    return pl.DataFrame(dict(zip(BAR_SCHEMA, columns, strict=True)), schema=BAR_SCHEMA)


def settling(timeframe: str, series: int, era_bars: int) -> Iterator[tuple[str, str, str]]:
    """Of invented series with two eras: which era and bars, HIGH and the distance from hindsight.

    Hindsight is the rank among all bars of the era that have a value.
    """
    eras = tiling_eras(((_FIRST + dt.timedelta(days=era_bars)).date(),))
    tables = [
        compute_series(
            invented_bars(seed, 2 * era_bars), symbol="X", timeframe=timeframe, eras=eras
        ).escalation
        for seed in range(series)
    ]
    ranks, raw = (
        np.array([table[name].to_numpy() for table in tables]) for name in ("esc_pctl", "esc_raw")
    )
    for name, era in (("first", slice(era_bars)), ("later", slice(era_bars, None))):
        known, last = ranks[:, era], np.array([_hindsight(values) for values in raw[:, era]])
        for start, stop in pairwise((*(edge for edge in _EDGES if edge < era_bars), era_bars)):
            now, then = known[:, start:stop], last[:, start:stop]
            has_rank = ~np.isnan(now) & ~np.isnan(then)
            if has_rank.any():
                now, then = now[has_rank], then[has_rank]
                alike = (_bucket(now) == _bucket(then)).mean()
                share = f"HIGH {(now >= BUCKETS.high).mean():6.1%}"
                far = f"off by {np.abs(now - then).mean():.3f}, same bucket {alike:6.1%}"
                yield f"{timeframe} {name} era, bars {start:,} to {stop:,}", share, far


def _hindsight(values: _Floats) -> _Floats:
    present = np.sort(values[~np.isnan(values)])
    sides: list[npt.NDArray[np.int64]] = [
        np.searchsorted(present, values, "left"),
        np.searchsorted(present, values, "right"),
    ]
    ranks = (sides[0] + sides[1] + 1) / 2 / len(present)
    return np.where(np.isnan(values), np.nan, ranks)


def _bucket(ranks: _Floats) -> npt.NDArray[np.int64]:
    return np.digitize(ranks, (BUCKETS.med, BUCKETS.high))


def expected_high(bars: int, missing: int) -> float:
    """The share of HIGH to expect of ``bars`` with a value and ``missing`` without, of one kind."""
    return max(0.0, 1 - BUCKETS.high * (bars + missing) / bars)


def packaged_series(where: Path) -> Iterator[tuple[str, str]]:
    """Symbol and timeframe of every packaged series with results, after a run in ``where``."""
    workspace = RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=where))
    list(run_symbols(workspace, workspace.universe.instruments, _NOW))
    states = ((symbol, state(symbol, where=where)) for symbol in workspace.universe.symbols)
    return ((symbol, timeframe) for symbol, latest in states for timeframe in latest)


def sample_shares(where: Path) -> pl.DataFrame:
    """Of the packaged series: ranked bars, and the share of each bucket, immature or not."""
    shown = ("timeframe", "esc_bucket", "is_rank_immature")
    frames = [history(*series, where=where).select(shown) for series in packaged_series(where)]
    ranked = pl.concat(frames).drop_nulls("is_rank_immature")
    shares = [
        (pl.col("esc_bucket") == name).mean().round(3).alias(name)
        for name in ("LOW", "MED", "HIGH")
    ]
    return (
        ranked.group_by("timeframe", "is_rank_immature")
        .agg(pl.len().alias("ranks"), *shares)
        .sort("timeframe", "is_rank_immature", descending=[False, True])
    )


def main() -> None:
    """Prints all figures."""
    for timeframe, series, era_bars in (
        ("1day", 40, 6552),
        ("1week", 40, 6552),
        ("15min", 8, 14000),
    ):
        for line in settling(timeframe, series, era_bars):
            print(", ".join(line))
    for bars, missing in ((252, 0), (1541, 272), (2243, 272), (5168, 272)):
        share = expected_high(bars, missing)
        print(f"{bars:,} with a value, {missing:,} without: HIGH {share:.1%} of {_SETTLED:.0%}")
    for timeframe in TIMEFRAMES:
        size = mature_bars(timeframe)
        first = next(n for n in range(size, 10**6) if not is_immature(n, 272, size)) + 272
        print(f"{timeframe}: {size:,} bars, {first:,} in the first era of a series")
    with tempfile.TemporaryDirectory() as folder, pl.Config(tbl_rows=-1):
        print(sample_shares(Path(folder)))


if __name__ == "__main__":
    main()
