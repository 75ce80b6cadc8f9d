"""Sequences of states as a test sets them, and series that have them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.studies.options import StudyOptions
from regime_platform.studies.series import Ints, StudySeries
from regime_platform.studies.transitions.draws import Draws
from regime_platform.studies.transitions.states import States
from regime_platform_tests.studies.small_series import small_series

OPTIONS = StudyOptions(draws=99)


def chain(seed: int, matrix: Sequence[Sequence[float]], bars: int) -> Ints:
    """A chain of states in which row i has the probabilities of what follows state i."""
    rng, edges = np.random.default_rng(seed), np.cumsum(matrix, axis=1)
    codes, drawn = np.zeros(bars, np.int64), rng.random(bars)
    for at in range(1, bars):
        codes[at] = np.searchsorted(edges[codes[at - 1]], drawn[at])
    return codes


def with_regimes(codes: npt.NDArray[Any], symbol: str = "CHAIN", **arrays: Any) -> StudySeries:
    """A series with these regimes, and LOW at every bar; prices do not matter."""
    regime = codes.astype(np.int8)
    return small_series(np.full(len(codes), 100.0), symbol=symbol, regime=regime, **arrays)


def states(codes: npt.NDArray[Any], size: int = 3) -> States:
    """States of a few names."""
    return States("regime", "regimes", tuple("ABCDEFG"[:size]), codes.astype(np.int64))


def draws(codes: npt.NDArray[Any], options: StudyOptions = OPTIONS) -> Draws:
    """The draws of a sequence."""
    return Draws.of(with_regimes(codes), [states(codes)], options)
