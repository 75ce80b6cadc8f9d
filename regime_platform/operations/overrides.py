"""Overrides of single bars, excluded or accepted; the next promotion applies them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.bar_store.canonical import read_rejected
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.overrides import read_overrides, write_overrides
from regime_platform.bar_store.raw import raw_log
from regime_platform.errors import UsageError
from regime_platform.model.calendar.trading_hours import tolerated_opens
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.validation.findings import REJECTED
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
    """Reason, author and time of a decision of a user; UsageError where no reason is given."""

    reason: str
    by: str
    at: dt.datetime  # aware

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise UsageError(
                "--reason is empty; give the reason, which is stored with the override",
                code="no-reason",
            )

    def override(
        self, kind: OverrideKind, timeframe: str, ts: str, rule: str = ANY_RULE
    ) -> Override:
        """An override for this reason; it is numbered when it is added."""
        return Override(
            id=0,
            kind=kind,
            timeframe=timeframe,
            ts=ts,
            reason=self.reason.strip(),
            by=self.by,
            at=iso(self.at),
            rule=rule,
        )


def exclude(
    root: DataRoot, instrument: Instrument, timeframe: str, opens: dt.datetime, statement: Statement
) -> Override:
    """Keeps a bar out of the canonical bars from the next promotion on; UsageError without one."""
    paths, known = root.symbol(instrument.symbol), _timeframe(instrument, timeframe)
    if not _is_stored(paths, known, opens):
        raise UsageError(
            f"{instrument.symbol} has no {known} bar that opens at {iso(opens)}; "
            f"`regime bars {instrument.symbol} {known}` shows those it has",
            code="no-such-bar",
        )
    return _add(paths, statement.override(OverrideKind.EXCLUDE, known, iso(opens)))


def exclude_rejected(
    root: DataRoot,
    instrument: Instrument,
    timeframes: Sequence[str],
    rule: str,
    statement: Statement,
) -> tuple[Override, ...]:
    """Keeps out every bar that ``rule`` rejected at the last promotion; UsageError without any."""
    symbol, paths = instrument.symbol, root.symbol(instrument.symbol)
    with writing(paths):
        entries = read_overrides(paths)
        excluded = {
            (entry.timeframe, entry.opens)
            for entry in in_force(entries)
            if entry.kind is OverrideKind.EXCLUDE
        }
        new = [
            statement.override(OverrideKind.EXCLUDE, timeframe, iso(opens))
            for timeframe in (_timeframe(instrument, name) for name in timeframes)
            for opens in _rejected_opens(paths, timeframe, rule)
            if (timeframe, opens) not in excluded
        ]
        if not new:
            raise UsageError(
                f"{rule} rejected no bar of {symbol} {', '.join(timeframes)} that is "
                f"not excluded already; `regime promote {symbol}` shows what it rejects",
                code="nothing-to-exclude",
            )
        after = with_added(entries, *new)
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
    """Accepts an extreme or a missing bar at ``opens``; UsageError where there is neither."""
    paths, known = root.symbol(instrument.symbol), _timeframe(instrument, timeframe)
    if rule not in (ANY_RULE, *CONFIGURABLE):
        raise UsageError(
            f"what {rule} finds cannot be accepted; expected one of {', '.join(CONFIGURABLE)}",
            code="rule-not-acceptable",
        )
    is_due = not tolerated_opens(instrument.asset_class, known, opens, opens + _INSTANT).is_empty()
    if not is_due and not _is_stored(paths, known, opens):
        raise UsageError(
            f"{instrument.symbol} has no {known} bar at {iso(opens)}, and none is due then",
            code="no-such-bar",
        )
    return _add(paths, statement.override(OverrideKind.ACCEPT, known, iso(opens), rule))


def undo(root: DataRoot, instrument: Instrument, number: int, statement: Statement) -> Override:
    """Withdraws override ``number``, which stays on record; UsageError where it is not in force."""
    paths = root.symbol(instrument.symbol)
    by, at = statement.by, iso(statement.at)
    with writing(paths):
        entries = with_withdrawn(
            read_overrides(paths), number, reason=statement.reason, by=by, at=at
        )
        write_overrides(paths, entries)
    return entries[-1]


def _add(paths: SymbolPaths, entry: Override) -> Override:
    with writing(paths):
        entries = with_added(read_overrides(paths), entry)
        write_overrides(paths, entries)
    return entries[-1]


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
