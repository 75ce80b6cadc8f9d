"""Overrides of bars, excluded, accepted or withdrawn; the next promotion applies them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from regime_platform.bar_store.canonical import read_in_force, read_rejected
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.overrides import read_overrides, write_overrides
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.gate_input import gate_input
from regime_platform.bar_store.session import stored_finer
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import UsageError, nearest
from regime_platform.model.calendar.trading_hours import anchors, tolerated_opens
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import canonical_timeframe, known_bar_length
from regime_platform.pipeline.gate.validate_log import (
    ValidatedSeries,
    read_policy,
    validate_log,
    validation_context,
)
from regime_platform.validation.overrides import (
    ANY_RULE,
    Override,
    OverrideKind,
    with_added,
    with_withdrawn,
)
from regime_platform.validation.policy import ACCEPTABLE
from regime_platform.validation.rules.calendar import MISSING_BARS, MISSING_SESSIONS
from regime_platform.validation.rules.calendar_misfit import CALENDAR_MISFIT

_INSTANT = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Span:
    """A bar or gap of a series, or all of a range; instants are aware."""

    timeframe: str
    opens: dt.datetime
    until: dt.datetime | None = None  # the last instant at which a bar of the range may open

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.opens:
            raise UsageError(
                f"the range ends at {iso(self.until)}, before it begins at {iso(self.opens)}",
                code="range-reversed",
            )

    @property
    def last(self) -> dt.datetime:
        """The last instant; the open where it is no range."""
        return self.until or self.opens

    def __str__(self) -> str:
        range_ = f"from {iso(self.opens)} to {iso(self.last)}"
        return range_ if self.until else f"at {iso(self.opens)}"


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
        self,
        kind: OverrideKind,
        span: Span,
        rule: str = ANY_RULE,
        others: Sequence[dt.datetime] = (),
    ) -> Override:
        """An override for this reason; it is numbered when it is added."""
        return Override(
            id=0,
            kind=kind,
            timeframe=span.timeframe,
            ts=iso(span.opens),
            reason=self.reason.strip(),
            by=self.by,
            at=iso(self.at),
            rule=rule,
            until=None if span.until is None else iso(span.until),
            others=tuple(map(iso, others)),
        )


def exclude(root: DataRoot, instrument: Instrument, span: Span, statement: Statement) -> Override:
    """Keeps bars out of the canonical bars from the next promotion on; UsageError without any."""
    paths = root.symbol(instrument.symbol)
    span = _tracked(paths, instrument, span)
    if not _is_stored(paths, span):
        raise _no_such_bar(instrument, span)
    return _add(paths, statement.override(OverrideKind.EXCLUDE, span))


def accept(
    root: DataRoot,
    instrument: Instrument,
    span: Span,
    statement: Statement,
    *,
    rule: str = ANY_RULE,
) -> Override:
    """Accepts extremes or missing bars; UsageError where there can be neither."""
    paths = root.symbol(instrument.symbol)
    span = _tracked(paths, instrument, span)
    _require_acceptable(rule)
    if not _is_due(instrument, span) and not _is_stored(paths, span):
        raise UsageError(
            f"{instrument.symbol} has no {span.timeframe} bar {span}, and none is due then",
            code="no-such-bar",
        )
    return _add(paths, statement.override(OverrideKind.ACCEPT, span, rule))


def _is_due(instrument: Instrument, span: Span) -> bool:
    """True where a bar may open within the span, wherever the source anchors its bars."""
    market, until = instrument.market, span.last + _INSTANT
    return any(
        not tolerated_opens(market, span.timeframe, span.opens, until, anchor).is_empty()
        for anchor in anchors(market, span.timeframe)
    )


def exclude_found(
    root: DataRoot,
    instrument: Instrument,
    timeframe: str | None,
    rule: str,
    statement: Statement,
) -> tuple[Override, ...]:
    """Keeps out every bar that ``rule`` names now, on one timeframe or all; an override of each."""
    kept = dict.fromkeys((MISSING_SESSIONS.name, MISSING_BARS.name), "is missing already")
    kept[CALENDAR_MISFIT.name] = "is the series as a whole"
    if rule in kept:
        raise UsageError(
            f"what {rule} names {kept[rule]}; `regime bars accept-found {instrument.symbol} "
            f"{rule}` accepts it",
            code="nothing-to-exclude",
        )
    return _add_for_findings(root, instrument, timeframe, rule, statement, OverrideKind.EXCLUDE)


def accept_found(
    root: DataRoot,
    instrument: Instrument,
    timeframe: str | None,
    rule: str,
    statement: Statement,
) -> tuple[Override, ...]:
    """Accepts every finding that ``rule`` has now, on one timeframe or all; an override of each."""
    _require_acceptable(rule)
    return _add_for_findings(root, instrument, timeframe, rule, statement, OverrideKind.ACCEPT)


def withdraw(root: DataRoot, instrument: Instrument, span: Span, statement: Statement) -> Override:
    """Takes bars back until their source serves them again; UsageError where there are none."""
    paths = root.symbol(instrument.symbol)
    span = _tracked(paths, instrument, span)
    if finer := _derived_from(paths, span.timeframe):
        symbol, timeframe = instrument.symbol, span.timeframe
        raise UsageError(
            f"the {timeframe} bars of {symbol} are built from {finer} bars: take those back by "
            f"`regime bars withdraw {symbol} {finer} FROM TO --reason TEXT`, or keep one out by "
            f"`regime bars exclude {symbol} {timeframe} TIME --reason TEXT`",
            code="built-timeframe",
        )
    opens = gate_input(paths, span.timeframe, instrument.market).rows["ts"]
    if not opens.is_between(span.opens, span.last).any():
        raise _no_such_bar(instrument, span)
    return _add(paths, statement.override(OverrideKind.WITHDRAW, span))


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


def _no_such_bar(instrument: Instrument, span: Span) -> UsageError:
    return UsageError(
        f"{instrument.symbol} has no {span.timeframe} bar that opens {span}; "
        f"`regime bars {instrument.symbol} {span.timeframe}` shows those it has",
        code="no-such-bar",
    )


def _add(paths: SymbolPaths, *new: Override) -> Override:
    with writing(paths):
        entries = with_added(read_overrides(paths), *new)
        write_overrides(paths, entries)
    return entries[-1]


def _add_for_findings(  # noqa: PLR0913, PLR0917 - the findings, and what is decided
    root: DataRoot,
    instrument: Instrument,
    timeframe: str | None,
    rule: str,
    statement: Statement,
    kind: OverrideKind,
) -> tuple[Override, ...]:
    symbol, paths = instrument.symbol, root.symbol(instrument.symbol)
    names = (*stored_finer(paths), *instrument.timeframes) if timeframe is None else (timeframe,)
    wanted = [_timeframe(paths, instrument, name) for name in names]
    with writing(paths):
        context = validation_context(paths, instrument, read_policy(root))
        validated = validate_log(paths, instrument, context)
        _require_rule(rule, validated.values())
        named = {name: sorted(validated[name].result.named_by(rule)) for name in wanted}
        accepted = rule if kind is OverrideKind.ACCEPT else ANY_RULE
        new = [
            statement.override(kind, Span(name, opens[0]), accepted, others=opens[1:])
            for name, opens in named.items()
            if opens
        ]
        if not new:
            raise UsageError(
                f"{rule} names nothing of {symbol} {', '.join(wanted)} that is left to {kind}; "
                f"`regime validate {symbol} --input raw` shows what each rule names",
                code=f"nothing-to-{kind}",
            )
        entries = read_overrides(paths)
        after = with_added(entries, *new)
        write_overrides(paths, after)
    return after[len(entries) :]


def _require_rule(rule: str, validated: Iterable[ValidatedSeries]) -> None:
    # every rule has a finding, though it may count nothing
    known = {finding.rule: None for each in validated for finding in each.result.findings}
    if known and rule not in known:
        raise UsageError(
            f"there is no rule {rule}{nearest(rule, known)}; expected one of {', '.join(known)}",
            code="unknown-rule",
        )


def _require_acceptable(rule: str) -> None:
    if rule not in {ANY_RULE, *ACCEPTABLE}:
        raise UsageError(
            f"what {rule} finds cannot be accepted{nearest(rule, ACCEPTABLE)}; expected one of "
            f"{', '.join(ACCEPTABLE)}",
            code="rule-not-acceptable",
        )


def _tracked(paths: SymbolPaths, instrument: Instrument, span: Span) -> Span:
    return replace(span, timeframe=_timeframe(paths, instrument, span.timeframe))


def _timeframe(paths: SymbolPaths, instrument: Instrument, name: str) -> str:
    known = known_bar_length(name)
    if known in stored_finer(paths):
        return known
    timeframe = canonical_timeframe(name)
    if timeframe not in instrument.timeframes:
        tracked = ", ".join(instrument.timeframes)
        raise UsageError(
            f"{instrument.symbol} is tracked on {tracked}, not on {timeframe}",
            code="timeframe-not-tracked",
        )
    return timeframe


def _is_stored(paths: SymbolPaths, span: Span) -> bool:
    opens = [raw_log.read_raw(paths.raw(span.timeframe))["ts"]]
    if _derived_from(paths, span.timeframe):
        built = read_in_force(paths, span.timeframe)
        opens = [read_rejected(paths, span.timeframe)["ts"]]
        opens += [] if built is None else [built[1]["ts"]]
    return any(each.is_between(span.opens, span.last).any() for each in opens)


def _derived_from(paths: SymbolPaths, timeframe: str) -> str:
    verdict = read_verdict(paths)
    return "" if verdict is None else verdict.derived_from.get(timeframe, "")
