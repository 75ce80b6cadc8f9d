"""`regime migrate`: import legacy stores, undo an import, compare legacy results."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import AllRows, Html, Json, Now
from regime_platform.cli.console.selection import Selection, SymbolChoice, chooses_symbols

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regime_platform.legacy.migration.undo import UndoOutcome

Origin = Annotated[Path, typer.Option("--from", help="Folder (or file) of the legacy store.")]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Show the parts of the store and the expected time; write nothing."
    ),
]

migrate = typer.Typer(no_args_is_help=True)


@dataclass(frozen=True)
class _Request:
    """Options of a migration, except the symbols."""

    location: Path
    dry_run: bool
    html: Path | None
    now: str | None
    as_json: bool
    all_rows: bool


def _of(kind: str) -> "Callable[..., None]":
    @chooses_symbols
    def command(  # noqa: PLR0913 - one parameter per option
        choice: SymbolChoice,
        *,
        origin: Origin,
        dry_run: DryRun = False,
        html: Html = None,
        now: Now = None,
        as_json: Json = False,
        all_rows: AllRows = False,
    ) -> None:
        selection = choice.open()
        _migrate(kind, selection, _Request(origin, dry_run, html, now, as_json, all_rows))

    return command


for _kind, _help in (
    (
        "live",
        "Migrate bars of live.db files, one for all or one per symbol, with their -wal files.",
    ),
    ("frozen", "Migrate bars of frozen_YYYY-MM-DD.db files; where they differ, the newest counts."),
    ("bars-v1", "Migrate day files in assets/SYMBOL/bars/TIMEFRAME."),
    ("bars-root", "Migrate files in the older bars/SYMBOL/TIMEFRAME."),
):
    migrate.command(_kind, help=_help)(_of(_kind))


@migrate.command("list")
def list_migrations(as_json: Json = False) -> None:
    """List the migrations with files in the raw logs."""
    from regime_platform.cli.console.screen import count, print_json, print_table
    from regime_platform.legacy.migration.record import read_record
    from regime_platform.legacy.migration.undo import stored_migrations
    from regime_platform.pipeline.run_workspace import RunWorkspace

    workspace = RunWorkspace.open()
    stored = stored_migrations(workspace.root, workspace.universe.symbols)
    records = {name: read_record(workspace.root.migration(name)) for name in sorted(stored)}
    locations = {name: record.location if record else "" for name, record in records.items()}
    if as_json:
        print_json(
            [
                {
                    "migration": name,
                    "from": location,
                    "symbols": len(stored[name]),
                    "files": stored[name].total(),
                }
                for name, location in locations.items()
            ]
        )
        return
    rows = [
        (name, count(len(stored[name])), count(stored[name].total()), location)
        for name, location in locations.items()
    ]
    columns = ("migration", "symbols", "files", "from")
    print_table(columns, rows, numbers=("symbols", "files"), folding=("from",))


@migrate.command("undo")
@chooses_symbols
def undo(
    choice: SymbolChoice,
    *,
    name: Annotated[
        str,
        typer.Argument(
            metavar="MIGRATION", help="Name in `regime migrate list`, or a kind such as live."
        ),
    ],
    origin: Annotated[
        Path | None, typer.Option("--from", help="Folder of the legacy store, with a kind.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Remove the raw files of a migration and promote the remaining bars."""
    from regime_platform.cli.console.exits import code_of
    from regime_platform.cli.console.screen import symbol_progress
    from regime_platform.legacy.migration.migration import Migration
    from regime_platform.legacy.migration.record import remove_accounts
    from regime_platform.legacy.migration.undo import undo_migration
    from regime_platform.pipeline.outcomes import Status

    selection = choice.open()
    workspace, wanted = selection.workspace, selection.instruments
    if origin is not None:
        name = Migration(name, origin.expanduser().resolve()).name
    outcomes: list[UndoOutcome] = []
    with symbol_progress(len(wanted)) as progress:
        for outcome in undo_migration(workspace, name, tuple(wanted)):
            outcomes.append(outcome)
            progress.advance(outcome.symbol)
    undone = [outcome.symbol for outcome in outcomes if outcome.status is not Status.FAILED]
    remove_accounts(workspace.root.migration(name), undone)
    code = code_of(outcomes)
    _print_undone(outcomes, code, as_json=as_json)
    raise typer.Exit(code)


@migrate.command("compare-compute")
@chooses_symbols
def compare_compute(
    choice: SymbolChoice,
    *,
    origin: Origin,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Recompute the results of legacy compute.db files, and show differences; writes nothing."""
    from regime_platform.cli.migration.comparing import compare_all

    selection = choice.open()
    workspace, wanted = selection.workspace, selection.instruments
    code = compare_all(
        workspace, wanted, origin, only_there=choice.everything, as_json=as_json, all_rows=all_rows
    )
    raise typer.Exit(code)


def _print_undone(outcomes: "Sequence[UndoOutcome]", code: int, *, as_json: bool) -> None:
    from regime_platform.cli.console.screen import (
        count,
        messages,
        plural,
        print_json,
        print_table,
        styled,
    )

    if as_json:
        print_json({"exit_code": code, "symbols": [asdict(outcome) for outcome in outcomes]})
        return
    rows = [
        (outcome.symbol, styled(outcome.status), count(outcome.files), outcome.reason)
        for outcome in outcomes
    ]
    print_table(("symbol", "status", "files", "note"), rows, numbers=("files",), folding=("note",))
    messages().print(
        f"{plural(sum(outcome.files for outcome in outcomes), 'file')} removed; "
        "`regime compute` updates the results"
    )


def _migrate(kind: str, selection: Selection, request: _Request) -> None:
    from regime_platform.cli.console.clock import stamp
    from regime_platform.cli.console.screen import symbol_progress
    from regime_platform.cli.migration.migration_estimate import print_estimate
    from regime_platform.cli.migration.migration_report import MigrationReport
    from regime_platform.legacy.migration.migrate import migrate_many
    from regime_platform.legacy.migration.migration import open_migration, plans
    from regime_platform.legacy.migration.record import write_record

    workspace, now = selection.workspace, stamp(request.now)
    migration, store = open_migration(workspace.root, kind, request.location)
    symbol_plans = plans(workspace.universe, store, selection.instruments)
    if request.dry_run:
        print_estimate(migration, symbol_plans, as_json=request.as_json, all_rows=request.all_rows)
        raise typer.Exit(0)
    outcomes = []
    with symbol_progress(len(symbol_plans)) as progress:
        for outcome in migrate_many(
            workspace, symbol_plans, migration, now, workspace.settings.workers
        ):
            outcomes.append(outcome)
            progress.advance(outcome.symbol)
    write_record(workspace.root.migration(migration.name), migration.record(outcomes))
    report = MigrationReport(migration, outcomes)
    if request.html is not None:
        report.write_page(request.html)
    if request.as_json:
        report.print_json()
    else:
        report.print(all_rows=request.all_rows)
    raise typer.Exit(report.code)
