"""Metrics: warm-up guards, what missing values do, and the written-out rules of section 5."""

import numpy as np
import pytest

from regime_platform.compute.metrics.metrics import (
    METRIC_BITS,
    Metrics,
    compute_metrics,
    valid_metrics,
)
from regime_platform.compute.metrics.shared import BarArrays
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform_tests.builders import make_bars

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


def test_the_instability_kicker_is_live_before_the_volatility_regime() -> None:
    metrics = _metrics(_bars())

    assert (metrics.vrs[24:104] == 0.0).all()
    assert np.unique(metrics.instability_index[24:104]).size > 70
