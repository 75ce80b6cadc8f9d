"""Symbols that fall together are one case, and the order of symbols is of no matter."""

from dataclasses import replace

import numpy as np
import pytest

from regime_platform.studies.inference.comparison import Claim
from regime_platform.studies.inference.pooled import CalendarSums, calendar_sums, pooled_comparison
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Unit
from regime_platform.studies.series import Bools, StudySeries, forward_abs_move
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

OPTIONS = StudyOptions(draws=99)
CLAIM = Claim("move", "the move is {direction} after HIGH", Unit.POINTS)
BARS = 1500


def _sums(series: StudySeries, mask: Bools) -> CalendarSums:
    return calendar_sums(series, forward_abs_move(series, 20), mask, OPTIONS)


def test_the_effect_is_the_difference_within_symbols() -> None:
    calm, wild = (
        small_series(random_closes(seed, BARS, deviation), symbol=str(seed))
        for seed, deviation in ((1, 0.005), (2, 0.05))
    )
    masks = runs(3, BARS, 10, 0.1), runs(4, BARS, 10, 0.5)  # the wild one has most of the signal

    pooled = pooled_comparison(
        [_sums(series, mask) for series, mask in zip((calm, wild), masks, strict=True)],
        CLAIM,
        OPTIONS,
    )

    moves = [forward_abs_move(series, 20)[:-20] for series in (calm, wild)]
    # beside a constant for each symbol; both have the same number of bars
    symbols = np.repeat(np.eye(2), BARS - 20, axis=0)
    columns = np.column_stack([np.concatenate([mask[:-20] for mask in masks]), symbols])
    wanted = np.linalg.lstsq(columns, np.concatenate(moves), rcond=None)[0][0]
    assert pooled.effect == pytest.approx(wanted, abs=1e-6)


def test_an_effect_of_the_same_size_in_every_symbol_is_the_pooled_one() -> None:
    rng, sums = np.random.default_rng(5), []
    for share in (0.05, 0.5, 0.0):
        series = small_series(random_closes(1, BARS), symbol=str(share))
        mask = rng.random(BARS) < share
        outcome = 0.01 * mask + rng.normal(0, 0.0005, BARS)
        sums.append(calendar_sums(series, outcome, mask, OPTIONS))

    pooled = pooled_comparison(sums, CLAIM, OPTIONS)

    assert pooled.effect == pytest.approx(0.01, abs=0.0001)
    assert pooled.low < 0.01 < pooled.high


def test_the_same_symbol_twice_shows_no_more_than_once() -> None:
    series, mask = small_series(random_closes(1, BARS)), runs(2, BARS, 10, 0.3)
    once = pooled_comparison([_sums(series, mask)], CLAIM, OPTIONS)
    often = pooled_comparison([_sums(series, mask)] * 5, CLAIM, OPTIONS)

    for name in ("effect", "low", "high", "p_value", "windows"):
        assert getattr(often, name) == pytest.approx(getattr(once, name), rel=1e-5)


def test_symbols_of_other_times_are_laid_on_one_calendar() -> None:
    older = small_series(random_closes(1, BARS), symbol="OLD")
    younger = small_series(random_closes(2, 700), first="2004-01-05", symbol="NEW")
    sums = [_sums(older, runs(3, BARS, 10, 0.3)), _sums(younger, runs(4, 700, 10, 0.3))]

    pooled = pooled_comparison(sums, CLAIM, OPTIONS)
    other_way = pooled_comparison(sums[::-1], CLAIM, OPTIONS)

    assert pooled.effect == pytest.approx(other_way.effect)
    assert pooled.p_value == other_way.p_value
    assert pooled.windows == 14  # half-years of 2000 to the end of the younger, in September 2006


def test_without_any_signal_there_is_no_conclusion() -> None:
    series, nowhere = small_series(random_closes(1, 300)), np.zeros(300, bool)
    young = replace(series, ts=series.ts[:30], close=series.close[:30])

    pooled = pooled_comparison([_sums(series, nowhere), _sums(young, nowhere[:30])], CLAIM, OPTIONS)
    apart = pooled_comparison([_sums(series, nowhere), _sums(young, ~nowhere[:30])], CLAIM, OPTIONS)
    nothing = pooled_comparison([], CLAIM, OPTIONS)

    assert np.isnan([pooled.effect, apart.effect, nothing.effect]).all()
    assert (pooled.windows, nothing.windows) == (0, 0)
