"""Sums of columns where signals are on, over their runs of bars.

A matrix product costs as much, on all cores, and the last digits of its sums would depend on how
many cores there are.
"""

import numpy as np

from regime_platform.studies.series import Bools, Floats


def signal_sums(signals: Bools, columns: Floats) -> Floats:
    """The sums of columns (bars, columns) where each signal (draws, bars) is on."""
    padded = np.pad(signals, ((0, 0), (1, 1)))
    changes = padded[:, 1:] != padded[:, :-1]
    edges = np.flatnonzero(changes) % changes.shape[1]
    runs = changes.sum(axis=1) // 2
    firsts = np.cumsum(runs) - runs
    before = np.zeros((len(columns) + 1, columns.shape[1]))
    np.cumsum(columns, axis=0, out=before[1:])
    sums = before[edges[1::2]] - before[edges[::2]]
    # an empty run first, since a signal may be nowhere on
    with_empty = np.insert(sums, firsts, 0, axis=0)
    return np.add.reduceat(with_empty, firsts + np.arange(len(signals)), axis=0)
