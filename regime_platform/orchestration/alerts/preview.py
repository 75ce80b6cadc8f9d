"""What the present rules would have sent, by the stored history of every bar."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from regime_platform.errors import ResultsError
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import DURATION
from regime_platform.orchestration.alerts.changes import changes_alert, sent_changes
from regime_platform.orchestration.alerts.channels import Alert
from regime_platform.orchestration.alerts.confirmation import Change, Series
from regime_platform.orchestration.alerts.looks import LEAD, replayed
from regime_platform.orchestration.alerts.rules import AlertRules
from regime_platform.query.series import history
from regime_platform.workspace import Workspace


class Preview(NamedTuple):
    """The alerts of some days, oldest first, and what they were chosen from."""

    alerts: Sequence[Alert]
    series: int  # that a rule is about and that have results
    raw: int  # bars with another regime or bucket than the bar before
    counted: int  # changes that lasted, or went well beyond the edge
    left_out: Mapping[str, str]  # "SYMBOL timeframe" of series without results -> why


def preview(
    workspace: Workspace,
    rules: AlertRules,
    instruments: Iterable[Instrument],
    now: dt.datetime,
    days: int,
) -> Preview:
    """What would have been sent in the ``days`` before ``now`` (aware), an alert a day.

    The daemon looks after each update of the board, so that one day may have several alerts.
    """
    by_day: dict[dt.date, list[Change]] = {}
    left_out: dict[str, str] = {}
    series = raw = counted = 0
    for name in _series(rules, instruments):
        length = DURATION[name[1]]
        start = now - dt.timedelta(days=days) - length
        try:
            states = _states(workspace, name, start, now)
        except ResultsError as error:
            left_out[" ".join(name)] = str(error)
            continue
        series += 1
        raw += _raw_changes(states, start)
        for ts, change in replayed(name, states, rules.confirmation):
            if change is not None and ts > start:
                counted += 1
                # a week is known before its nominal end
                end = min(ts + length - dt.timedelta(seconds=1), now)
                by_day.setdefault(end.date(), []).append(change)
    alerts = []
    for day, changes in sorted(by_day.items()):
        if sent := sent_changes(changes, rules, workspace.universe):
            at = dt.datetime.combine(day, dt.time(), dt.UTC)
            alerts.append(changes_alert(sent, at))
    return Preview(alerts, series, raw, counted, left_out)


def _series(rules: AlertRules, instruments: Iterable[Instrument]) -> Iterator[Series]:
    """The series that a rule is about."""
    for instrument in instruments:
        for timeframe in instrument.timeframes:
            if any(rule.covers(instrument, timeframe) for rule in rules.rules):
                yield instrument.symbol, timeframe


def _states(
    workspace: Workspace, series: Series, start: dt.datetime, now: dt.datetime
) -> pl.DataFrame:
    """The bars of a series from ``start`` on, and enough before to find what counted then."""
    symbol, timeframe = series
    # twice the time of so many bars: markets are closed at nights and on weekends
    first = start - 2 * LEAD * DURATION[timeframe]
    return history(symbol, timeframe, start=first, end=now, where=workspace.settings)


def _raw_changes(states: pl.DataFrame, start: dt.datetime) -> int:
    state = pl.struct("regime_label", "escalation_bucket")
    return states.filter((state != state.shift()) & (pl.col("ts") > start)).height
