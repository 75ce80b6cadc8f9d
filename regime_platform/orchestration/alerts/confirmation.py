"""Which changes of regime and bucket count: those that last, or go well beyond the edge.

A bucket changes about forty times a year on daily bars, mostly back within a few of them. Pure: the
same looks give the same changes, in the daemon and in `regime alerts preview`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from regime_platform.model.document import Document, is_absent
from regime_platform.orchestration.alerts.rules import Confirmation

#: Symbol and timeframe.
Series = tuple[str, str]


@dataclass(frozen=True)
class Look:
    """A series at its last bar."""

    regime: str
    regime_bars: int  # that it has lasted, the last one included
    bucket: str  # "" without
    percentile: float | None
    bars: int  # of the whole series so far
    is_immature: bool = False


class ReportedSeries(Document):
    """The regime and bucket of a series that count, and the bucket that does not count yet."""

    regime: str
    bucket: str
    next_bucket: str | None = Field(default=None, exclude_if=is_absent)
    #: Bars of the series when ``next_bucket`` was first seen.
    next_since: int | None = Field(default=None, exclude_if=is_absent)

    @property
    def state(self) -> tuple[str, str]:
        """Regime and bucket."""
        return self.regime, self.bucket


@dataclass(frozen=True)
class Change:
    """A change that counts."""

    symbol: str
    timeframe: str
    before: tuple[str, str]  # regime and bucket
    after: tuple[str, str]
    look: Look

    @property
    def regimes(self) -> tuple[str, str]:
        """Before and after."""
        return self.before[0], self.after[0]

    @property
    def buckets(self) -> tuple[str, str]:
        """Before and after."""
        return self.before[1], self.after[1]


def first_seen(look: Look) -> ReportedSeries:
    """A series at its first look, which reports nothing."""
    return ReportedSeries(regime=look.regime, bucket=look.bucket)


def advance(
    reported: ReportedSeries, look: Look, timeframe: str, confirmation: Confirmation
) -> ReportedSeries:
    """What counts after a look at a series."""
    needed = confirmation.needed(timeframe)
    lasts = look.regime_bars >= needed or look.regime in confirmation.at_once
    regime = look.regime if lasts else reported.regime
    if look.bucket == reported.bucket:
        return ReportedSeries(regime=regime, bucket=reported.bucket)
    since = look.bars
    if reported.next_bucket == look.bucket and reported.next_since is not None:
        since = min(since, reported.next_since)
    counts = (
        look.bars - since + 1 >= needed
        or look.bucket in confirmation.at_once
        or confirmation.is_beyond(reported.bucket, look.bucket, look.percentile)
    )
    if counts:
        return ReportedSeries(regime=regime, bucket=look.bucket)
    return ReportedSeries(
        regime=regime, bucket=reported.bucket, next_bucket=look.bucket, next_since=since
    )


def advance_all(
    reported: Mapping[Series, ReportedSeries],
    looks: Mapping[Series, Look],
    confirmation: Confirmation,
) -> tuple[dict[Series, ReportedSeries], list[Change]]:
    """What counts of all series after a look at some, and the changes; new series report none."""
    after, changes = dict(reported), []
    for series, look in looks.items():
        known = reported.get(series)
        if known is None:
            after[series] = first_seen(look)
            continue
        now = after[series] = advance(known, look, series[1], confirmation)
        if now.state != known.state:
            changes.append(Change(*series, known.state, now.state, look))
    return after, changes
