"""Planted structure is found by its question, and planted nothing is not."""

from collections.abc import Callable

import numpy as np
import pytest

from regime_platform.compute.agreement import agreement
from regime_platform.studies.inference.placebo import block_orders
from regime_platform.studies.result import Conclusion
from regime_platform.studies.series import Ints
from regime_platform.studies.transitions.durations import (
    GeometricLaw,
    geometric_p_value,
    survival,
)
from regime_platform.studies.transitions.flicker import flicker
from regime_platform.studies.transitions.guessing import Guesses, guessing
from regime_platform.studies.transitions.persistence import persistences
from regime_platform.studies.transitions.stability import shuffled_counts, stability
from regime_platform.studies.transitions.timeframes import timeframe_agreement
from regime_platform_tests.studies.transitions.chains import chain, draws, states

#: Any state follows any other, as often.
FREE = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
#: 1 follows 0, 2 follows 1, 0 follows 2.
ROUND = [[0.8, 0.19, 0.01], [0.01, 0.8, 0.19], [0.19, 0.01, 0.8]]
BARS = 3000
HALVES = np.repeat([0, 1], BARS // 2)


def flickering(seed: int) -> Ints:
    """Runs of one bar or of twenty."""
    rng = np.random.default_rng(seed)
    return np.repeat(np.arange(500) % 3, rng.choice([1, 20], 500))[:BARS]


def alike(codes: Ints) -> Conclusion:
    others = np.where(np.random.default_rng(1).random(BARS) < 0.3, codes, np.roll(codes, 700))
    return timeframe_agreement("1week", states(codes), others, draws(codes)).conclusion


QUESTIONS: dict[str, tuple[Callable[[Ints], Conclusion], Ints, Ints]] = {
    "next": (
        lambda codes: guessing(states(codes), Guesses.of(codes, 3), draws(codes)),
        chain(1, ROUND, BARS),
        chain(1, FREE, BARS),
    ),
    "flicker": (
        lambda codes: flicker(states(codes), draws(codes)),
        flickering(1),
        chain(2, FREE, BARS),
    ),
    "halves": (
        lambda codes: stability(states(codes), HALVES, "era", draws(codes)),
        np.where((HALVES == 1) & (chain(4, FREE, BARS) == 0), 1, chain(4, FREE, BARS)),
        chain(4, FREE, BARS),
    ),
    "lasts": (
        lambda codes: persistences(states(codes), draws(codes))[0].conclusion,
        np.repeat(chain(3, FREE, BARS // 20), 20),
        chain(3, FREE, BARS),
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_planted_structure_is_found_and_planted_nothing_is_not(name: str) -> None:
    ask, planted, nothing = QUESTIONS[name]

    shown, not_shown = ask(planted), ask(nothing)

    assert shown.is_significant, shown.statement
    assert shown.effect > 0
    assert not not_shown.is_significant, not_shown.statement
    assert not_shown.statement.startswith("No evidence that")
    assert abs(not_shown.placebo_mean) < 0.02


def test_a_share_that_lasts_is_that_of_a_plain_count() -> None:
    codes = chain(5, FREE, 400)
    later = persistences(states(codes), draws(codes))[1]

    now = [at for at in range(380) if codes[at] == 1]
    other = [at for at in range(380) if codes[at] != 1]
    share, rest = (np.mean([codes[at + 20] == 1 for at in places]) for places in (now, other))
    assert (later.share, later.other_share) == pytest.approx((share, rest))
    assert later.conclusion.effect == pytest.approx(share - rest)


def test_guesses_that_are_right_less_often_are_no_evidence() -> None:
    codes = chain(1, FREE, BARS)
    worse = Guesses(np.arange(40, BARS, 40), *np.repeat([[False], [True]], BARS // 40 - 1, axis=1))

    conclusion = guessing(states(codes), worse, draws(codes))

    assert (conclusion.effect, conclusion.p_value) == (-1.0, 1.0)
    assert conclusion.statement.startswith("No evidence that the next of the")


def test_guesses_come_from_the_runs_that_had_ended() -> None:
    codes = np.repeat([0, 1, 0, 2, 0, 1, 0], 2)

    guesses = Guesses.of(codes, 3)

    # after the first 1: nothing known of it; at bar 6 from 0 after 0 -> 1; then from 2: nothing;
    # at 10 from 0: 1 or 2, the lower; at 12 from 1 after 1 -> 0
    assert guesses.positions.tolist() == [6, 10, 12]
    assert guesses.is_right.tolist() == [False, True, True]
    assert guesses.is_plainly_right.tolist() == [False, True, True]
    shorter = Guesses.of(codes[:11], 3)
    assert shorter.is_right.tolist() == [False, True]


def test_guesses_that_mislead_are_no_finding() -> None:
    backwards = [row[::-1] for row in ROUND[::-1]]
    codes = np.concatenate([chain(9, ROUND, BARS // 2), chain(9, backwards, BARS // 2)])

    later = guessing(states(codes), _second_half(Guesses.of(codes, 3)), draws(codes))

    assert later.effect < 0
    assert later.p_value == 1


def _second_half(guesses: Guesses) -> Guesses:
    after = guesses.positions >= BARS // 2
    return Guesses(
        guesses.positions[after], guesses.is_right[after], guesses.is_plainly_right[after]
    )


def test_placebos_of_periods_are_the_counts_of_shuffled_blocks() -> None:
    codes = chain(6, FREE, 730)
    labels = np.searchsorted([200, 410], np.arange(730), side="right")
    drawn = draws(codes)

    tables = shuffled_counts(codes, labels, 3, drawn)

    assert (tables.sum(axis=1) == np.bincount(codes)).all()
    block = 730 // 20  # at most a twentieth of the bars
    filled = np.full(-(-730 // block) * block, -1)
    filled[:730] = codes
    order = block_orders(len(filled) // block, drawn.options, *drawn.names)[4]
    shuffled = filled.reshape(-1, block)[order].ravel()
    by_hand = [
        [int((part == code).sum()) for code in range(3)] for part in np.split(shuffled, [200, 410])
    ]
    assert tables[4].tolist() == by_hand


def test_agreement_is_found_and_is_that_of_the_comparison_of_symbols() -> None:
    codes = chain(7, FREE, BARS)

    shown = alike(codes)

    others = np.where(np.random.default_rng(1).random(BARS) < 0.3, codes, np.roll(codes, 700))
    point = agreement(codes, others)
    assert point.share is not None
    assert point.by_chance is not None
    assert shown.effect == pytest.approx(point.share - point.by_chance)
    assert shown.low < shown.effect < shown.high
    assert shown.is_significant


def test_lengths_without_memory_pass_the_geometric_law_and_equal_ones_do_not() -> None:
    rng = np.random.default_rng(8)
    p_values = [geometric_p_value(rng.geometric(0.2, 200)) for _ in range(200)]

    assert 0.01 <= np.mean([p <= 0.05 for p in p_values]) <= 0.09
    assert geometric_p_value(np.full(200, 5)) < 1e-6
    assert np.isnan(geometric_p_value(rng.geometric(0.2, 20)))
    assert np.isnan(geometric_p_value(np.ones(200, np.int64)))


def test_survival_is_a_share_and_its_law_a_power() -> None:
    lengths, bars = np.array([1, 2, 2, 5]), np.array([1, 2, 4])

    assert survival(lengths, bars).tolist() == [0.75, 0.25, 0.25]
    assert GeometricLaw.of(lengths).longer(bars) == pytest.approx([0.6, 0.6**2, 0.6**4])


def test_years_without_a_state_leave_enough_blocks_of_those_with_one() -> None:
    lasting = chain(6, [[0.97, 0.015, 0.015], [0.015, 0.97, 0.015], [0.015, 0.015, 0.97]], 1200)
    late = np.concatenate([np.full(4800, -1), lasting])

    shared = draws(late)

    # as long as the states last, not as the years without one
    assert shared.block <= 2 * draws(lasting).block
    assert shared.block_of(1200) == 100
    (first, *_) = persistences(states(late), shared)
    assert first.conclusion.p_value <= 0.01
