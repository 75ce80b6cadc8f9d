"""`regime migrate`: import legacy stores, list and undo imports."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Html, Options
from regime_platform.cli.console.output import ALL_GOOD, LongOutput, Output, code_of
from regime_platform.cli.console.progress import counted
from regime_platform.cli.console.screen import count, plural, styled
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.cli.migration.report import print_estimate, print_report
from regime_platform.legacy.migration.migrate import (
    UndoOutcome,
    migrate_many,
    stored_migrations,
    undo_migration,
)
from regime_platform.legacy.migration.migration import (
    MigrateOutcome,
    Migration,
    open_migration,
    plans,
    read_record,
    remove_accounts,
    write_record,
)
from regime_platform.pipeline.board import try_refresh_board
from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.outbox_documents import OutboxEntry
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace

_Outcome = TypeVar("_Outcome", MigrateOutcome, UndoOutcome)

Origin = Annotated[Path, typer.Option("--from", help="Folder (or file) of the legacy store.")]


@dataclass(frozen=True)
class Request(Options):
    """What to migrate, and how to report it."""

    origin: Origin
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show the parts of the store and the expected time; write nothing."
        ),
    ] = False
    html: Html = None


def _of(kind: str) -> Callable[..., int]:
    def command(choice: SymbolChoice, request: Request, clock: Clock, out: LongOutput) -> int:
        return _migrate(kind, choice, request, clock, out)

    return command


live, frozen, bars_v1, bars_root = map(_of, ("live", "frozen", "bars-v1", "bars-root"))


def list_migrations(out: Output) -> None:
    workspace = RunWorkspace.open()
    stored = stored_migrations(workspace.root, workspace.universe.symbols)
    records = {name: read_record(workspace.root.migration(name)) for name in sorted(stored)}
    keys = ("migration", "from", "symbols", "files")
    rows = [
        (name, record.location if record else "", len(stored[name]), stored[name].total())
        for name, record in records.items()
    ]
    out.document([dict(zip(keys, row, strict=True)) for row in rows])
    if not rows:
        out.note("nothing was migrated; `regime migrate live --all --from DIR` imports a store")
        return
    cells = [(name, count(symbols), count(files), place) for name, place, symbols, files in rows]
    columns = ("migration", "symbols", "files", "from")
    out.table(columns, cells, numbers=("symbols", "files"), folding=("from",))


def undo(
    name: Annotated[
        str,
        typer.Argument(
            metavar="MIGRATION", help="Name in `regime migrate list`, or a kind such as live."
        ),
    ],
    choice: SymbolChoice,
    origin: Annotated[
        Path | None, typer.Option("--from", help="Folder of the legacy store, with a kind.")
    ] = None,
    *,
    out: Output,
) -> int:
    workspace, wanted = choice.open()
    if origin is not None:
        name = Migration(name, origin.expanduser().resolve()).name
    outbox = Outbox(workspace.settings)
    undoing = counted(undo_migration(workspace, name, wanted), len(wanted))
    outcomes = list(_left_for_dagster(undoing, outbox))
    undone = [outcome.symbol for outcome in outcomes if outcome.status is not Status.FAILED]
    remove_accounts(workspace.root.migration(name), undone)
    code = code_of(outcomes)
    out.document({"exit_code": code, "symbols": list(map(asdict, outcomes))})
    rows = [
        (outcome.symbol, styled(outcome.status), count(outcome.files), outcome.reason)
        for outcome in outcomes
    ]
    out.table(("symbol", "status", "files", "note"), rows, numbers=("files",), folding=("note",))
    out.problem(outbox.problem)
    out.problem(try_refresh_board(workspace, []))
    removed = plural(sum(outcome.files for outcome in outcomes), "file")
    out.note(f"{removed} removed; `regime compute` updates the results")
    return code


def _migrate(
    kind: str, choice: SymbolChoice, request: Request, clock: Clock, out: LongOutput
) -> int:
    workspace, instruments = choice.open()
    now = clock.stamp()
    migration, store = open_migration(workspace.root, kind, request.origin)
    symbol_plans = plans(workspace.universe, store, instruments)
    if request.dry_run:
        print_estimate(migration, symbol_plans, out)
        return ALL_GOOD
    running = migrate_many(workspace, symbol_plans, migration, now, workspace.settings.workers)
    outbox = Outbox(workspace.settings)
    migrating = counted(running, len(symbol_plans))
    outcomes = list(_left_for_dagster(migrating, outbox))
    out.problem(outbox.problem)
    out.problem(try_refresh_board(workspace, []))
    write_record(workspace.root.migration(migration.name), migration.record(outcomes))
    return print_report(migration, outcomes, request.html, out)


def _left_for_dagster(outcomes: Iterable[_Outcome], outbox: Outbox) -> Iterator[_Outcome]:
    for outcome in outcomes:
        is_changed = any(each.changed for each in outcome.series)
        # what a legacy store lacks is no fault of the bars that are stored here
        if is_changed or outcome.status in (Status.DONE, Status.BLOCKED):
            outbox.leave(OutboxEntry.of_import(outcome.symbol, outcome.series))
        yield outcome
