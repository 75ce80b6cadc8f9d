"""What a path of exposures earns: returns of holdings, costs of trades, drawdowns.

Arrays of returns are simple returns per bar, along the last axis; several paths at once are rows.
Step t is from the close of bar t to that of bar t + 1.
"""

import numpy as np

from regime_platform.studies.series import Floats


def trades(exposure: Floats, returns: Floats) -> Floats:
    """The share of wealth that is bought or sold at the close before each step.

    An exposure w drifts to w (1 + r) / (1 + w r) within a step; the trade is what is missing from
    there to the exposure of the next step. The first one buys the first exposure.
    """
    drifted = exposure * (1 + returns) / (1 + exposure * returns)
    return np.abs(np.diff(exposure, prepend=0.0) - _shifted(drifted - exposure))


def net_returns(exposure: Floats, returns: Floats, cost: Floats) -> Floats:
    """Returns of wealth of which a share is exposed; the rest is cash, which earns nothing.

    Args:
        exposure: share of wealth per step, decided at the close before it.
        returns: of the instrument per step.
        cost: share of wealth that the trade before the step costs.
    """
    return (1 + exposure * returns) * (1 - cost) - 1


def drawdowns(returns: Floats) -> Floats:
    """Wealth after each step against its highest until then, the start included; <= 0."""
    wealth = np.cumprod(1 + returns, axis=-1)
    highest = np.maximum(np.maximum.accumulate(wealth, axis=-1), 1.0)
    return wealth / highest - 1


def _shifted(values: Floats) -> Floats:
    """The value of the step before; 0 at the first."""
    return np.concatenate([[0.0], values[:-1]])
