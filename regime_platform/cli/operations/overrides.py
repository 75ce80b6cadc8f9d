"""`regime bars exclude`, `accept`, their `-found` variants, `withdraw` and `undo`."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated

import typer

from regime_platform.bar_store.layout import DataRoot
from regime_platform.cli.console.clock import Clock, instant_of
from regime_platform.cli.console.options import Author, Symbol, Timeframe, TimeframeWord
from regime_platform.cli.console.output import Output
from regime_platform.cli.operations.override_list import override_document, subject
from regime_platform.model.instruments import Instrument
from regime_platform.operations.overrides import (
    Span,
    Statement,
    accept,
    accept_found,
    exclude,
    exclude_found,
    undo,
    withdraw,
)
from regime_platform.validation.overrides import Override
from regime_platform.validation.rules.bar import NON_POSITIVE
from regime_platform.workspace import Workspace

_DATE = dt.timedelta(days=1, seconds=-1)  # from the first to the last second of a date

From = Annotated[
    str, typer.Argument(metavar="FROM", help="Open of the bar, or of the first; an ISO time (UTC).")
]
To = Annotated[
    str | None,
    typer.Argument(
        metavar="TO", help="Last open of a range; a date includes all of it. Default: one bar."
    ),
]
RuleWord = Annotated[
    str, typer.Argument(metavar="RULE", help="Name of the rule, as `regime validate` reports it.")
]


def exclude_bars(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    start: From,
    end: To = None,
    *,
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    root, instrument = _target(symbol)
    statement = _statement(author, clock)
    made = exclude(root, instrument, _span(timeframe, start, end), statement)
    out.document(override_document(instrument, made))
    _print_changes(instrument, (made,), out)


def accept_bars(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    start: From,
    end: To = None,
    *,
    rule: Annotated[
        str, typer.Option("--rule", help="Only findings of this rule; default: any.")
    ] = "any",
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    root, instrument = _target(symbol)
    statement = _statement(author, clock)
    made = accept(root, instrument, _span(timeframe, start, end), statement, rule=rule)
    out.document(override_document(instrument, made))
    _print_changes(instrument, (made,), out)


def exclude_found_bars(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    rule: RuleWord,
    *,
    timeframe: Timeframe = None,
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    root, instrument = _target(symbol)
    wanted = instrument.timeframes if timeframe is None else (timeframe,)
    made = exclude_found(root, instrument, wanted, rule, _statement(author, clock))
    out.document([override_document(instrument, override) for override in made])
    _print_changes(instrument, made, out)


def accept_found_bars(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    rule: RuleWord,
    *,
    timeframe: Timeframe = None,
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    root, instrument = _target(symbol)
    wanted = instrument.timeframes if timeframe is None else (timeframe,)
    made = accept_found(root, instrument, wanted, rule, _statement(author, clock))
    out.document([override_document(instrument, override) for override in made])
    _print_changes(instrument, made, out)


def withdraw_bars(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    start: From,
    end: To = None,
    *,
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    root, instrument = _target(symbol)
    statement = _statement(author, clock)
    made = withdraw(root, instrument, _span(timeframe, start, end), statement)
    out.document(override_document(instrument, made))
    _print_changes(instrument, (made,), out)


def undo_override(
    symbol: Symbol,
    number: Annotated[
        int,
        typer.Argument(
            metavar="ID", help="Number of the override, as `regime bars list` shows it."
        ),
    ],
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    root, instrument = _target(symbol)
    made = undo(root, instrument, number, _statement(author, clock))
    out.document(override_document(instrument, made))
    _print_changes(instrument, (made,), out)


def _print_changes(instrument: Instrument, made: Sequence[Override], out: Output) -> None:
    symbol = instrument.symbol
    for each in made:
        change = f"undo {each.undoes}" if each.undoes else f"{each.kind} {subject(each)}"
        out.note(f"{symbol} override {each.id}: {change}")
        if each.rule == NON_POSITIVE:
            out.note(
                "the bars become canonical, and compute leaves them out: there is no return "
                "from or to a price that is not above 0"
            )
    out.note(f"`regime run {symbol}` or `regime promote {symbol}` applies it")


def _span(timeframe: str, start: str, end: str | None) -> Span:
    until = None if end is None else instant_of("TO", end)
    if until is not None and end is not None and _is_date(end):
        until += _DATE
    return Span(timeframe, instant_of("FROM", start), until)


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _statement(author: Author, clock: Clock) -> Statement:
    return Statement(author.reason, author.name, clock.stamp())


def _target(symbol: str) -> tuple[DataRoot, Instrument]:
    workspace = Workspace.open()
    return workspace.root, workspace.find(symbol.upper())[0]
