"""How much of the wealth is exposed at a bar, by what is known at its close.

The rules are plain and were not fitted to anything; a study compares them and recommends none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from regime_platform.model.result_schema import ESCALATION_BUCKETS, RISK_POSTURES
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.series import Floats, StudySeries

#: Without a state or a rank that counts nothing is known, so nothing is reduced.
FULL = 1.0


@dataclass(frozen=True)
class ExposureRule:
    """Which share of wealth is exposed at each state."""

    key: str
    title: str
    shares: Mapping[str, float]

    def exposure(self, series: StudySeries, options: StudyOptions) -> Floats:
        """The share at each bar, decided at its close."""
        if self is BY_POSTURE:
            return self._shares(RISK_POSTURES)[series.posture]
        ranked = series.is_ranked(include_immature=options.include_immature)
        return np.where(ranked, self._shares(ESCALATION_BUCKETS)[series.bucket], FULL)

    @property
    def words(self) -> str:
        """The shares in words."""
        return ", ".join(
            f"{name.replace('_', ' ').lower() if self is BY_POSTURE else name} {share:.0%}"
            for name, share in self.shares.items()
        ).replace("%", " %")

    def _shares(self, names: tuple[str, ...]) -> Floats:
        # the last is that of code -1
        return np.array([*(self.shares.get(name, FULL) for name in names), FULL])


BY_BUCKET = ExposureRule(
    "by_bucket", "by bucket", {"LOW": 1.0, "MED": 0.5, "HIGH": 0.0, "NA": FULL}
)
BY_POSTURE = ExposureRule(
    "by_posture",
    "by posture",
    {"RISK_ON": 1.0, "NEUTRAL": 1.0, "CAUTIOUS": 0.5, "DEFENSIVE": 0.5, "RISK_OFF": 0.0},
)
RULES = (BY_BUCKET, BY_POSTURE)
