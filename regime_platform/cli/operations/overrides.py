"""`regime bars exclude`, `accept`, their `-found` variants, `withdraw` and `undo`."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from regime_platform.bar_store.layout import DataRoot
from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Author, Symbol, Timeframe, TimeframeWord
from regime_platform.cli.console.output import Output
from regime_platform.cli.operations.override_list import override_document, subject
from regime_platform.model.instruments import Instrument
from regime_platform.model.moments import moment
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
    span = _span(timeframe, start, end)
    change = _Change(symbol, author, clock, out)
    change.make(lambda root, instrument, why: exclude(root, instrument, span, why))


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
    span = _span(timeframe, start, end)
    change = _Change(symbol, author, clock, out)
    change.make(lambda root, instrument, why: accept(root, instrument, span, why, rule=rule))


def exclude_found_bars(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    rule: RuleWord,
    *,
    timeframe: Timeframe = None,
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    change = _Change(symbol, author, clock, out)
    change.make(lambda root, instrument, why: exclude_found(root, instrument, timeframe, rule, why))


def accept_found_bars(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    rule: RuleWord,
    *,
    timeframe: Timeframe = None,
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    change = _Change(symbol, author, clock, out)
    change.make(lambda root, instrument, why: accept_found(root, instrument, timeframe, rule, why))


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
    span = _span(timeframe, start, end)
    change = _Change(symbol, author, clock, out)
    change.make(lambda root, instrument, why: withdraw(root, instrument, span, why))


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
    change = _Change(symbol, author, clock, out)
    change.make(lambda root, instrument, why: undo(root, instrument, number, why))


@dataclass(frozen=True)
class _Change:
    """What one of these commands is to change, by whom and when."""

    symbol: str
    author: Author
    clock: Clock
    out: Output

    def make(
        self,
        decide: Callable[[DataRoot, Instrument, Statement], Override | tuple[Override, ...]],
    ) -> None:
        """Makes one override or several, and shows them."""
        workspace = Workspace.open()
        instrument, _ = workspace.find(self.symbol)
        statement = Statement(self.author.reason, self.author.name, self.clock.stamp())
        made = decide(workspace.root, instrument, statement)
        every = made if isinstance(made, tuple) else (made,)
        documents = [override_document(instrument, override) for override in every]
        self.out.document(documents if isinstance(made, tuple) else documents[0])
        _print_changes(instrument, every, self.out)


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
    until = None if end is None else moment(end, "TO")
    if until is not None and end is not None and _is_date(end):
        until += _DATE
    return Span(timeframe, moment(start, "FROM"), until)


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
