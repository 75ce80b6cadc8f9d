"""All constants of the compute, and the fingerprint over them.

`Params` has the bar counts and caps that may differ by timeframe; the other constants are compiled
into the kernels. Weights inside the formula of a metric are part of that formula; changing one
changes the digest of the compute sources.
"""

from dataclasses import asdict, dataclass
from typing import NamedTuple

from regime_platform.compute.classifier.numbers import (
    LABEL_RULES,
    QUALITY,
    REASON_EDGES,
    STANCE,
    TAG_RULES,
)
from regime_platform.model.digests import document_digest
from regime_platform.model.timeframes import canonical_timeframe


class Windows(NamedTuple):
    """Lengths in bars, the same for every timeframe (canonical compute, sections 3 to 6)."""

    fast: int = 20
    slow: int = 100
    atr_short: int = 10
    atr_long: int = 50
    breakout: int = 50
    returns: int = 60
    key_levels: int = 250
    liquidity_trend: int = 5


class FirstBars(NamedTuple):
    """First bar index at which a quantity can be non-trivial (section 5.12)."""

    state: int = 20
    market_bias: int = 20
    momentum: int = 24
    liquidity: int = 24
    instability: int = 24
    breakout: int = 54
    asymmetry: int = 64
    vol_regime: int = 104
    shock_risk: int = 104
    structure: int = 104
    key_levels: int = 249
    risk_level: int = 257


class EscalationWindows(NamedTuple):
    """Windows of the raw components, in bars before the bar itself (section 9)."""

    shock_rise: int = 10
    instability_rise: int = 5
    structure_fall: int = 10
    divergence_rise: int = 5
    first_component: int = 11  # offset from the first state bar of the first raw component


class EscalationNumbers(NamedTuple):
    """Weights and floors of the raw components (section 9)."""

    rise_over_mean: float = 0.35
    rise_over_low: float = 0.65
    smallest_ema: float = 1e-12


class Buckets(NamedTuple):
    """Lower edges of the escalation buckets (section 11)."""

    high: float = 0.85
    med: float = 0.60


class EventEdges(NamedTuple):
    """Lower edges of the event severities; the flag is set from moderate on (section 12)."""

    mild: float = 0.90
    moderate: float = 0.95
    severe: float = 0.975
    crisis: float = 0.99


WINDOWS = Windows()
FIRST_BARS = FirstBars()
ESCALATION_WINDOWS = EscalationWindows()
ESCALATION_NUMBERS = EscalationNumbers()
BUCKETS = Buckets()
EVENT_EDGES = EventEdges()


@dataclass(frozen=True)
class TimeframeParams:
    """Constants of one timeframe. All are counts of bars unless said otherwise.

    Only ``year_bars`` and the rolling windows differ today; the others are equal for historical
    reasons (section 16, flaw 13).
    """

    year_bars: int  # bars per trading year, T of section 8
    rolling_windows: tuple[int, ...] = (252, 504, 1260, 2520)
    component_min_members: int = 252
    state_gate: int = 200
    escalation_gate: int = 400
    horizon: int = 20
    peak_window: int = 252
    annualisation: int = 252
    volatility_cap: float = 0.035  # per-bar volatility at which a breakout counts as noise

    @property
    def min_members(self) -> int:
        """m_tf of section 8: members before the expanding percentile is defined."""
        return max(60, round(self.year_bars / 4))


_WEEKLY_WINDOWS = (52, 104, 260)
_DAILY = TimeframeParams(252)
_BY_TIMEFRAME = (
    ("15min", TimeframeParams(6552)),
    ("1h", TimeframeParams(1512)),
    ("4h", TimeframeParams(504)),
    ("1day", _DAILY),
    ("1week", TimeframeParams(52, rolling_windows=(*_DAILY.rolling_windows, *_WEEKLY_WINDOWS))),
)


@dataclass(frozen=True)
class Params:
    """All constants of one computation."""

    by_timeframe: tuple[tuple[str, TimeframeParams], ...] = _BY_TIMEFRAME
    #: Lists shorter than this rank a missing value at 0.5/n instead of leaving it out (section 8);
    #: 0 disables that compatibility rule.
    short_list: int = 100

    def at(self, timeframe: str) -> TimeframeParams:
        """The constants of one timeframe, under its canonical name or an alias.

        Raises:
            UsageError: there is no such timeframe.
        """
        return dict(self.by_timeframe)[canonical_timeframe(timeframe)]

    def document(self) -> dict[str, object]:
        """All constants as JSON values: these and the compiled ones."""
        # looked up at call time, under the names that the kernels read
        compiled: dict[str, NamedTuple] = {
            "windows": WINDOWS,
            "first_bars": FIRST_BARS,
            "escalation_windows": ESCALATION_WINDOWS,
            "escalation_numbers": ESCALATION_NUMBERS,
            "buckets": BUCKETS,
            "event_edges": EVENT_EDGES,
            "quality": QUALITY,
            "stance": STANCE,
            "label_rules": LABEL_RULES,
            "tag_rules": TAG_RULES,
            "reason_edges": REASON_EDGES,
        }
        return {
            "timeframes": {
                name: {**asdict(params), "min_members": params.min_members}
                for name, params in self.by_timeframe
            },
            "short_list": self.short_list,
            "compiled": {name: group._asdict() for name, group in compiled.items()},
        }

    def fingerprint(self) -> str:
        """SHA-256 hex of the canonical JSON of all constants."""
        return document_digest(self.document())


DEFAULT_PARAMS = Params()
