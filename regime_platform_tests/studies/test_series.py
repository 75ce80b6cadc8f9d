"""What followed a bar, by hand and as the stored forward labels have it."""

import numpy as np
import pytest

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import history
from regime_platform.query.study.stored_series import series_of
from regime_platform.studies.series import forward_abs_move, forward_drawdown, forward_return
from regime_platform_tests.studies.small_series import small_series

NAN = float("nan")


def test_the_window_of_a_bar_is_the_closes_after_it() -> None:
    series = small_series([100, 110, 99, 120, 90])

    assert forward_return(series, 2) == pytest.approx(
        [-0.01, 120 / 110 - 1, 90 / 99 - 1, NAN, NAN], nan_ok=True
    )
    assert forward_abs_move(series, 2) == pytest.approx(
        [0.10, 0.10, 120 / 99 - 1, NAN, NAN], nan_ok=True
    )
    assert forward_drawdown(series, 2) == pytest.approx(
        [-0.01, 99 / 110 - 1, 90 / 99 - 1, NAN, NAN], nan_ok=True
    )
    assert np.isnan(forward_return(series, 5)).all()


def test_a_rise_is_no_drawdown() -> None:
    assert forward_drawdown(small_series([100, 101, 102, 103]), 2)[:2].tolist() == [0, 0]


def test_the_largest_move_is_the_stored_forward_label(processed: RunWorkspace) -> None:
    rows = history("IBM", "1day", labels=True, where=processed.settings)
    stored = rows["fwd_absret_h"].to_numpy()[:-20]

    assert forward_abs_move(series_of(processed, "IBM", "1day").series, 20)[:-20] == pytest.approx(
        stored, rel=1e-12
    )


def test_ranks_count_where_they_are_mature_or_immature_ones_do_too() -> None:
    series = small_series(
        [1, 1, 1],
        rank=np.array([NAN, 0.3, 0.9]),
        is_immature=np.array([False, True, False]),
    )

    assert series.is_ranked(include_immature=False).tolist() == [False, False, True]
    assert series.is_ranked(include_immature=True).tolist() == [False, True, True]
    assert series.part(1, None).rank.tolist() == [0.3, 0.9]
    assert len(series.part(None, 2)) == 2
