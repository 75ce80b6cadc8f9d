"""Which series lack bars that are due by their calendar."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from regime_platform.compute_db.board import read_board
from regime_platform.model.calendar.lateness import SeriesAge, series_age
from regime_platform.model.instants import iso
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.gate import BLOCKED, NO_BARS


@dataclass(frozen=True)
class StaleSeries:
    """A series whose results end too early."""

    symbol: str
    age: SeriesAge
    reason: str  # why the last run blocked or failed the symbol, where it did

    @property
    def timeframe(self) -> str:
        """Of the series."""
        return self.age.timeframe

    @property
    def name(self) -> str:
        """Symbol and timeframe."""
        return f"{self.symbol} {self.timeframe}"

    @property
    def line(self) -> str:
        """The series in an alert."""
        return f"{self.name}: {self.age}{f'; {self.reason}' if self.reason else ''}"

    @property
    def last_bar(self) -> str:
        """ISO 8601 UTC; empty where there are no results."""
        return "" if self.age.last_bar is None else iso(self.age.last_bar)

    def row(self) -> dict[str, Any]:
        """One row of a table."""
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "last bar": self.last_bar,
            "expected": "" if self.age.due_bar is None else iso(self.age.due_bar),
            "bars missing": self.age.missing,
            "reason": self.reason,
        }


def stale_series(workspace: RunWorkspace, now: dt.datetime) -> list[StaleSeries]:
    """All of the symbols that are polled, in universe order; ResultsError on a damaged board."""
    columns = ("symbol", "timeframe", "last_ts", "status", "gate", "held_back", "derived_from")
    rows = {row[:2]: row[2:] for row in read_board(workspace.root).select(columns).iter_rows()}
    stale = []
    for instrument in workspace.universe.instruments:
        for timeframe in instrument.timeframes if instrument.is_updating else ():
            series = instrument.symbol, timeframe
            last, status, gate, reason, finer = rows.get(series, (None, "", None, None, None))
            # its source has none, or its files are damaged: the board shows that instead
            is_without = gate == NO_BARS or (status == NO_BARS and gate != BLOCKED)
            if is_without or (status == Status.FAILED and last is None):
                continue
            age = series_age(instrument, timeframe, last, now, built_from=finer)
            if age.is_stale:
                stale.append(StaleSeries(instrument.symbol, age, reason or ""))
    return stale
