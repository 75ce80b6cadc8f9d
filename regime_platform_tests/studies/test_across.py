import datetime as dt

import numpy as np
import pytest

from regime_platform.studies.across import Compared, pooled_sums, pooled_view
from regime_platform.studies.inference.comparison import Claim
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, SymbolStudy, Unit
from regime_platform.studies.series import forward_return
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

OPTIONS = StudyOptions(horizon=5, draws=19)
CLAIM = Claim("return_HIGH", "after HIGH the return is {direction}", Unit.POINTS)
START = dt.datetime(2000, 1, 3, tzinfo=dt.UTC)


def answer(symbol: str, effect: float, p_value: float, placebo: float, windows: int) -> SymbolStudy:
    """A symbol with a conclusion, the p-value of its placebo, and no bars to pool."""
    conclusion = Conclusion(
        key=CLAIM.key,
        claim=CLAIM.text,
        effect=effect,
        unit=Unit.POINTS,
        low=effect - 1,
        high=effect + 1,
        p_value=p_value,
        placebo_mean=0.0,
        placebo_share=p_value,
        windows=windows,
    )
    sums = {
        f"calendar {CLAIM.key}": np.zeros((0, 0), np.float32),
        f"placebo {CLAIM.key}": np.array([placebo]),
    }
    return SymbolStudy(
        "forward-returns", symbol, "1day", START, START, 500, 0, (), (conclusion,), sums
    )


def test_symbols_are_counted_beside_their_placebos() -> None:
    answers = [
        answer("A", 0.04, 0.001, 0.7, 40),
        answer("B", 0.02, 0.04, 0.03, 40),
        answer("C", -0.01, 0.6, 0.9, 40),
        answer("D", 0.09, 0.001, 0.001, 9),  # too few windows: neither it nor its placebo counts
    ]

    table, (pooled,) = pooled_view(answers, [CLAIM], OPTIONS, {CLAIM.key: "Return after HIGH"})

    # Benjamini and Yekutieli of three: 0.001 x 3 x 11/6 is below 0.05, 0.04 x 3/2 x 11/6 is not
    assert table.rows.row(0, named=True) == {
        "claim": "Return after HIGH",
        "tested": 3,
        "positive": pytest.approx(2 / 3),
        "median": pytest.approx(0.02),
        "significant": 2,
        "significant_corrected": 1,
        "placebos": 1,
        "placebos_corrected": 0,
    }
    assert pooled.is_too_few


def test_placebos_of_symbols_are_as_likely_to_be_any() -> None:
    p_values = []
    for seed in range(120):
        high = runs(seed, 300, 6, 0.3)
        series = small_series(random_closes(seed, 300), high, symbol=f"S{seed}")
        # the signal itself is far from chance
        outcome = forward_return(series, 5) + 0.05 * high
        compared = Compared(CLAIM.key, outcome, high, np.ones(300, bool))
        (p_value,) = pooled_sums(series, [compared], OPTIONS)[f"placebo {CLAIM.key}"]
        p_values.append(p_value)

    assert 0.4 < np.mean(p_values) < 0.62
    assert np.mean(np.array(p_values) <= 0.1) < 0.2
