"""Changes as an alert: grouped by kind, the most important first, core symbols before others."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from regime_platform.compute.maturity import marked
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.alerts.channels import Alert
from regime_platform.orchestration.alerts.confirmation import Change
from regime_platform.orchestration.alerts.rules import HIGH, URGENT, AlertRules
from regime_platform.report.palette import readable


class ChangeGroup(StrEnum):
    """The kinds of changes, the most important first."""

    NEW_URGENT = "new shock or panic"
    NEW_HIGH = "new HIGH"
    LEFT_URGENT = "left shock or panic"
    LEFT_HIGH = "left HIGH"
    OTHER = "other"


_ORDER = list(ChangeGroup)


def group_of(change: Change) -> ChangeGroup:
    """The most important kind that a change is of."""
    (old_regime, regime), (old_bucket, bucket) = change.regimes, change.buckets
    is_of = {
        ChangeGroup.NEW_URGENT: regime != old_regime and regime in URGENT,
        ChangeGroup.NEW_HIGH: bucket == HIGH != old_bucket,
        ChangeGroup.LEFT_URGENT: old_regime in URGENT and regime not in URGENT,
        ChangeGroup.LEFT_HIGH: old_bucket == HIGH != bucket,
    }
    return next((group for group, applies in is_of.items() if applies), ChangeGroup.OTHER)


def in_order(changes: Iterable[Change], universe: Universe) -> list[Change]:
    """By group, core symbols first, longer timeframes first."""
    rank = {symbol: place for place, symbol in enumerate(universe.symbols)}
    lengths = list(reversed(TIMEFRAMES))

    def key(change: Change) -> tuple[int, int, int]:
        place = rank.get(change.symbol, len(rank))
        return _ORDER.index(group_of(change)), place, lengths.index(change.timeframe)

    return sorted(changes, key=key)


def sent_changes(changes: Iterable[Change], rules: AlertRules, universe: Universe) -> list[Change]:
    """The changes that the rules send at once, in order."""
    known = set(universe.symbols)
    return in_order(
        (
            change
            for change in changes
            if change.symbol in known
            and rules.sends(
                universe.instrument(change.symbol),
                change.timeframe,
                change.regimes,
                change.buckets,
            )
        ),
        universe,
    )


def changes_alert(changes: Sequence[Change], at: dt.datetime, notes: Sequence[str] = ()) -> Alert:
    """The alert of changes in order; ``notes`` come before them."""
    counts = Counter(map(group_of, changes))
    series = "1 series" if len(changes) == 1 else f"{len(changes):,} series"
    title = f"{series} changed regime or bucket: {counted(counts)}"
    return Alert(
        "regime_changed",
        title,
        at,
        [*notes, *map(line_of, changes)],
        {group.value.replace(" ", "_").lower(): counts[group] for group in _ORDER},
        groups=[*("notes" for _ in notes), *(group_of(change).value for change in changes)],
    )


def counted(counts: Counter[ChangeGroup]) -> str:
    """Such as "2 new HIGH, 1 other"; "none" without any."""
    words = [f"{counts[group]:,} {group}" for group in _ORDER if counts[group]]
    return ", ".join(words) or "none"


def line_of(change: Change) -> str:
    """A change in one line, and where the board shows what does not count yet, that too."""
    look = change.look
    now = (look.regime, look.bucket)
    rank = "" if look.percentile is None else f", escalation {look.percentile:.2f}"
    bars = f"regime for {look.regime_bars:,} bar{'s' * (look.regime_bars != 1)}"
    differs = "" if change.after == now else f"; now {_state(*now)}"
    return (
        f"{group_of(change)}: {change.symbol} {change.timeframe}: {_state(*change.before)} -> "
        f"{_state(*change.after, is_immature=look.is_immature)}{differs}{rank}; {bars}"
    )


def _state(regime: str, bucket: str, *, is_immature: bool = False) -> str:
    words = readable(regime)
    return f"{words} ({marked(bucket, is_immature=is_immature)})" if bucket else words
