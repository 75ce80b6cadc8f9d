"""The signals that are tested as warnings, and where their runs begin."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.studies.series import Bools, Floats, Ints, StudySeries


@dataclass(frozen=True)
class Signal:
    """A warning, on where a bar has one of some buckets or regimes."""

    title: str
    buckets: tuple[str, ...] = ()
    regimes: tuple[str, ...] = ()

    def mask(self, series: StudySeries) -> Bools:
        """Where it is on; known at the close of the bar."""
        buckets = [ESCALATION_BUCKETS.index(name) for name in self.buckets]
        regimes = [REGIME_LABELS.index(name) for name in self.regimes]
        return np.isin(series.bucket, buckets) | np.isin(series.regime, regimes)


HIGH = "high"
STRESS = "shock-or-panic-risk"
#: All signals by key.
SIGNALS: Mapping[str, Signal] = MappingProxyType(
    {
        HIGH: Signal("HIGH", buckets=("HIGH",)),
        "high-or-med": Signal("HIGH or MED", buckets=("HIGH", "MED")),
        "shock": Signal("shock", regimes=("SHOCK",)),
        "panic-risk": Signal("panic risk", regimes=("PANIC_RISK",)),
        STRESS: Signal("shock or panic risk", regimes=("SHOCK", "PANIC_RISK")),
    }
)
#: Those of which conclusions are stated, also across symbols; tables have all.
STATED = (HIGH, "high-or-med", STRESS)
#: Those of which each run counts as an alarm.
ALARMS: Mapping[str, Signal] = MappingProxyType({key: SIGNALS[key] for key in (HIGH, STRESS)})


def run_starts(mask: Bools) -> Bools:
    """Where an unbroken run of the mask begins."""
    starts = mask.copy()
    starts[1:] &= ~mask[:-1]
    return starts


def trailing_counts(mask: Bools, bars: int) -> Ints:
    """How many of the last ``bars`` bars, with the bar itself, are in the mask."""
    counts = np.zeros(len(mask) + bars, np.int64)
    np.cumsum(mask, out=counts[bars:])
    trailing: Ints = counts[bars:] - counts[: len(mask)]
    return trailing


def bars_since(mask: Bools) -> Floats:
    """Bars since the last one in the mask, 0 at that bar; NaN before the first."""
    bars = np.arange(len(mask), dtype=np.float64)
    since: Floats = bars - np.fmax.accumulate(np.where(mask, bars, np.nan))
    return since
