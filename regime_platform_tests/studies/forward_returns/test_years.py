import numpy as np
import polars as pl
import pytest

from regime_platform.studies.forward_returns.years import year_effects, years_table
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import ABS_MOVE, bucket_groups
from regime_platform_tests.studies.small_series import random_closes, runs, small_series

HORIZON = 5
OPTIONS = StudyOptions(horizon=HORIZON, draws=49)


def test_a_year_is_set_against_all_years_before_it() -> None:
    values = np.array([1.0, 2.0, 7.0, 3.0, 4.0, 9.0, 6.0])
    years = np.array([0, 0, -1, 1, 1, 2, 2])  # a window of the third bar reaches into another year
    signal = np.array([True, False, True, True, False, False, True])
    orders = np.array([[0, 1, 2], [1, 0, 2]])  # of blocks of 3, 3 and 1 bars

    effects = year_effects(values, signal, years, 3, orders)

    assert effects.within[0] == pytest.approx([1 - 2, 3 - 4, 6 - 9])
    assert np.isnan(effects.before[:, 0]).all()
    assert effects.before[0, 1:] == pytest.approx([1 - 2, (1 + 3) / 2 - (2 + 4) / 2])
    assert (effects.compared[0], effects.same_sign[0]) == (2, 2)
    # the signal in the other order: on, off, off, on, off, on, on
    assert effects.within[1, :2] == pytest.approx([1 - 2, 3 - 4])
    assert np.isnan(effects.within[1, 2])
    assert (effects.compared[1], effects.same_sign[1]) == (1, 1)


def test_the_rows_are_of_windows_that_end_within_their_year() -> None:
    high = runs(2, 3300, 12, 0.2)
    # moves after HIGH are three times as large, each year
    returns = np.diff(np.log(random_closes(1, 3301))) * np.where(np.roll(high, 1), 3, 1)
    series = small_series(100 * np.exp(np.cumsum(returns)), high)
    moves = ABS_MOVE.of(series, HORIZON)

    table, (conclusion,) = years_table(
        series, {ABS_MOVE: moves}, bucket_groups(series, include_immature=False), OPTIONS
    )

    years = series.ts.astype("datetime64[Y]").astype(int) + 1970
    at = np.flatnonzero(years == 2003)[:-HORIZON]
    inside = moves[at][high[at]].mean() - moves[at][~high[at]].mean()
    row = table.rows.row(by_predicate=pl.col("year") == "2003", named=True)
    assert row["abs_move_within"] == pytest.approx(inside, rel=1e-4)
    assert (row["abs_move_order"], row["abs_move_order_before"]) == ("LOW HIGH", "LOW HIGH")
    assert table.rows["abs_move_order_before"][0] == ""  # no year is before the first
    assert conclusion.windows == 12  # the first year has none before it
    shares = (table.rows["abs_move_within"] * table.rows["abs_move_before"] > 0).sum() / 12
    assert shares == 1
    assert conclusion.effect > 0.2
    assert conclusion.is_significant
