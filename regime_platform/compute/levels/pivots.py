"""Pivots and their scores by the closes of the window that touch them (section 6).

Most pivots are touched by the same closes as at the bar before. So the sums over the touches of a
pivot are kept, with the distances to its farthest touch and to the nearest close that does not
touch. They stay valid, to the bit, while the reach lies between the two distances and no close
within reach entered or left the window or became old enough for its rejection to be known.
Otherwise the touches are counted again.
"""

import math

import numpy as np

from regime_platform.compute.kernels import Floats, IndexTable, Indices, Table, kernel
from regime_platform.compute.levels.touches import (
    FARTHEST,
    LAST,
    MEASURED,
    NEAREST,
    PRICE,
    REJECTED,
    REJECTION,
    TOUCHES,
    count_below,
    count_touches,
    count_up_to,
    find_first_touches,
    move_down,
    move_up,
)
from regime_platform.compute.params import WINDOWS
from regime_platform.compute.primitives import rolling_max, rolling_min, unit

WING = 3  # bars on either side that do not exceed a pivot
_WINDOW = WINDOWS.key_levels
_TOUCH_ATR = 0.30


def pivot_prices(high: Floats, low: Floats) -> Floats:
    """H where it is the largest of its seven bars, else L where it is the smallest, else NaN.

    Ties count; NaN members are left out. NaN at the first and last three bars.
    """
    out = np.full(high.size, np.nan)
    middle = slice(WING, high.size - WING)
    top = rolling_max(high, 2 * WING + 1, True)[2 * WING :]
    bottom = rolling_min(low, 2 * WING + 1, True)[2 * WING :]
    lows = np.where(low[middle] == bottom, low[middle], np.nan)
    out[middle] = np.where(high[middle] == top, high[middle], lows)
    return out


@kernel(_nrt=False)
def roll_pivots(i: int, prices: Floats, pivots: Table, count: int) -> int:
    """Moves the ascending pivots to the window that ends at bar ``i``; returns their number.

    Args:
        i: bar index, from 0 on, every bar in turn.
        prices: per bar, see `pivot_prices`.
        pivots: table of ``TOUCH_ROWS`` rows, with ``count`` pivots.
        count: number of pivots at the bar before.
    """
    gone = i - _WINDOW + WING
    if gone >= 0 and not math.isnan(prices[gone]):
        count -= 1
        move_down(pivots, count_below(pivots[PRICE], prices[gone]), count)
        pivots[PRICE, count] = np.inf
    come = i - WING
    if come >= 0 and not math.isnan(prices[come]):
        at = count_up_to(pivots[PRICE], prices[come])
        move_up(pivots, at, count)
        pivots[PRICE, at] = prices[come]
        pivots[FARTHEST, at] = np.inf
        count += 1
    return count


@kernel(_nrt=False)
def forget(pivots: Table) -> None:
    """Marks every pivot, so that its touches are counted again at the next bar."""
    pivots[FARTHEST, :] = np.inf


@kernel(_nrt=False)
def _largest_distance(atr: float, limit: float) -> float:
    """The largest double d with d / ATR <= limit, to compare distances without dividing."""
    d = limit * atr
    while d / atr > limit:
        d = np.nextafter(d, 0.0)
    while np.nextafter(d, np.inf) / atr <= limit:
        d = np.nextafter(d, np.inf)
    return d


@kernel(_nrt=False)
def _list_changed(
    reach: float,
    come: float,
    of_age: float,
    gone: float,
    pivots: Table,
    count: int,
    changed: Indices,
) -> int:
    """Lists the pivots whose touches may have changed; returns their number."""
    prices, farthest, nearest = pivots[PRICE], pivots[FARTHEST], pivots[NEAREST]
    listed = 0
    for k in range(count):
        arrived = abs(come - prices[k])
        same_reach = (farthest[k] <= reach) & (nearest[k] > reach)
        same_closes = (abs(of_age - prices[k]) > reach) & (abs(gone - prices[k]) > reach)
        nearest[k] = min(nearest[k], arrived)
        changed[listed] = k  # overwritten by the next one unless it counts; avoids a branch
        listed += not (same_reach & same_closes & (arrived > reach))
    return listed


@kernel(_nrt=False)
def _grade(i: int, atr: float, pivots: Table, count: int, worth: Table, scores: Table) -> None:
    """Writes scores in [0, 1] into row 0 of ``scores``; row 1 is a buffer.

    score = 0.5 (1 - exp(-touches/3)) + 0.3 mean rejection in ATR over 2 + 0.2 recency.
    """
    touches, last, rejected = pivots[TOUCHES], pivots[LAST], pivots[REJECTED]
    measured = pivots[MEASURED]
    grade, recent = scores[0], scores[1]
    for k in range(count):  # look-ups apart from divisions, so that these are vectorised
        grade[k] = worth[0, int(touches[k])]
        recent[k] = worth[1, min(i - int(last[k]), _WINDOW)]
    for k in range(count):
        rejection = unit(rejected[k] / atr / measured[k] / 2.0)
        known = rejection if measured[k] > 0.0 else 0.0
        grade[k] = unit(0.5 * grade[k] + 0.3 * known + 0.2 * recent[k])


@kernel(_nrt=False)
def score_pivots(
    i: int,
    atr: float,
    close: Floats,
    closes: Table,
    pivots: Table,
    count: int,
    worth: Table,
    buffer: IndexTable,
    scores: Table,
) -> None:
    """Scores ``count`` ascending pivots by their touches among the 250 ascending closes.

    Args:
        i: bar index, from 249 on; a bar may be skipped if `forget` is called for it.
        atr: ATR_20 at that bar.
        close: per bar; ``closes`` are those of the window, see `touches.roll_closes`.
        pivots: ``count`` of them, see `roll_pivots`.
        worth: see `touch_worths`.
        buffer: two rows of ``PLACES``, as has ``scores``, of which row 0 is the result.
    """
    reach = _largest_distance(atr, _TOUCH_ATR)
    gone = close[i - _WINDOW] if i >= _WINDOW else np.nan
    changed, first = buffer[0], buffer[1]
    listed = _list_changed(reach, close[i], close[i - REJECTION], gone, pivots, count, changed)
    find_first_touches(closes[PRICE], reach, changed, listed, pivots[PRICE], first)
    for k in range(listed):
        at = changed[k]
        if at > 0 and pivots[PRICE, at] == pivots[PRICE, at - 1]:
            for row in range(FARTHEST, LAST + 1):
                pivots[row, at] = pivots[row, at - 1]
        else:
            count_touches(closes, first[k], reach, i - REJECTION, pivots, at)
    _grade(i, atr, pivots, count, worth, scores)


@kernel()
def touch_worths() -> Table:
    """Scores of k touches (row 0) and of a last touch k bars ago (row 1), for k = 0..250."""
    worth = np.empty((2, _WINDOW + 1))
    for k in range(_WINDOW + 1):
        worth[0, k] = 1.0 - math.exp(-k / 3.0)
        worth[1, k] = math.exp(-k / (_WINDOW / 3.0))
    return worth
