"""How long runs of a state last, against a geometric law: the law of a state without memory."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chisquare

from regime_platform.studies.series import Floats, Ints

#: Runs of so many bars or fewer are a flicker.
FLICKER = 2
_MOST_BINS = 10
_RUNS_PER_BIN = 10
_FEWEST_BINS = 3  # fewer leave no degree of freedom


@dataclass(frozen=True)
class GeometricLaw:
    """Lengths of runs that end after each bar with the same probability."""

    ends: float  # that probability, 1 / mean length

    @classmethod
    def of(cls, lengths: Ints) -> "GeometricLaw":
        """The law with the mean of these lengths, its maximum likelihood."""
        return cls(float(1 / lengths.mean()))

    def longer(self, bars: Ints) -> Floats:
        """The probability of more than so many bars."""
        return np.asarray((1 - self.ends) ** bars)


def geometric_p_value(lengths: Ints) -> float:
    """The chi-square test of lengths against the law with their mean; NaN with too few runs.

    Bins are about equally likely by the law, and have ten runs or more each; a degree of freedom is
    that of the mean.
    """
    law = GeometricLaw.of(lengths)
    bins = min(_MOST_BINS, len(lengths) // _RUNS_PER_BIN)
    if law.ends == 1 or bins < _FEWEST_BINS:
        return float("nan")
    quantiles = np.arange(1, bins) / bins
    edges = np.unique(np.ceil(np.log1p(-quantiles) / np.log1p(-law.ends)).astype(np.int64))
    beyond = np.array([1.0, *law.longer(edges), 0.0])
    if len(beyond) - 1 < _FEWEST_BINS:
        return float("nan")
    counts = np.bincount(np.searchsorted(edges, lengths), minlength=len(edges) + 1)
    return float(chisquare(counts, -np.diff(beyond) * len(lengths), ddof=1).pvalue)


def survival(lengths: Ints, bars: Ints) -> Floats:
    """The share of runs that are longer than so many bars."""
    return np.asarray((lengths[:, None] > bars).mean(axis=0))
