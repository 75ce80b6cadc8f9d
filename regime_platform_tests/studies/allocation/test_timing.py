"""What an effect has to stand out from, and what placebos keep."""

import numpy as np
import pytest

from regime_platform.studies.allocation.exposure import BY_BUCKET, RULES
from regime_platform.studies.allocation.paths import Steps, pairs
from regime_platform.studies.allocation.portfolio import LaidBlocks, Portfolio
from regime_platform.studies.allocation.study import of
from regime_platform.studies.allocation.timing import standing_out, step_draws, trial
from regime_platform.studies.options import StudyOptions
from regime_platform_tests.studies.allocation.made_up import noise

WORSE = np.linspace(-0.2, 0.0, 99)  # as placebos are, around -0.1


@pytest.mark.parametrize(
    ("effect", "p_value"),
    [
        (0.05, 0.5),  # above every placebo, but above zero by less than they spread
        (0.2, 0.01),  # far from both
        (-0.05, 1.0),  # between a constant exposure and the placebos
        (-0.1, 1.0),  # as placebos are
        (-0.4, 0.01),  # worse than either
    ],
)
def test_an_effect_stands_out_from_zero_and_from_the_placebos(
    effect: float, p_value: float
) -> None:
    placebo = standing_out(effect, WORSE)

    assert placebo.p_value == pytest.approx(p_value, abs=0.02)
    assert placebo.mean == pytest.approx(-0.1)


def test_a_placebo_keeps_the_exposures_and_their_costs_in_another_order() -> None:
    options = StudyOptions(draws=19)
    steps = Steps.of(noise(1, 800), RULES, options)
    pair = pairs(steps, 5.0)[0]
    draws = step_draws(steps, options, "MADE")

    tried = trial(steps, pair, options)

    order = draws.placebo[3]
    assert sorted(order) == list(range(len(steps)))
    assert sorted(pair.path.exposure[order]) == sorted(pair.path.exposure)
    assert tried.placebos(draws.placebo[3:4])[0] == pytest.approx(
        (1 + pair.path.exposure[order] * steps.returns) * (1 - pair.path.cost[order]) - 1
    )


def test_blocks_in_their_own_order_are_the_portfolio_itself() -> None:
    options = StudyOptions(draws=19, cost_bps=0)
    studies = [of(noise(k, 300 + 50 * k, symbol=f"S{k}"), {}, options) for k in range(3)]
    portfolio = Portfolio.of(studies, options)
    assert portfolio is not None
    ruled = portfolio.ruled(BY_BUCKET, 0.0)

    laid = LaidBlocks.of(portfolio, BY_BUCKET, ruled, 8)

    assert len(ruled.returns) % 8  # so that the first block is short of steps
    own = laid.returns(np.arange(8)[None])[0]
    assert own == pytest.approx(ruled.returns, abs=1e-6)
