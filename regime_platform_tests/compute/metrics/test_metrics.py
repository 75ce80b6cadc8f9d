"""Metrics: warm-up guards, what missing values do, and the written-out rules of section 5."""

import numpy as np
import pytest
from numpy.typing import NDArray

from regime_platform.compute.kernels import compile_kernels
from regime_platform.compute.metrics import liquidity, risk, trend, volatility
from regime_platform.compute.metrics.metrics import (
    METRIC_BITS,
    BarArrays,
    Metrics,
    compute_metrics,
    valid_metrics,
)
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform_tests.builders import make_bars

Floats = NDArray[np.float64]

FIRST_BARS = {
    "market_bias": 20,
    "risk_level": 257,
    "vol_regime": 104,
    "breakout": 54,
    "downside_shock_risk": 104,
    "structural_score": 104,
    "momentum": 24,
    "liquidity": 24,
    "instability_index": 24,
    "asymmetry_metric": 64,
    "key_levels": 249,
}
_SERIES_OF_BIT = {
    "vol_regime": "vrs",
    "breakout": "breakout_up",
    "momentum": "cms",
    "liquidity": "lq",
    "key_levels": "key_levels",
}


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> None:
    compile_kernels()


def _bars(count: int = 320, seed: int = 3) -> BarArrays:
    frame = make_bars(count, seed=seed)
    columns = ("open", "high", "low", "close", "volume")
    return BarArrays(*(frame[name].to_numpy().copy() for name in columns))


def _flat_bars(count: int = 320) -> BarArrays:
    return BarArrays(*(np.full(count, 50.0) for _ in range(5)))


def _metrics(bars: BarArrays) -> Metrics:
    return compute_metrics(bars, DEFAULT_PARAMS.at("1day"))


def test_the_bits_name_every_metric_once() -> None:
    assert set(METRIC_BITS) == set(FIRST_BARS)
    assert len(METRIC_BITS) == len(FIRST_BARS)


@pytest.mark.parametrize("bit", range(len(METRIC_BITS)))
def test_a_bit_is_set_from_the_first_bar_at_which_its_metric_can_speak(bit: int) -> None:
    name = METRIC_BITS[bit]
    first = FIRST_BARS[name]
    valid = (valid_metrics(300) >> bit) & 1
    series = getattr(_metrics(_bars()), _SERIES_OF_BIT.get(name, name))
    if name == "key_levels":
        series = np.nan_to_num(series[0])

    silent = 0.5 if name == "liquidity" else 0.0

    assert not valid[:first].any()
    assert valid[first:].all()
    assert (series[:first] == silent).all()
    assert series[first] != silent


def test_a_flat_tape_has_exactly_zero_volatility_and_no_regime() -> None:
    metrics = _metrics(_flat_bars())

    assert (metrics.realized_vol == 0.0).all()
    assert (metrics.vrs == 0.0).all()
    assert (metrics.market_bias == 0.0).all()
    assert (metrics.instability_index[24:] == metrics.instability_index[24]).all()
    assert np.isnan(metrics.key_levels).all()


def test_all_metrics_stay_within_their_ranges() -> None:
    metrics = _metrics(_bars(800, seed=8))

    for name in ("risk_level", "vrs", "breakout_up", "breakout_down", "ii", "er", "lq"):
        assert ((getattr(metrics, name) >= 0) & (getattr(metrics, name) <= 1)).all(), name
    for name in ("market_bias", "structural_score", "cms", "asymmetry_metric"):
        assert (np.abs(getattr(metrics, name)) <= 1).all(), name


def test_a_missing_open_reads_as_the_largest_gap() -> None:
    bars = _bars()
    bars.open[300] = np.nan
    wide = _bars()
    wide.open[300] = wide.close[299] - 1e6

    hole, jump = _metrics(bars), _metrics(wide)

    assert hole.risk_level[300] == jump.risk_level[300]
    assert hole.downside_shock_risk[300] == jump.downside_shock_risk[300]
    assert hole.lq[300] == jump.lq[300]


