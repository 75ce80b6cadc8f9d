"""Invented series with a signal that has no relation to the prices, or one of known size.

Volatility clusters, tails are fat and the signal persists, so that a test that takes bars for
independent observations finds far too much in the series without a relation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import signal, stats

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import Era
from regime_platform.compute.params import BUCKETS
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS, RISK_POSTURES
from regime_platform.studies.series import StudySeries

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]

#: Deviation of a bar's return.
DEVIATION = 0.01
#: Autocorrelation of the rank from bar to bar: 0.75 as in stored daily results, where HIGH lasts
#: three bars; 0.97 as of a regime, which lasts weeks.
BRIEF, LASTING = 0.75, 0.97
#: Bars of an effect: as many as the windows of the studies have.
HORIZON = 20
_WARM_UP = 1000  # bars before the first of a computed series
_ALWAYS = (-(2**62), 2**62)
_FIRST = np.datetime64("1990-01-01")
#: Share of the bars in each regime, in the order of ``REGIME_LABELS``.
_REGIME_SHARES = (0.01, 0.03, 0.50, 0.16, 0.10, 0.05, 0.15)
_POSTURES = np.array(
    [
        RISK_POSTURES.index(name)
        for name in (
            *("RISK_OFF", "DEFENSIVE", "RISK_ON", "DEFENSIVE"),
            *("CAUTIOUS", "NEUTRAL", "NEUTRAL"),
        )
    ],
    np.int8,
)


@dataclass(frozen=True)
class Invented:
    """Returns, a rank and regimes of one series, all drawn apart."""

    returns: Floats
    rank: Floats
    regime: Codes
    rng: np.random.Generator

    @property
    def is_high(self) -> Flags:
        return self.rank >= BUCKETS.high


def invented(seed: Sequence[int] | int, bars: int, persistence: float = BRIEF) -> Invented:
    """Returns of stochastic volatility with fat tails, and a signal without relation to them."""
    rng = np.random.default_rng(seed)
    volatility = np.exp(0.4 * persistent(rng, bars, 0.98))
    noise = rng.standard_t(5, bars) / np.sqrt(5 / 3)
    returns = DEVIATION * volatility * noise / np.exp(0.4**2)
    rank = stats.norm.cdf(persistent(rng, bars, persistence))
    return Invented(returns, rank, regimes(rng, bars), rng)


def persistent(rng: np.random.Generator, bars: int, persistence: float) -> Floats:
    """A first-order autoregression with deviation 1, from its stationary law."""
    shocks = rng.standard_normal(bars) * np.sqrt(1 - persistence**2)
    shocks[0] = rng.standard_normal()
    path: Floats = signal.lfilter([1.0], [1.0, -persistence], shocks)
    return path


def regimes(rng: np.random.Generator, bars: int, persistence: float = LASTING) -> Codes:
    """Regimes of usual shares that last weeks, by the thresholds of a persistent number."""
    uniform = stats.norm.cdf(persistent(rng, bars, persistence))
    codes: Codes = np.searchsorted(np.cumsum(_REGIME_SHARES)[:-1], uniform).astype(np.int8)
    return codes


def chain(rng: np.random.Generator, bars: int, matrix: Floats) -> Codes:
    """States of a first-order chain; ``matrix`` has a row per state, of shares that sum to 1."""
    edges = np.cumsum(matrix, axis=1)
    state, states = 0, np.empty(bars, np.int8)
    for bar, draw in enumerate(rng.random(bars)):
        state = min(int(np.searchsorted(edges[state], draw, "right")), len(matrix) - 1)
        states[bar] = state
    return states


def jumps(shares: Floats, stay: float, ordered: float = 0.0) -> Floats:
    """The matrix of a chain that stays with one probability, else jumps by shares.

    With ``ordered`` so many of the jumps are to the next state in order.
    """
    others = np.tile(shares, (len(shares), 1)) * (1 - np.eye(len(shares)))
    others /= others.sum(axis=1, keepdims=True)
    following = np.roll(np.eye(len(shares)), 1, axis=1)
    matrix: Floats = stay * np.eye(len(shares)) + (1 - stay) * (
        (1 - ordered) * others + ordered * following
    )
    return matrix


def after(mask: Flags, bars: int = HORIZON) -> Flags:
    """Whether ``mask`` was true at one of the ``bars`` bars before each bar, itself left out."""
    counts = np.concatenate(([0], np.cumsum(mask)))
    at = np.arange(len(mask))
    reached: Flags = counts[at] > counts[np.maximum(at - bars, 0)]
    return reached


def study_series(made: Invented, symbol: str = "INVENTED", timeframe: str = "1day") -> StudySeries:
    """The series as a study reads it: business days, three eras, every rank mature."""
    bars = len(made.returns)
    close = 100 * np.exp(np.cumsum(made.returns))
    open_ = np.concatenate(([100.0], close[:-1]))
    reach = DEVIATION / 2 * np.abs(made.rng.standard_normal((2, bars)))
    return StudySeries(
        symbol=symbol,
        timeframe=timeframe,
        asset_class="US_EQUITY",
        ts=np.busday_offset(_FIRST, np.arange(bars), roll="forward").astype("datetime64[us]"),
        open=open_,
        high=np.maximum(open_, close) * np.exp(reach[0]),
        low=np.minimum(open_, close) * np.exp(-reach[1]),
        close=close,
        regime=made.regime,
        posture=_POSTURES[made.regime],
        bucket=(1 + np.digitize(made.rank, (BUCKETS.med, BUCKETS.high))).astype(np.int8),
        rank=made.rank,
        raw=stats.norm.ppf(made.rank),
        is_immature=np.zeros(bars, np.bool_),
        era=(3 * np.arange(bars) // bars).astype(np.int64),
    )


def unrelated(seed: Sequence[int] | int, bars: int, persistence: float = BRIEF) -> StudySeries:
    """Nothing planted: signal and regimes know nothing of the prices."""
    return study_series(invented(seed, bars, persistence))


def more_volatile(seed: Sequence[int] | int, bars: int, size: float) -> StudySeries:
    """In the 20 bars after a HIGH the deviation of returns is (1 + size) times as large."""
    made = invented(seed, bars, LASTING)
    return study_series(replace(made, returns=made.returns * (1 + size * after(made.is_high))))


def falling(seed: Sequence[int] | int, bars: int, size: float) -> StudySeries:
    """In the 20 bars after a HIGH each return has the mean -size deviations."""
    made = invented(seed, bars, LASTING)
    drift = -size * DEVIATION * after(made.is_high)
    return study_series(replace(made, returns=made.returns + drift))


def warned(
    seed: Sequence[int] | int, bars: int, share: float, lead: int = HORIZON, every: int = 120
) -> StudySeries:
    """Crashes, of which a known share is preceded by HIGH from ``lead`` bars before on.

    A crash is 12 deviations down within three bars; one in each ``every`` bars, at a random place.
    """
    made = invented(seed, bars)
    returns, rank = made.returns.copy(), made.rank.copy()
    for first in range(every, bars - every, every):
        start = first + int(made.rng.integers(every - 2 * HORIZON))
        returns[start : start + 3] -= 4 * DEVIATION
        if made.rng.random() < share:
            rank[start - lead : start] = made.rng.uniform(BUCKETS.high, 1.0, lead)
    return study_series(replace(made, returns=returns, rank=rank))


def repeating_volatility(seed: Sequence[int] | int, bars: int) -> StudySeries:
    """The rank of trailing volatility: it warns of moves, and adds nothing to that volatility."""
    made = invented(seed, bars)
    trailing = np.sqrt(trailing_mean(made.returns**2, HORIZON))
    return study_series(replace(made, rank=stats.rankdata(trailing) / len(trailing)))


def trailing_mean(values: Floats, bars: int) -> Floats:
    """The mean of the last ``bars`` values, itself included; of fewer where the series begins."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    at = np.arange(1, len(values) + 1)
    start = np.maximum(at - bars, 0)
    mean: Floats = (sums[at] - sums[start]) / (at - start)
    return mean


