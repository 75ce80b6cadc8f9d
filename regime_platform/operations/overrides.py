"""Overrides of single bars, excluded or accepted; the next promotion applies them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.overrides import read_overrides, write_overrides
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.rejected import read_rejected
from regime_platform.errors import UsageError
from regime_platform.model.calendar.trading_hours import tolerated_opens
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
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

_INSTANT = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Statement:
    """The reason, author and time of an override or another decision of a user.

    Raises:
        UsageError: no reason is given.
    """

    reason: str
    by: str
    at: dt.datetime  # aware

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise UsageError(
                "--reason is empty; give the reason, which is stored with the override",
                code="no-reason",
            )


def exclude(
    root: DataRoot, instrument: Instrument, timeframe: str, opens: dt.datetime, statement: Statement
) -> Override:
    """Keeps the bar that opens at ``opens`` out of the canonical bars from the next promotion on.

    Raises:
        UsageError: the raw log has no such bar, or it is excluded already.
    """
    paths, known = root.symbol(instrument.symbol), _timeframe(instrument, timeframe)
    if not _is_stored(paths, known, opens):
        raise UsageError(
            f"{instrument.symbol} has no {known} bar that opens at {iso(opens)}; "
            f"`regime bars {instrument.symbol} {known}` shows those it has",
            code="no-such-bar",
        )
    return _add(paths, _entry(OverrideKind.EXCLUDE, known, opens, statement))


def exclude_rejected(
    root: DataRoot,
    instrument: Instrument,
    timeframes: Sequence[str],
    rule: str,
    statement: Statement,
) -> tuple[Override, ...]:
    """Keeps out every bar that ``rule`` rejected at the last promotion, by an entry for each.

    Raises:
        UsageError: it rejected none that is not excluded already.
    """
    paths = root.symbol(instrument.symbol)
    with writing(paths):
        entries = read_overrides(paths)
        excluded = {
            (entry.timeframe, entry.opens)
            for entry in in_force(entries)
            if entry.kind is OverrideKind.EXCLUDE
        }
        excluding = [
            _entry(OverrideKind.EXCLUDE, timeframe, opens, statement)
            for timeframe in (_timeframe(instrument, timeframe) for timeframe in timeframes)
            for opens in _rejected_opens(paths, timeframe, rule)
            if (timeframe, opens) not in excluded
        ]
        if not excluding:
            raise UsageError(
                f"{rule} rejected no bar of {instrument.symbol} {', '.join(timeframes)} that is "
                f"not excluded already; `regime promote {instrument.symbol}` shows what it rejects",
                code="nothing-to-exclude",
            )
        after = with_added(entries, *excluding)
        write_overrides(paths, after)
    return after[len(entries) :]


def accept(  # noqa: PLR0913 - which bar of which series, and which finding of it
    root: DataRoot,
    instrument: Instrument,
    timeframe: str,
    opens: dt.datetime,
    statement: Statement,
    *,
    rule: str = ANY_RULE,
) -> Override:
    """Accepts what a rule reports at ``opens``: an extreme, or a missing bar.

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
    is_due = tolerated_opens(instrument.asset_class, known, opens, opens + _INSTANT).len() > 0
    if not is_due and not _is_stored(paths, known, opens):
        raise UsageError(
            f"{instrument.symbol} has no {known} bar at {iso(opens)}, and none is due then",
            code="no-such-bar",
        )
    return _add(paths, _entry(OverrideKind.ACCEPT, known, opens, statement, rule))


def undo(root: DataRoot, instrument: Instrument, number: int, statement: Statement) -> Override:
    """Withdraws override ``number``, which stays on record.

    Raises:
        UsageError: it is not in force.
    """
    paths = root.symbol(instrument.symbol)
    with writing(paths):
        entries = with_withdrawn(
            read_overrides(paths),
            number,
            reason=statement.reason,
            by=statement.by,
            at=iso(statement.at),
        )
        write_overrides(paths, entries)
    return entries[-1]


def _add(paths: SymbolPaths, entry: Override) -> Override:
    with writing(paths):
        entries = with_added(read_overrides(paths), entry)
        write_overrides(paths, entries)
    return entries[-1]


def _entry(
    kind: OverrideKind,
    timeframe: str,
    opens: dt.datetime,
    statement: Statement,
    rule: str = ANY_RULE,
) -> Override:
    return Override(
        id=0,  # numbered when it is added
        kind=kind,
        timeframe=timeframe,
        ts=iso(opens),
        reason=statement.reason.strip(),
        by=statement.by,
        at=iso(statement.at),
        rule=rule,
    )


def _timeframe(instrument: Instrument, name: str) -> str:
    timeframe = canonical_timeframe(name)
    if timeframe not in instrument.timeframes:
        tracked = ", ".join(instrument.timeframes)
        raise UsageError(
            f"{instrument.symbol} is tracked on {tracked}, not on {timeframe}",
            code="timeframe-not-tracked",
        )
    return timeframe


def _rejected_opens(paths: SymbolPaths, timeframe: str, rule: str) -> pl.Series:
    rows = read_rejected(paths, timeframe).filter(disposition=REJECTED, rule=rule)
    return rows["ts"].drop_nulls().unique(maintain_order=True)


def _is_stored(paths: SymbolPaths, timeframe: str, opens: dt.datetime) -> bool:
    return bool((raw_log.read_raw(paths.raw(timeframe))["ts"] == opens).any())
