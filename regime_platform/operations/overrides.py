"""Deciding about single bars: what a person says is written down, and the next promotion obeys."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.overrides import read_decisions, write_decisions
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.rejected import read_rejected
from regime_platform.errors import UsageError
from regime_platform.model.calendar.trading_hours import tolerated_opens
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import iso
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.validation.marks import REJECTED
from regime_platform.validation.overrides import (
    ANY_RULE,
    Override,
    OverrideKind,
    in_force,
    with_added,
    with_withdrawn,
)
from regime_platform.validation.policy import CONFIGURABLE

_A_WHILE = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Statement:
    """Why somebody decides something, who that is, and when.

    Raises:
        UsageError: no reason is given.
    """

    reason: str
    by: str
    at: dt.datetime  # aware

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise UsageError(
                "--reason is empty; say why, for whoever reads it in a year", code="no-reason"
            )


def exclude(
    root: DataRoot, instrument: Instrument, timeframe: str, opens: dt.datetime, said: Statement
) -> Override:
    """Keeps the bar that opens at ``opens`` out of the canonical bars from the next promotion on.

    Raises:
        UsageError: the raw log holds no such bar, or it is excluded already.
    """
    paths, known = root.symbol(instrument.symbol), _timeframe(instrument, timeframe)
    if not _is_held(paths, known, opens):
        raise UsageError(
            f"{instrument.symbol} has no {known} bar that opens at {iso(opens)}; "
            f"`regime bars {instrument.symbol} {known}` shows those it has",
            code="no-such-bar",
        )
    return _add(paths, _entry(OverrideKind.EXCLUDE, known, opens, said))


def exclude_rejected(
    root: DataRoot, instrument: Instrument, timeframes: Sequence[str], rule: str, said: Statement
) -> tuple[Override, ...]:
    """Keeps out every bar that ``rule`` rejected at the last promotion, by an entry for each.

    Raises:
        UsageError: it rejected none that is not excluded already.
    """
    paths = root.symbol(instrument.symbol)
    with writing(paths):
        held = read_decisions(paths)
        excluded = {
            (one.timeframe, one.opens) for one in in_force(held) if one.kind is OverrideKind.EXCLUDE
        }
        found = [
            _entry(OverrideKind.EXCLUDE, timeframe, opens, said)
            for timeframe in (_timeframe(instrument, timeframe) for timeframe in timeframes)
            for opens in _rejected_opens(paths, timeframe, rule)
            if (timeframe, opens) not in excluded
        ]
        if not found:
            raise UsageError(
                f"{rule} rejected no bar of {instrument.symbol} {', '.join(timeframes)} that is "
                f"not excluded already; `regime promote {instrument.symbol}` tells what it rejects",
                code="nothing-to-exclude",
            )
        entries = with_added(held, *found)
        write_decisions(paths, entries)
    return entries[len(held) :]


def accept(  # noqa: PLR0913 - which bar of which series, and which finding of it
    root: DataRoot,
    instrument: Instrument,
    timeframe: str,
    opens: dt.datetime,
    said: Statement,
    *,
    rule: str = ANY_RULE,
) -> Override:
    """Declares true what a rule found at ``opens``: an extreme, or a bar that never was.

    Raises:
        UsageError: the rule cannot be accepted, there is neither a bar nor a gap at that open, or
            it is accepted already.
    """
    paths, known = root.symbol(instrument.symbol), _timeframe(instrument, timeframe)
    if rule not in (ANY_RULE, *CONFIGURABLE):
        raise UsageError(
            f"what {rule} finds cannot be accepted; expected one of {', '.join(CONFIGURABLE)}",
            code="rule-not-acceptable",
        )
    is_due = tolerated_opens(instrument.asset_class, known, opens, opens + _A_WHILE).len() > 0
    if not is_due and not _is_held(paths, known, opens):
        raise UsageError(
            f"{instrument.symbol} has no {known} bar at {iso(opens)}, and none is due then",
            code="no-such-bar",
        )
    return _add(paths, _entry(OverrideKind.ACCEPT, known, opens, said, rule))


def undo(root: DataRoot, instrument: Instrument, number: int, said: Statement) -> Override:
    """Withdraws decision ``number``, which stays on record.

    Raises:
        UsageError: it is not in force.
    """
    paths = root.symbol(instrument.symbol)
    with writing(paths):
        entries = with_withdrawn(
            read_decisions(paths), number, reason=said.reason, by=said.by, at=iso(said.at)
        )
        write_decisions(paths, entries)
    return entries[-1]


def _add(paths: SymbolPaths, entry: Override) -> Override:
    with writing(paths):
        entries = with_added(read_decisions(paths), entry)
        write_decisions(paths, entries)
    return entries[-1]


def _entry(
    kind: OverrideKind,
    timeframe: str,
    opens: dt.datetime,
    said: Statement,
    rule: str = ANY_RULE,
) -> Override:
    return Override(
        id=0,  # numbered when it is added
        kind=kind,
        timeframe=timeframe,
        ts=iso(opens),
        reason=said.reason.strip(),
        by=said.by,
        at=iso(said.at),
        rule=rule,
    )


def _timeframe(instrument: Instrument, name: str) -> str:
    timeframe = canonical_timeframe(name)
    if timeframe not in instrument.timeframes:
        followed = ", ".join(instrument.timeframes)
        raise UsageError(
            f"{instrument.symbol} is followed on {followed}, not on {timeframe}",
            code="timeframe-not-tracked",
        )
    return timeframe


def _rejected_opens(paths: SymbolPaths, timeframe: str, rule: str) -> pl.Series:
    rows = read_rejected(paths, timeframe).filter(disposition=REJECTED, rule=rule)
    return rows["ts"].drop_nulls().unique(maintain_order=True)


def _is_held(paths: SymbolPaths, timeframe: str, opens: dt.datetime) -> bool:
    return bool((raw_log.read_raw(paths.raw(timeframe))["ts"] == opens).any())
