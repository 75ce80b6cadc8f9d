"""Many differences of means at once: of bars with a signal and without, in every draw.

All differences of a study share one set of draws, so that they may be subtracted and compared with
each other draw by draw.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from regime_platform.studies.inference.signal_sums import signal_sums
from regime_platform.studies.series import Bools, Floats


@dataclass(frozen=True)
class Effects:
    """Differences of means, and the bars with the signal behind each."""

    effect: Floats  # (columns,) or (draws, columns); NaN where a side has no bar
    bars: Floats  # the same shape


@dataclass(frozen=True)
class EffectColumns:
    """The outcomes that are compared; a bar enters a column where ``enters`` is True.

    Attributes:
        values: (bars, columns), finite.
        enters: (bars, columns).
    """

    values: Floats
    enters: Bools

    def observed(self, signal: Bools) -> Effects:
        """The differences as they are, of shape (columns,)."""
        values, enters = self._columns
        on = signal.astype(np.float64)
        return _effects(on @ values, on @ enters, values.sum(axis=0), enters.sum(axis=0))

    def resampled(self, signal: Bools, block: int, weights: Floats) -> Effects:
        """The differences in every draw of the bootstrap, (draws, columns).

        Args:
            signal: (bars,).
            block: bars of a block.
            weights: (draws, blocks): how often a draw has a block.
        """
        values, enters = self._columns
        on = signal[:, None]
        parts = np.hstack([values * on, enters * on, values, enters])
        sums = np.add.reduceat(parts, np.arange(0, len(parts), block), axis=0)
        return _effects(*np.split(weights @ sums, 4, axis=1))

    def placebos(self, signals: Bools) -> Effects:
        """The differences of other signals, (draws, columns); ``signals`` is (draws, bars)."""
        values, enters = self._columns
        sums = signal_sums(signals, np.hstack([values, enters]))
        inside, bars = np.split(sums, 2, axis=1)
        return _effects(inside, bars, values.sum(axis=0), enters.sum(axis=0))

    @cached_property
    def _columns(self) -> tuple[Floats, Floats]:
        # taken from their mean, so that sums in float32 keep their digits
        centred = self.values - self.values.mean(axis=0)
        return centred * self.enters, self.enters.astype(np.float64)


def _effects(inside: Floats, bars: Floats, total: Floats, all_bars: Floats) -> Effects:
    with np.errstate(invalid="ignore", divide="ignore"):
        effect: Floats = inside / bars - (total - inside) / (all_bars - bars)
    return Effects(effect, bars)