def looking_ahead(
    seed: Sequence[int] | int, bars: int, ahead: int = HORIZON, share: float = 1.0
) -> StudySeries:
    """A planted look-ahead: a share of the rank is the fall of the next ``ahead`` closes."""
    made = invented(seed, bars)
    path = np.concatenate(([0.0], np.cumsum(made.returns)))
    last = np.minimum(np.arange(bars) + 1 + ahead, bars)
    fall = -(path[last] - path[1:])
    own = stats.rankdata(fall) / bars
    mixed = share * own + (1 - share) * made.rank
    return study_series(replace(made, rank=stats.rankdata(mixed) / bars))


def computed(seed: Sequence[int] | int, bars: int, persistence: float = 0.0) -> StudySeries:
    """The platform's own signal on prices whose mean no past can tell; 1,000 more bars before.

    With the ``persistence`` 0 of volatility nothing can be told from the past, and every relation
    is chance.
    """
    made = invented(seed, bars + _WARM_UP)
    rng = made.rng
    volatility = np.exp(0.4 * persistent(rng, len(made.returns), persistence))
    noise = rng.standard_normal(len(made.returns))
    returns = DEVIATION * noise * (volatility if persistence else 1.0)
    prices = study_series(replace(made, returns=returns))
    frame = pl.DataFrame(
        [prices.ts, prices.open, prices.high, prices.low, prices.close, np.full(len(prices), 1e6)],
        schema=BAR_SCHEMA,
    )
    era = int(prices.ts[400].astype(np.int64))  # of 272 bars without a value none is in the second
    eras = (Era(0, _ALWAYS[0], era), Era(1, era, _ALWAYS[1]))
    result = compute_series(frame, symbol="COMPUTED", timeframe="1day", eras=eras)
    ranks = result.escalation.tail(bars)
    states = result.state.tail(bars)
    part = prices.part(-bars, None)
    return replace(
        part,
        symbol="COMPUTED",
        regime=_codes(states["regime_label"], REGIME_LABELS),
        posture=_codes(states["risk_posture"], RISK_POSTURES),
        bucket=_codes(ranks["esc_bucket"], ESCALATION_BUCKETS),
        rank=ranks["esc_pctl"].to_numpy(),
        raw=ranks["esc_raw"].to_numpy(),
    )


