"""`regime actions`: splits that a source does not adjust bars for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from regime_platform.bar_store.actions_file import read_actions
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Author, DryRun, Symbol, Symbols
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.screen import plural
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.errors import UsageError
from regime_platform.model.actions import Action, in_force
from regime_platform.model.instruments import Instrument
from regime_platform.model.ratios import ratio_text
from regime_platform.operations.action_imports import ImportedSplits, import_splits
from regime_platform.operations.actions import add, declared_split, undo
from regime_platform.operations.overrides import Statement
from regime_platform.workspace import Workspace


def add_action(  # noqa: PLR0913, PLR0917 - a parameter per option
    symbol: Symbol,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="split; nothing else is applied.")],
    date: Annotated[
        str, typer.Argument(metavar="DATE", help="First session that trades on the new basis.")
    ],
    ratio: Annotated[
        str, typer.Argument(metavar="RATIO", help="New shares for old ones: 2:1, 3:2, 1:10.")
    ],
    author: Author,
    clock: Clock,
    source: Annotated[
        str, typer.Option("--source", help="Where the action is published; stored with it.")
    ] = "",
    *,
    out: Output,
) -> None:
    split = declared_split(kind, date, ratio, source)
    workspace = Workspace.open()
    instrument = workspace.universe.instrument(symbol)
    (made,) = add(workspace.root, instrument, [split], _statement(author, clock))
    _print_action(instrument, made, out)


def undo_action(
    symbol: Symbol,
    number: Annotated[
        int,
        typer.Argument(
            metavar="ID", help="Number of the action, as `regime actions list` shows it."
        ),
    ],
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    workspace = Workspace.open()
    instrument = workspace.universe.instrument(symbol)
    made = undo(workspace.root, instrument, number, _statement(author, clock))
    _print_action(instrument, made, out)


def import_file(
    file: Annotated[
        Path, typer.Argument(help="A CSV file: symbol,date,ratio and, if known, source.")
    ],
    author: Author,
    clock: Clock,
    *,
    dry_run: DryRun = False,
    out: Output,
) -> None:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read {file}: {error}; give a CSV file in UTF-8", code="unreadable-file"
        ) from error
    workspace = Workspace.open()
    statement = _statement(author, clock)
    imported = import_splits(workspace.root, workspace.universe, text, statement, dry_run=dry_run)
    rows = [row for each in imported for row in _imported(each)]
    out.document({"is_written": not dry_run, "splits": rows})
    columns = ("symbol", "date", "ratio", "status", "source")
    if rows:
        cells = ((row[name] or "·" for name in columns) for row in rows)
        out.table(columns, map(tuple, cells), folding=("source",))
    new = sum(row["status"] == "new" for row in rows)
    applied = "dry run: nothing is written" if dry_run else "the next run applies them"
    out.note(f"{file}: {plural(new, 'new split')} of {len(rows)}; {applied}")


def list_actions(symbols: Symbols = None, *, out: Output) -> None:
    workspace = Workspace.open()
    wanted = (
        SymbolChoice(symbols).of(workspace.universe) if symbols else workspace.universe.instruments
    )
    rows = [row for instrument in wanted for row in _listed(workspace, instrument)]
    out.document(rows)
    if rows:
        columns = ("symbol", "id", "action", "in force", "applied to", "by", "on", "reason")
        out.table(columns, map(_row, rows), folding=("reason",))
    else:
        out.note("no actions")


def _listed(workspace: Workspace, instrument: Instrument) -> list[dict[str, Any]]:
    paths = workspace.root.symbol(instrument.symbol)
    actions, verdict = read_actions(paths), read_verdict(paths)
    effective, series = in_force(actions), () if verdict is None else verdict.validated
    return [
        {
            **_document(instrument, action),
            "in_force": action in effective,
            "applied_to": [each.timeframe for each in series if action.id in each.adjusted_for],
        }
        for action in actions
    ]


def _row(facts: Mapping[str, Any]) -> tuple[str, ...]:
    action = f"split {facts['ratio']} on {facts['date']}"
    undone = f"undo {facts['undoes']}: {action}" if "undoes" in facts else action
    published = f" ({facts['source']})" if "source" in facts else ""
    return (
        facts["symbol"],
        str(facts["id"]),
        undone,
        "yes" if facts["in_force"] else "·",
        ", ".join(facts["applied_to"]) or "·",
        facts["by"],
        facts["at"][:10],
        facts["reason"] + published,
    )


def _imported(each: ImportedSplits) -> list[dict[str, str]]:
    return [
        {
            "symbol": each.instrument.symbol,
            "date": split.date.isoformat(),
            "ratio": ratio_text(split.ratio),
            "status": "new" if split in each.new else "known",
            "source": split.source,
        }
        for split in (*each.new, *each.known)
    ]


def _document(instrument: Instrument, action: Action) -> dict[str, Any]:
    return {"symbol": instrument.symbol, **action.model_dump(mode="json")}


def _print_action(instrument: Instrument, made: Action, out: Output) -> None:
    symbol = instrument.symbol
    out.document(_document(instrument, made))
    applies = f"`regime run {symbol}` or `regime promote {symbol}` applies it"
    out.note(f"{symbol} action {made.id}: {made}; {applies}")


def _statement(author: Author, clock: Clock) -> Statement:
    return Statement(author.reason, author.name, clock.stamp())
