"""`regime bars exclude`, `exclude-found`, `accept` and `undo`: overrides of single bars."""

from typing import Annotated

import typer

from regime_platform.bar_store.layout import DataRoot
from regime_platform.cli.console.clock import Clock, instant_of
from regime_platform.cli.console.options import Author, Symbol, Timeframe, TimeframeWord
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.screen import plural
from regime_platform.cli.operations.override_list import override_document
from regime_platform.model.instruments import Instrument
from regime_platform.operations.overrides import Statement, accept, exclude, exclude_rejected, undo
from regime_platform.validation.overrides import Override
from regime_platform.workspace import Workspace

Opens = Annotated[str, typer.Argument(metavar="TS", help="Open of the bar, an ISO time (UTC).")]


def exclude_bar(  # noqa: PLR0913, PLR0917 - a parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    ts: Opens,
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    root, instrument = _target(symbol)
    statement = _statement(author, clock)
    made = exclude(root, instrument, timeframe, instant_of("TS", ts), statement)
    _print_override(instrument, made, out)


def exclude_found_bars(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    rule: Annotated[
        str,
        typer.Argument(metavar="RULE", help="Name of the rule, as `regime promote` reports it."),
    ],
    *,
    timeframe: Timeframe = None,
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    root, instrument = _target(symbol)
    wanted = instrument.timeframes if timeframe is None else (timeframe,)
    made = exclude_rejected(root, instrument, wanted, rule, _statement(author, clock))
    out.document([override_document(instrument, override) for override in made])
    ids = f"overrides {made[0].id} to {made[-1].id}" if len(made) > 1 else f"override {made[0].id}"
    _print_change(instrument, f"{ids}: exclude {plural(len(made), 'bar')} that {rule} rejects", out)


def accept_bar(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    ts: Opens,
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
    made = accept(root, instrument, timeframe, instant_of("TS", ts), statement, rule=rule)
    _print_override(instrument, made, out)


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
    _print_override(instrument, made, out)


def _print_override(instrument: Instrument, made: Override, out: Output) -> None:
    out.document(override_document(instrument, made))
    change = f"undo of {made.undoes}" if made.undoes else f"{made.kind} {made.timeframe} {made.ts}"
    _print_change(instrument, f"override {made.id}: {change}", out)


def _print_change(instrument: Instrument, change: str, out: Output) -> None:
    symbol = instrument.symbol
    out.note(f"{symbol} {change}; `regime run {symbol}` or `regime promote {symbol}` applies it")


def _statement(author: Author, clock: Clock) -> Statement:
    return Statement(author.reason, author.name, clock.stamp())


def _target(symbol: str) -> tuple[DataRoot, Instrument]:
    workspace = Workspace.open()
    return workspace.root, workspace.find(symbol.upper())[0]