def _codes(labels: pl.Series, names: Sequence[str]) -> Codes:
    codes: Codes = labels.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int8)
    return codes


def chained(
    seed: Sequence[int] | int,
    bars: int,
    stay: float = 0.8,
    ordered: float = 0.0,
    changed: float = 0.0,
) -> StudySeries:
    """Regimes and buckets whose next state needs no memory but the present one.

    With ``ordered`` so many changes of regime follow one order; with ``changed`` so many jumps of
    the last third of the bars go by the reverse of the usual shares.
    """
    made = invented(seed, bars)
    usual = np.array(_REGIME_SHARES)
    late = (1 - changed) * usual + changed * usual[::-1]
    first = bars - bars // 3
    parts = [
        chain(made.rng, count, jumps(shares, stay, ordered))
        for count, shares in ((first, usual), (bars - first, late))
    ]
    edges = np.array([0.0, BUCKETS.med, BUCKETS.high, 1.0])
    bucket = chain(made.rng, bars, jumps(np.diff(edges), stay))
    rank = edges[bucket] + np.diff(edges)[bucket] * made.rng.random(bars)
    return study_series(replace(made, regime=np.concatenate(parts), rank=rank))


def chained_universe(seed: int, symbols: int, bars: int) -> list[StudySeries]:
    """Symbols with chains of their own."""
    return [
        replace(chained([seed, number], bars), symbol=f"S{number:03d}") for number in range(symbols)
    ]


def unrelated_universe(seed: int, symbols: int, bars: int) -> list[StudySeries]:
    """Symbols that fall together, with signals that rise together, neither due to the other.

    Half of the variance of each is shared.
    """
    shared = invented([seed, 0], bars, LASTING)
    return [
        study_series(_mixed(shared, invented([seed, number], bars, LASTING)), f"S{number:03d}")
        for number in range(1, symbols + 1)
    ]


def _mixed(shared: Invented, own: Invented) -> Invented:
    latent = stats.norm.ppf([shared.rank, own.rank])
    return replace(
        own,
        returns=(shared.returns + own.returns) / np.sqrt(2),
        rank=stats.norm.cdf(latent.sum(axis=0) / np.sqrt(2)),
    )
