"""A model of one series in memory: which bars are canonical, as of any moment."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA


class Bar(NamedTuple):
    """Prices and volume of a bar."""

    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def is_faulty(self) -> bool:
        """True where the gate blocks the series until the bar is excluded or replaced."""
        return self.high < self.low

    def scaled(self, factor: float) -> "Bar":
        """On another price basis."""
        open_, high, low, close = (price * factor for price in self[:4])
        return Bar(open_, high, low, close, self.volume / factor)


Bars = Mapping[dt.datetime, Bar]


@dataclass(frozen=True)
class Stored:
    """A bar that a fetch stored, or (without a bar) that its source took back."""

    at: dt.datetime
    ts: dt.datetime
    bar: Bar | None


@dataclass(frozen=True)
class Decision:
    """An override or an action of an operator, in force until it is undone."""

    at: dt.datetime
    kind: str  # exclude, withdraw or split
    number: int
    first: dt.datetime
    last: dt.datetime
    undone_at: dt.datetime | None = None

    def is_in_force(self, at: dt.datetime) -> bool:
        """True where it applies to what is known at a moment."""
        return self.at <= at and (self.undone_at is None or self.undone_at > at)


@dataclass
class Known:
    """All that was ever fetched and decided."""

    stored: list[Stored] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def fetched(self, at: dt.datetime, served: Bars) -> None:
        """After the source served all that it has; none of its ends is ever missing."""
        before = self.in_force(at)
        new = {ts: bar for ts, bar in served.items() if before.get(ts) != bar}
        gone = dict.fromkeys(before.keys() - served.keys())
        self.stored += [Stored(at, ts, bar) for ts, bar in {**new, **gone}.items()]

    def undone(self, at: dt.datetime, decision: Decision) -> None:
        """After a decision was withdrawn."""
        place = self.decisions.index(decision)
        self.decisions[place] = replace(decision, undone_at=at)

    def in_effect(self, kinds: frozenset[str], at: dt.datetime) -> list[Decision]:
        """The decisions of some kinds that apply at a moment."""
        return [each for each in self.decisions if each.kind in kinds and each.is_in_force(at)]

    def in_force(self, at: dt.datetime) -> dict[dt.datetime, Bar]:
        """The latest version of every bar that was not taken back, as it was served."""
        taken_back = self.in_effect(frozenset({"withdraw"}), at)
        bars: dict[dt.datetime, Bar] = {}
        for row in self.stored:
            if row.at > at or any(
                row.bar is not None and row.at <= each.at and each.first <= row.ts <= each.last
                for each in taken_back
            ):
                continue
            bars.pop(row.ts, None)
            if row.bar is not None:
                bars[row.ts] = row.bar
        return bars

    def valid(self, at: dt.datetime) -> dict[dt.datetime, Bar] | None:
        """What a promotion at this moment finds; None where the gate blocks."""
        excluded = self.in_effect(frozenset({"exclude"}), at)
        bars = {
            ts: bar
            for ts, bar in sorted(self.in_force(at).items())
            if not any(each.first <= ts <= each.last for each in excluded)
        }
        if any(bar.is_faulty for bar in bars.values()):
            return None
        for split in self.in_effect(frozenset({"split"}), at):
            bars = {ts: bar.scaled(0.5) if ts < split.first else bar for ts, bar in bars.items()}
        return bars

    def canonical(self, at: dt.datetime) -> dict[dt.datetime, Bar]:
        """As of a moment: of the last fetch or decision by then after which bars passed."""
        moments = {row.at for row in self.stored} | {each.at for each in self.decisions}
        moments |= {each.undone_at for each in self.decisions if each.undone_at is not None}
        for moment in sorted(moments, reverse=True):
            if moment <= at and (bars := self.valid(moment)) is not None:
                return bars
        return {}


def frame(bars: Bars) -> pl.DataFrame:
    """The bars as they are served and stored."""
    rows = [(ts, *bar) for ts, bar in sorted(bars.items())]
    return pl.DataFrame(rows, schema=dict(BAR_SCHEMA), orient="row")
