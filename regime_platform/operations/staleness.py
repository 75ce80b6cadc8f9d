"""Which series lack bars that are due by their calendar."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from regime_platform.compute_db.board import read_board
from regime_platform.model.calendar.due import newest_due
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.instants import iso
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.pipeline.run_workspace import RunWorkspace

#: How long after the end of a bar its results may be missing: three updates, or both of the day.
_GRACE = {True: dt.timedelta(hours=1), False: dt.timedelta(hours=8)}
_LOOKED_BACK = dt.timedelta(days=400)  # "more than" so many bars is precise enough


@dataclass(frozen=True)
class StaleSeries:
    """A series whose results end too early."""

    symbol: str
    timeframe: str
    last_bar: str  # ISO 8601 UTC; empty where there are no results
    expected_bar: str  # the newest that must be there
    missing: int  # bars, within the last 400 days
    reason: str  # why the last run blocked or failed the symbol, where it did

    def row(self) -> dict[str, Any]:
        """One row of a table."""
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "last bar": self.last_bar,
            "expected": self.expected_bar,
            "bars missing": self.missing,
            "held back because": self.reason,
        }


def stale_series(workspace: RunWorkspace, now: dt.datetime) -> list[StaleSeries]:
    """Every stale series of the symbols that are polled, in universe order.

    Raises:
        ResultsError: the board is damaged.
    """
    board = read_board(workspace.root)
    rows: Mapping[tuple[str, str], Any] = {
        (symbol, timeframe): values
        for symbol, timeframe, *values in board.select(
            "symbol", "timeframe", "last_ts", "status", "held_back"
        ).iter_rows()
    }
    stale = []
    for instrument in workspace.universe.instruments:
        if not instrument.is_updating:
            continue
        for timeframe in instrument.timeframes:
            last, status, reason = rows.get((instrument.symbol, timeframe), (None, "", None))
            if status == "no_bars":  # its source has none, which the board shows
                continue
            missing, newest = missing_bars(instrument.asset_class, timeframe, last, now)
            if missing:
                values = "" if last is None else iso(last)
                stale.append(
                    StaleSeries(instrument.symbol, timeframe, values, newest, missing, reason or "")
                )
    return stale


@lru_cache(maxsize=4096)  # most symbols of a class end at the same bar
def missing_bars(
    asset_class: str, timeframe: str, last: dt.datetime | None, now: dt.datetime
) -> tuple[int, str]:
    """How many bars after ``last`` must be there by ``now``, and the newest of them.

    A source may anchor its bars elsewhere, so one less than a duration after the last is no other.
    """
    bound = newest_due(asset_class, timeframe, now - _GRACE[is_intraday(timeframe)])
    start = bound - _LOOKED_BACK
    if last is not None:
        start = max(start, last + DURATION[timeframe])
    opens = expected_opens(asset_class, timeframe, start, bound) if start < bound else None
    if opens is None or opens.is_empty():
        return 0, ""
    return opens.len(), iso(opens[-1])
