"""What a study may be asked: horizon, split, draws; the same options give the same bytes."""

import datetime as dt
from dataclasses import dataclass
from numbers import Integral, Real
from zlib import crc32

import numpy as np

from regime_platform.errors import UsageError

#: Fewer independent windows say nothing: a conclusion on them is "too few to say".
FEWEST_WINDOWS = 10

#: In a notebook anything may be given; numbers of numpy are fine.
_KINDS: dict[str, type] = {
    **dict.fromkeys(("horizon", "draws", "seed"), Integral),
    **dict.fromkeys(("cost_bps", "confidence"), Real),
    "include_immature": bool,
}
_WORDS = {Integral: "a whole number", Real: "a number", bool: "True or False"}


@dataclass(frozen=True)
class StudyOptions:
    """The parameters of a study.

    Raises:
        UsageError: a value is of another type, or a number outside its range.
    """

    horizon: int = 20  # bars after a bar; that of the stored forward labels
    split: dt.datetime | None = None  # first open out of sample, aware
    include_immature: bool = False
    draws: int = 499  # of the bootstrap, and placebos
    seed: int = 2022
    cost_bps: float = 5.0  # of turnover, in hundredths of a percent
    confidence: float = 0.95

    def __post_init__(self) -> None:
        ranges = {
            "horizon": (1, 2_600),
            "draws": (19, 100_000),
            "seed": (0, 2**32 - 1),
            "cost_bps": (0, 10_000),
            "confidence": (0.5, 0.999),
        }
        for name, kind in _KINDS.items():
            self._require_kind(name, kind)
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise UsageError(
                    f"{name} is {value}; expected {least} to {most}", code="study-option"
                )

    def _require_kind(self, name: str, kind: type) -> None:
        value = getattr(self, name)
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise UsageError(
                f"{name} {value!r:.60} is of the type {type(value).__name__}; expected "
                f"{_WORDS[kind]}",
                code="wrong-type",
            )

    @property
    def span(self) -> str:
        """The horizon in words."""
        return "1 bar" if self.horizon == 1 else f"{self.horizon} bars"

    @property
    def alpha(self) -> float:
        """p-values up to this are significant."""
        return round(1 - self.confidence, 12)

    def generator(self, *names: str) -> np.random.Generator:
        """Random numbers that depend on the seed and on names, such as symbol and table."""
        return np.random.default_rng([self.seed, *(crc32(name.encode()) for name in names)])
