"""`regime migrate`: old stores into this one with proof, withdrawn again, old results compared."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import AllRows, Json, Now
from regime_platform.cli.console.selection import (
    Everything,
    Selection,
    Symbols,
    SymbolsFile,
    Tier,
    select,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regime_platform.legacy.migration.undo import UndoOutcome

Origin = Annotated[Path, typer.Option("--from", help="Folder (or file) of the legacy store.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only show what is there and how long it takes.")
]
Html = Annotated[
    Path | None, typer.Option("--html", help="Write the report as one self-contained page.")
]

migrate = typer.Typer(no_args_is_help=True)


@dataclass(frozen=True)
class _Order:
    """What was asked of a migration, beside the symbols."""

    place: Path
    dry_run: bool
    html: Path | None
    now: str | None
    as_json: bool
    all_rows: bool


def _of(kind: str) -> "Callable[..., None]":
    def command(  # noqa: PLR0913, PLR0917 - one parameter per option
        origin: Origin,
        symbols: Symbols = None,
        everything: Everything = False,
        symbols_file: SymbolsFile = None,
        tier: Tier = None,
        dry_run: DryRun = False,
        html: Html = None,
        now: Now = None,
        as_json: Json = False,
        all_rows: AllRows = False,
    ) -> None:
        selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
        _migrate(kind, selection, _Order(origin, dry_run, html, now, as_json, all_rows))

    return command


for _kind, _help in (
    ("live", "Import bars of live.db files, one for all or one per symbol, -wal included."),
    ("frozen", "Import bars of frozen_YYYY-MM-DD.db files; the newest file wins."),
    ("bars-v1", "Import day files in assets/SYMBOL/bars/TIMEFRAME."),
    ("bars-root", "Import files in the older bars/SYMBOL/TIMEFRAME."),
):
    migrate.command(_kind, help=_help)(_of(_kind))


@migrate.command("list")
def held(as_json: Json = False) -> None:
    """Show the migrations whose files are in the raw logs."""
    from regime_platform.cli.console.screen import count, print_json, print_table
    from regime_platform.files import read_json
    from regime_platform.legacy.migration.undo import held_migrations
    from regime_platform.pipeline.platform import RunWorkspace

    workspace = RunWorkspace.open()
    found = held_migrations(workspace.root, workspace.universe.symbols)
    told = [
        {
            "migration": name,
            "from": (read_json(workspace.root.migration(name)) or {}).get("from", ""),
            "symbols": len(files),
            "files": files.total(),
        }
        for name, files in sorted(found.items())
    ]
    if as_json:
        print_json(told)
        return
    columns = ("migration", "symbols", "files", "from")
    rows = [
        (one["migration"], count(one["symbols"]), count(one["files"]), one["from"]) for one in told
    ]
    print_table(columns, rows, numbers=("symbols", "files"), folding=("from",))


@migrate.command("undo")
def undo(  # noqa: PLR0913, PLR0917 - one parameter per option
    name: Annotated[
        str,
        typer.Argument(
            metavar="MIGRATION", help="Name as `regime migrate list` shows it, or a kind of store."
        ),
    ],
    symbols: Symbols = None,
    origin: Annotated[
        Path | None,
        typer.Option("--from", help="Folder of the legacy store, with a kind of store."),
    ] = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    as_json: Json = False,
) -> None:
    """Withdraw the raw files of a migration and promote what is left."""
    from regime_platform.cli.console.screen import symbol_progress
    from regime_platform.cli.exits import code_of
    from regime_platform.legacy.migration.migration import Migration
    from regime_platform.legacy.migration.record import forget
    from regime_platform.legacy.migration.undo import undo_migration
    from regime_platform.pipeline.outcomes import Status

    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    workspace, wanted = selection.workspace, selection.instruments
    if origin is not None:
        name = Migration(name, origin.expanduser().resolve()).name
    outcomes: list[UndoOutcome] = []
    with symbol_progress(len(wanted)) as progress:
        for one in undo_migration(workspace, name, tuple(wanted)):
            outcomes.append(one)
            progress.advance(one.symbol)
    forget(
        workspace.root,
        name,
        [outcome.symbol for outcome in outcomes if outcome.status is not Status.FAILED],
    )
    code = code_of(outcomes)
    _tell_undone(outcomes, code, as_json=as_json)
    raise typer.Exit(code)


@migrate.command("compare-compute")
def compare_compute(  # noqa: PLR0913, PLR0917 - one parameter per option
    origin: Origin,
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Recompute legacy compute.db files and show differences; changes nothing."""
    from regime_platform.cli.migration.comparing import compare_all

    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    workspace, wanted = selection.workspace, selection.instruments
    code = compare_all(
        workspace, wanted, origin, only_there=everything, as_json=as_json, all_rows=all_rows
    )
    raise typer.Exit(code)


def _tell_undone(outcomes: "Sequence[UndoOutcome]", code: int, *, as_json: bool) -> None:
    from regime_platform.cli.console.screen import (
        count,
        messages,
        plural,
        print_json,
        print_table,
        styled,
    )

    if as_json:
        facts = [
            {
                "symbol": outcome.symbol,
                "status": outcome.status,
                "files": outcome.files,
                "reason": outcome.reason,
            }
            for outcome in outcomes
        ]
        print_json({"exit_code": code, "symbols": facts})
        return
    rows = [
        (outcome.symbol, styled(outcome.status), count(outcome.files), outcome.reason)
        for outcome in outcomes
    ]
    print_table(("symbol", "status", "files", "note"), rows, numbers=("files",), folding=("note",))
    messages().print(
        f"{plural(sum(one.files for one in outcomes), 'file')} withdrawn; "
        "`regime compute` brings the results after them"
    )


def _migrate(kind: str, selection: Selection, order: _Order) -> None:
    from regime_platform.cli.console.clock import stamp
    from regime_platform.cli.console.screen import symbol_progress
    from regime_platform.cli.migration.migration_estimate import print_estimate
    from regime_platform.cli.migration.migration_report import MigrationReport
    from regime_platform.legacy.migration.migrate_pool import migrate_many
    from regime_platform.legacy.migration.migration import open_migration, plans
    from regime_platform.legacy.migration.record import keep_record

    workspace, now = selection.workspace, stamp(order.now)
    migration, store = open_migration(workspace.root, kind, order.place)
    about = plans(workspace.universe, store, selection.instruments)
    if order.dry_run:
        print_estimate(migration, about, as_json=order.as_json, all_rows=order.all_rows)
        raise typer.Exit(0)
    outcomes = []
    with symbol_progress(len(about)) as progress:
        for one in migrate_many(
            workspace, about, migration, now, selection.workspace.settings.workers
        ):
            outcomes.append(one)
            progress.advance(one.symbol)
    keep_record(workspace.root, migration, outcomes)
    report = MigrationReport(migration, outcomes)
    if order.html is not None:
        report.write_page(order.html)
    if order.as_json:
        report.print_json()
    else:
        report.print(all_rows=order.all_rows)
    raise typer.Exit(report.code)
