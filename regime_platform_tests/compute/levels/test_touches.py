"""Places of a price among ordered ones, and moves between them."""

import numpy as np

from regime_platform.compute.levels.touches import (
    PRICE,
    count_below,
    count_up_to,
    move_down,
    move_up,
    ordered_table,
)


def test_equal_prices_stand_together_oldest_first() -> None:
    table = ordered_table(1)
    table[PRICE, :5] = [1.0, 2.0, 2.0, 2.0, 3.0]

    assert (count_below(table[PRICE], 2.0), count_up_to(table[PRICE], 2.0)) == (1, 4)
    assert (count_below(table[PRICE], 0.5), count_up_to(table[PRICE], 9.0)) == (0, 5)


def test_all_rows_move_with_their_price() -> None:
    table = ordered_table(2)
    table[:, :4] = [[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]]

    move_up(table, 1, 3)
    assert table[:, :4].tolist() == [[1.0, 2.0, 2.0, 3.0], [10.0, 20.0, 20.0, 30.0]]
    move_down(table, 0, 2)
    assert table[:, :4].tolist() == [[2.0, 2.0, 2.0, 3.0], [20.0, 20.0, 20.0, 30.0]]
    assert np.isinf(table[:, 4:]).all()
