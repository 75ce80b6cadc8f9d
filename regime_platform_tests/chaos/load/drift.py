"""Whether a figure that was taken after every cycle of a long run rises or falls for good.

A line is fitted over the cycles after the warm-up, by least squares. A figure drifts where its line
rises by more than is allowed in a thousand cycles, and by more than the scatter explains.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Standard errors that a slope must exceed: of 20 figures that only scatter, none does by chance.
_SURE = 4.0
_CYCLES = 1_000  # ten days of quarters of an hour


@dataclass(frozen=True)
class Line:
    """A fitted line.

    Attributes:
        level: the mean over the cycles.
        rise: of a thousand cycles.
        error: standard error of ``rise``.
    """

    level: float
    rise: float
    error: float

    def drifts(self, allowed: float) -> bool:
        """True where the rise is more than ``allowed``, a share of the level (or of 1), and sure.

        A figure that falls does not drift.
        """
        return self.rise > allowed * max(self.level, 1.0) and self.rise > _SURE * self.error


def fitted(values: Sequence[float]) -> Line:
    """The line over equally spaced values, at least three."""
    number = len(values)
    middle, level = (number - 1) / 2, sum(values) / number
    spread = sum((place - middle) ** 2 for place in range(number))
    slope = sum((place - middle) * value for place, value in enumerate(values)) / spread
    left = sum(
        (value - level - slope * (place - middle)) ** 2 for place, value in enumerate(values)
    )
    error = math.sqrt(left / (number - 2) / spread)
    return Line(level, slope * _CYCLES, error * _CYCLES)


def lines(samples: Sequence[Mapping[str, float]], warm_up: int) -> dict[str, Line]:
    """The line of every figure over the cycles that have it, after the warm-up."""
    settled = samples[warm_up:]
    names = dict.fromkeys(name for sample in settled for name in sample)
    columns = {name: [sample[name] for sample in settled if name in sample] for name in names}
    return {name: fitted(values) for name, values in columns.items() if len(values) > 2}
