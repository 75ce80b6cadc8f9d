"""Records corporate actions, after comparing them with the bars that they are about."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence

from regime_platform.bar_store.actions_file import ACTIONS, read_actions
from regime_platform.bar_store.identity_file import has_bars
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.gate_input import split_input
from regime_platform.bar_store.session import stored_finer
from regime_platform.errors import BarsError, UsageError, remedy_of
from regime_platform.model.actions import (
    Action,
    ActionKind,
    DeclaredSplit,
    in_force,
    with_added,
    with_withdrawn,
)
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.instruments import Instrument
from regime_platform.model.ratios import SIMPLE_RATIOS, parse_ratio, ratio_text
from regime_platform.model.timeframes import is_intraday
from regime_platform.operations.overrides import Statement
from regime_platform.revisions.corporate_actions import (
    SplitEvidence,
    SplitInput,
    shows_split,
    split_adjusted,
)

_DATE, _SEARCHED = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII), dt.timedelta(days=14)


def declared_split(kind: str, date: str, ratio: str, source: str = "") -> DeclaredSplit:
    """A split from texts; UsageError names the one that is wrong, and what was expected."""
    if kind != ActionKind.SPLIT:
        raise UsageError(
            f"{kind!r} is no action that bars are adjusted for; expected split "
            "(prices are not adjusted for dividends)",
            code="unknown-action",
        )
    if not _DATE.fullmatch(date):
        raise _no_date(date)
    try:
        day = dt.date.fromisoformat(date)
    except ValueError as error:
        raise _no_date(date) from error
    try:
        parsed = parse_ratio(ratio)
    except ValueError as error:
        raise UsageError(str(error), code="bad-ratio") from error
    if parsed == 1:
        raise UsageError(f"{ratio} changes nothing; a split has another ratio", code="bad-ratio")
    return DeclaredSplit(day, parsed, source)


def _no_date(text: str) -> UsageError:
    return UsageError(f"{text!r} is no date; write it as 2005-02-28", code="bad-date")


def add(
    root: DataRoot, instrument: Instrument, splits: Sequence[DeclaredSplit], statement: Statement
) -> tuple[Action, ...]:
    """Records splits, which the next promotion applies; raises as `with_splits`."""
    paths = root.symbol(instrument.symbol)
    _require_bars(paths)
    with writing(paths):
        entries = with_splits(paths, instrument, splits, statement)
        ACTIONS.write(paths, entries)
    return entries[len(entries) - len(splits) :]


def undo(root: DataRoot, instrument: Instrument, number: int, statement: Statement) -> Action:
    """Withdraws action ``number``, which stays on record; UsageError where it is not in force."""
    paths = root.symbol(instrument.symbol)
    reason, by = statement.reason.strip(), statement.by
    with writing(paths):
        entries = with_withdrawn(_whole(paths), number, reason=reason, by=by, at=statement.at)
        ACTIONS.write(paths, entries)
    return entries[-1]


def with_splits(
    paths: SymbolPaths,
    instrument: Instrument,
    splits: Sequence[DeclaredSplit],
    statement: Statement,
) -> tuple[Action, ...]:
    """The entries on record with ``splits`` added; nothing is written.

    Raises:
        UsageError: a split of the date is in force, the date is no session or outside the bars, or
            bars do not change by the ratio there.
        BarsError: raw log or record are damaged.
    """
    _require_bars(paths)
    known = _whole(paths)
    entries = with_added(instrument.symbol, known, *(_action(split, statement) for split in splits))
    new = entries[len(known) :]
    for action in new:
        _require_session(instrument, action.date)
    names = (*stored_finer(paths), *instrument.timeframes)
    series = {name: split_input(paths, name, instrument.market) for name in names}
    evidence = {
        name: split_adjusted(each, in_force(entries)).evidence for name, each in series.items()
    }
    for action in new:
        shown = {
            name: each
            for name, of_it in evidence.items()
            for each in of_it
            if action in each.splits
        }
        if not shown:
            raise _outside(instrument.symbol, action, series)
        for timeframe, each in shown.items():
            if not each.is_shown:
                raise _not_shown(instrument.symbol, timeframe, action, each)
    return entries


def _require_bars(paths: SymbolPaths) -> None:
    if not has_bars(paths):
        symbol = paths.symbol
        raise UsageError(
            f"no bars of {symbol} are stored; `regime run {symbol}` fetches them", code="no-bars"
        )


def _action(split: DeclaredSplit, statement: Statement) -> Action:
    return Action(
        id=0,
        kind=ActionKind.SPLIT,
        date=split.date,
        ratio=split.ratio,
        reason=statement.reason.strip(),
        by=statement.by,
        at=statement.at,
        source=split.source or None,
    )


def _whole(paths: SymbolPaths) -> tuple[Action, ...]:
    lost = ", ".join(map(str, ACTIONS.lost(paths)))
    if lost:
        reason = f"no longer has what was recorded ({lost})"
        raise BarsError(f"{paths.actions} {reason}; {remedy_of(paths.symbol)}", code="records-lost")
    return read_actions(paths)


def _require_session(instrument: Instrument, date: dt.date) -> None:
    start = dt.datetime.combine(date, dt.time(), dt.UTC)
    sessions = expected_opens(instrument.market, "1day", start, start + _SEARCHED)
    first = sessions.dt.date()[0] if len(sessions) else None
    if first != date:
        following = f", as {first}, the next one" if first else ""
        raise UsageError(
            f"{date} is no session of {instrument.symbol}; DATE is the first session that trades "
            f"on the new basis{following}",
            code="no-session",
        )


def _outside(symbol: str, action: Action, series: Mapping[str, SplitInput]) -> UsageError:
    spans = [*_spans(series)]
    if not spans:
        return UsageError(
            f"{symbol}: its source states that all bars are adjusted for splits already, so "
            f"{action} would be applied twice",
            code="adjusted-already",
        )
    return UsageError(
        f"{symbol}: {action} lies outside the bars that it would adjust ({', '.join(spans)}): "
        "there must be one before it, and one of that date or later",
        code="outside-bars",
    )


def _spans(series: Mapping[str, SplitInput]) -> Iterator[str]:
    for timeframe, each in series.items():
        opens = each.served.filter(each.lacks)["ts"].drop_nulls()
        if len(opens):
            yield f"{timeframe} {opens.dt.date()[0]} to {opens.dt.date()[-1]}"


def _not_shown(symbol: str, timeframe: str, action: Action, each: SplitEvidence) -> UsageError:
    measured = each.close / each.open
    form = "%Y-%m-%d %H:%M" if is_intraday(timeframe) else "%Y-%m-%d"
    before, after = each.before.strftime(form), each.after.strftime(form)
    nearest = next((each for each in SIMPLE_RATIOS if shows_split(measured, each)), None)
    remedy = f"check DATE and RATIO (new shares for old ones, {ratio_text(action.ratio)} here)"
    if each.is_astride:
        remedy = (
            "the week has days of both price bases and is not made of the stored 1day bars; serve "
            "it adjusted, or together with its days"
        )
    elif nearest is not None:
        remedy += f"; the bars show about {ratio_text(nearest)}"
    else:
        remedy += "; bars that are adjusted need no entry"
    return UsageError(
        f"{symbol}: {timeframe} shows no {action}: close {each.close:g} of {before}, then open "
        f"{each.open:g} of {after}, a ratio of {measured:.3g}; {remedy}",
        code="split-not-shown",
    )
