"""Which series lack bars that are due by their calendar."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from regime_platform.compute_db.board import read_board
from regime_platform.model.calendar.due import newest_due
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.instants import iso
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.gate import BLOCKED

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
    """All of the symbols that are polled, in universe order; ResultsError on a damaged board."""
    columns = ("symbol", "timeframe", "last_ts", "status", "gate", "held_back")
    rows = {row[:2]: row[2:] for row in read_board(workspace.root).select(columns).iter_rows()}
    stale = []
    for instrument in workspace.universe.instruments:
        for timeframe in instrument.timeframes if instrument.is_updating else ():
            series = instrument.symbol, timeframe
            last, status, gate, reason = rows.get(series, (None, "", None, None))
            # its source has none, which the board shows
            if status == "no_bars" and gate != BLOCKED:
                continue
            missing, newest = missing_bars(instrument.market, timeframe, last, now)
            if missing:
                last_bar = "" if last is None else iso(last)
                stale.append(StaleSeries(*series, last_bar, newest, missing, reason or ""))
    return stale


@lru_cache(maxsize=4096)  # most symbols of a class end at the same bar
def missing_bars(
    market: Market, timeframe: str, last: dt.datetime | None, now: dt.datetime
) -> tuple[int, str]:
    """How many bars after ``last`` must be there by ``now``, and the newest of them.

    A source may anchor its bars elsewhere, so one less than a duration after the last is no other.
    """
    bound = newest_due(now - _GRACE[is_intraday(timeframe)], timeframe, market)
    start = bound - _LOOKED_BACK
    if last is not None:
        start = max(start, last + DURATION[timeframe])
    opens = expected_opens(market, timeframe, min(start, bound), bound)
    return opens.len(), "" if opens.is_empty() else iso(opens[-1])