def test_a_missing_high_silences_what_needs_the_range_for_twenty_bars_at_most() -> None:
    bars = _bars()
    bars.high[280] = np.nan
    bars.low[280] = np.nan

    metrics = _metrics(bars)

    # without high and low the true range is unknown, and with it every 20-bar mean that holds it
    assert (metrics.risk_level[280:300] == 0.0).all()
    assert (metrics.market_bias[280:300] == 0.0).all()
    assert metrics.market_bias[300] != 0.0


def test_one_unknown_volume_makes_liquidity_neutral_for_twenty_bars() -> None:
    volume = np.full(100, 10.0)
    volume[50] = np.nan
    close = np.linspace(10.0, 20.0, 100)

    value = liquidity.traded_value(close, volume)

    assert (value[50:70] == 0.5).all()
    assert value[70] != 0.5


def test_the_liquidity_trend_weighs_past_bars_with_the_volatility_of_this_one() -> None:
    value = np.full(60, 0.5)
    value[40:] = 0.9
    opening = np.ones(60)
    vrs = np.linspace(0.0, 1.0, 60)  # were each bar weighed with its own, this would drown the step

    lq, label, moving = liquidity.liquidity(value, opening, vrs, np.zeros(60))

    assert moving[39] == 1
    assert moving[40] == 2
    assert moving[46] == 1
    assert lq[0] == 0.5
    assert label[0] == 1


def test_the_first_liquidity_bar_has_no_bars_to_compare_with() -> None:
    value = np.linspace(0.0, 1.0, 30)
    ones = np.ones(30)

    _, _, moving = liquidity.liquidity(value, ones, ones, ones)

    assert moving[24] == 1


def test_a_resistance_overhead_raises_the_structural_score() -> None:
    count = 110
    close, atr = np.full(count, 100.0), np.full(count, 2.0)
    none, level = np.full((2, count), np.nan), np.vstack([np.full(count, 104.0), np.ones(count)])
    zeros = np.zeros(count)

    without = trend.structural_score(close, atr, none, none, zeros, zeros, zeros, zeros)
    below = trend.structural_score(close, atr, none, level, zeros, zeros, zeros, zeros)

    assert without[104] == 0.0
    assert below[104] == pytest.approx(0.25 * 0.4 * np.tanh(2.0), abs=1e-15)
    assert below[103] == 0.0


def test_a_strong_impulse_with_moderate_drive_is_called_a_range() -> None:
    close = np.linspace(100.0, 130.0, 60)
    atr, ones = np.full(60, 1.0), np.ones(60)
    zeros = np.zeros(60)

    state, cms, ii, er = trend.momentum(
        close, atr, ones, np.full(60, 0.48), zeros, zeros, ones, zeros
    )

    assert 0.20 <= cms[40] < 0.55
    assert ii[40] >= 0.50
    assert state[40] == 2
    assert er[23] == 0.0


def test_the_instability_kicker_is_live_before_the_volatility_regime() -> None:
    metrics = _metrics(_bars())

    assert (metrics.vrs[24:104] == 0.0).all()
    assert np.unique(metrics.instability_index[24:104]).size > 70


def test_a_bad_slow_sigma_saturates_the_volatility_ratio() -> None:
    sigma = np.array([0.0, 0.02, 0.02])
    nothing = np.full(3, np.nan)
    zeros = np.zeros(3)

    now, before = volatility.volatility_scores(sigma, nothing, nothing, nothing, zeros)

    assert now.tolist() == [0.0, 0.65, 0.65]
    assert before.tolist() == [0.0, 0.65, 0.65]


def test_no_dispersion_among_the_gains_counts_as_most_downside_dominance() -> None:
    count = 106
    series = np.ones(count)
    zeros = np.zeros(count)
    losses = (np.full(count, 0.01), np.full(count, 10.0))
    even = (np.full(count, 0.01), np.full(count, 10.0))
    none = (np.full(count, np.nan), np.full(count, 1.0))
    known = np.full(count, 60.0)

    def shock(gains: tuple[Floats, Floats], seen: Floats = known) -> float:
        values = risk.downside_shock_risk(
            series, series, series, series, zeros, zeros, seen, losses, gains, zeros, zeros
        )
        return float(values[104])

    assert shock(even) == pytest.approx(0.20 * 0.5 * 0.8)
    assert shock(none) == pytest.approx(0.20 * 1.0 * 0.8)
    assert shock(none, np.full(count, 14.0)) == 0.0
