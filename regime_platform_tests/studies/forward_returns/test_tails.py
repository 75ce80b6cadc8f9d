import numpy as np
import polars as pl
import pytest

from regime_platform.studies.forward_returns.tails import tail_limits, tail_table
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import bucket_groups
from regime_platform.studies.series import forward_return
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

HORIZON = 5
OPTIONS = StudyOptions(horizon=HORIZON, draws=49)


def test_the_limit_of_a_year_is_of_windows_that_had_ended_before_it() -> None:
    series = small_series(random_closes(1, 1000), runs(2, 1000, 10, 0.2))
    returns = forward_return(series, HORIZON)

    limits = tail_limits(series, returns, HORIZON)

    years = series.ts.astype("datetime64[Y]").astype(int) + 1970
    assert np.isnan(limits[years == 2000]).all()
    for year in (2001, 2002, 2003):
        first = int(np.argmax(years == year))
        ended = [series.close[t + HORIZON] / series.close[t] - 1 for t in range(first - HORIZON)]
        assert set(limits[years == year]) == {np.quantile(ended, 0.05)}


def test_later_bars_change_no_limit() -> None:
    closes = random_closes(1, 1000)
    whole, until = small_series(closes), small_series(closes[:700])

    limits = tail_limits(whole, forward_return(whole, HORIZON), HORIZON)

    before = tail_limits(until, forward_return(until, HORIZON), HORIZON)
    np.testing.assert_array_equal(before, limits[:700])


def test_the_table_counts_windows_beyond_the_limit() -> None:
    high = runs(2, 1000, 10, 0.2)
    closes = random_closes(1, 1000)
    closes *= np.cumprod(np.where(np.roll(high, 1), 0.985, 1.0))  # falls after HIGH
    series = small_series(closes, high)
    returns = forward_return(series, HORIZON)
    groups = bucket_groups(series, include_immature=False)

    table, conclusions = tail_table(series, returns, groups, OPTIONS)

    limits = tail_limits(series, returns, HORIZON)
    known = ~np.isnan(limits) & ~np.isnan(returns)
    row = table.rows.row(by_predicate=pl.col("group") == "HIGH", named=True)
    inside = high & known
    beyond = returns < limits
    assert row["bars"] == inside.sum()
    assert row["share"] == pytest.approx(beyond[inside].mean())
    assert row["shortfall"] == pytest.approx(returns[inside & beyond].mean())
    assert row["difference"] == pytest.approx(beyond[inside].mean() - beyond[known & ~high].mean())
    assert conclusions[-1].is_significant
