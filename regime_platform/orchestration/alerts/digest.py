"""The weekly digest: what changed, how long regimes have lasted, what fails. Pure."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Self

import polars as pl

from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.alerts.changes import counted, group_of, in_order, line_of
from regime_platform.orchestration.alerts.channels import Alert
from regime_platform.orchestration.alerts.confirmation import (
    Change,
    Look,
    ReportedSeries,
    Series,
)
from regime_platform.orchestration.alerts.looks import board_looks, failing
from regime_platform.orchestration.alerts.reported import WeeklyDigest
from regime_platform.orchestration.alerts.rules import HIGH
from regime_platform.report.palette import readable

_CHANGES = 8  # lines, so that the digest fits a screen
_FAILURES = 5
_REGIMES = 3  # of a tier and timeframe
_NAMED = 3  # series that lack bars


@dataclass(frozen=True)
class WeekNow:
    """The tracked series of a digest as they are now."""

    looks: Mapping[Series, Look]
    reported: Mapping[Series, ReportedSeries]
    failing: Mapping[str, str]  # symbol -> why
    universe: Universe
    stale: Sequence[str] = ()  # series that lack bars

    @classmethod
    def of(
        cls,
        board: pl.DataFrame,
        reported: Mapping[Series, ReportedSeries],
        universe: Universe,
        timeframes: Collection[str],
    ) -> Self:
        """What the board shows of some timeframes, and what counts of them."""
        rows = board.filter(pl.col("symbol").is_in(universe.symbols))
        wanted = {
            series: look
            for series, look in board_looks(rows).items()
            if series in reported and series[1] in timeframes
        }
        return cls(wanted, reported, failing(rows), universe)

    def baseline(self, now: dt.datetime) -> WeeklyDigest:
        """What the next digest is compared with."""
        states = {" ".join(series): self.reported[series].state for series in self.looks}
        return WeeklyDigest(at=now, series=states)

    def changes(self, last: WeeklyDigest) -> list[Change]:
        """In order; a series that changed and came back has not changed."""
        before = last.by_series
        changes = (
            Change(*series, before[series], self.reported[series].state, look)
            for series, look in self.looks.items()
            if before.get(series, ("", "")) != self.reported[series].state and series in before
        )
        return in_order(changes, self.universe)

    def lasting(self) -> Iterator[str]:
        """For each tier and timeframe its commonest regimes, and how long they have lasted."""
        tiers = {instrument.symbol: instrument.tier for instrument in self.universe.instruments}
        groups: dict[tuple[str, str], list[Look]] = {}
        for (symbol, timeframe), look in self.looks.items():
            groups.setdefault((tiers[symbol], timeframe), []).append(look)
        for (tier, timeframe), members in sorted(groups.items()):
            common = Counter(look.regime for look in members).most_common(_REGIMES)
            words = []
            for name, count in common:
                bars = median_low(look.regime_bars for look in members if look.regime == name)
                words.append(f"{count:,} {readable(name)} (median {bars:,} bars)")
            high = sum(look.bucket == HIGH for look in members)
            yield f"{tier} {timeframe}, {len(members):,} series: {', '.join(words)}; {high:,} HIGH"


def digest_alert(
    last: WeeklyDigest,
    now: dt.datetime,
    week: WeekNow,
    failures: Sequence[str],
    notes: Sequence[str] = (),
) -> Alert:
    """What happened since the digest ``last``, and what fails now: at most a screen."""
    changes = week.changes(last)
    title = (
        f"digest of {last.at:%Y-%m-%d} to {now:%Y-%m-%d}: {len(changes):,} of {len(week.looks):,} "
        f"series changed, {len(failures):,} open failure{'s' * (len(failures) != 1)}"
    )
    lines = [
        *notes,
        f"changes: {counted(Counter(map(group_of, changes)))}",
        *_first(list(map(line_of, changes)), _CHANGES, "`regime board` shows every state"),
        *week.lasting(),
        *_first([f"open: {line}" for line in failures], _FAILURES, "`regime status` shows all"),
        *([f"late: {len(week.stale):,} series lack bars: {_names(week.stale)}"] * bool(week.stale)),
    ]
    facts = {
        "changes": len(changes),
        "series": len(week.looks),
        "open_failures": len(failures),
        "stale": len(week.stale),
    }
    return Alert("weekly_digest", title, now, lines, facts)


def _names(series: Sequence[str]) -> str:
    return f"{', '.join(series[:_NAMED])}{', ...' if len(series) > _NAMED else ''}"


def _first(lines: Sequence[str], most: int, all_of: str) -> list[str]:
    """The first lines, and how many are left out."""
    if len(lines) <= most:
        return list(lines)
    left = len(lines) - most + 1
    return [*lines[: most - 1], f"and {left:,} more; {all_of}"]
