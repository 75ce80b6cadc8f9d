"""The two sequences of states that are studied: regimes and buckets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import group_title
from regime_platform.studies.series import Bools, Ints, StudySeries


@dataclass(frozen=True)
class States:
    """A state per bar."""

    key: str  # regime or bucket
    plural: str
    names: tuple[str, ...]  # of the codes
    codes: Ints  # oldest first; -1: none, as where a rank does not count

    @property
    def titles(self) -> tuple[str, ...]:
        """The names in words."""
        return tuple(map(group_title, self.names))

    @property
    def has_state(self) -> Bools:
        """Where there is a state."""
        return self.codes >= 0

    def occurring(self) -> Iterator[int]:
        """The codes that occur."""
        yield from np.unique(self.codes[self.has_state]).tolist()


_NONE = np.zeros(0, np.int64)
_REGIMES = States("regime", "regimes", REGIME_LABELS, _NONE)
_BUCKETS = States("bucket", "buckets", ESCALATION_BUCKETS[1:], _NONE)  # without NA
#: What is studied, without bars.
ALL_STATES = (_REGIMES, _BUCKETS)


def states_of(series: StudySeries, options: StudyOptions) -> tuple[States, States]:
    """Regimes, and the buckets of the ranks that count."""
    ranked = series.is_ranked(include_immature=options.include_immature)
    buckets = np.where(ranked, series.bucket.astype(np.int64) - 1, -1)
    regimes = series.regime.astype(np.int64)
    return replace(_REGIMES, codes=regimes), replace(_BUCKETS, codes=buckets)
