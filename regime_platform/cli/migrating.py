"""`regime migrate`: old stores into this one with proof, withdrawn again, old results compared."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.options import AllRows, Json, Now
from regime_platform.cli.selection import Asked, Everything, Symbols, SymbolsFile, Tier, asked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regime_platform.pipeline.migrate_undo import UndoOutcome

Origin = Annotated[Path, typer.Option("--from", help="Folder (or file) of the old store.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only tell what is there and how long it will take.")
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
        meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
        _migrate(kind, meant, _Order(origin, dry_run, html, now, as_json, all_rows))

    return command


for _kind, _help in (
    ("live", "Bars of live.db files, one for all or one per symbol; those of a -wal included."),
    ("frozen", "Bars of frozen_YYYY-MM-DD.db files; where they differ, the younger one counts."),
    ("bars-v1", "Day files in assets/SYMBOL/bars/TIMEFRAME."),
    ("bars-root", "Files in the older bars/SYMBOL/TIMEFRAME."),
):
    migrate.command(_kind, help=_help)(_of(_kind))


@migrate.command("list")
def held(as_json: Json = False) -> None:
    """The migrations that raw logs hold files of."""
    from regime_platform.cli.screen import count, print_json, print_table
    from regime_platform.files import read_json
    from regime_platform.pipeline.migrate_undo import held_migrations
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings

    platform = open_platform(Settings())
    found = held_migrations(platform.root, platform.universe.symbols)
    told = [
        {
            "migration": name,
            "from": (read_json(platform.root.migration(name)) or {}).get("from", ""),
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
            metavar="MIGRATION", help="As `regime migrate list` has it, or live and the like."
        ),
    ],
    symbols: Symbols = None,
    origin: Annotated[
        Path | None, typer.Option("--from", help="Folder of the old store, to a kind of store.")
    ] = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    as_json: Json = False,
) -> None:
    """Withdraw the raw files of a migration and promote what is left."""
    from regime_platform.cli.exits import code_of
    from regime_platform.cli.screen import symbol_progress
    from regime_platform.pipeline.migrate_undo import undo_migration
    from regime_platform.pipeline.migration import Migration
    from regime_platform.pipeline.migration_record import forget
    from regime_platform.pipeline.outcomes import Status

    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    platform, wanted = meant.platform, meant.instruments
    if origin is not None:
        name = Migration(name, origin.expanduser().resolve()).name
    outcomes: list[UndoOutcome] = []
    with symbol_progress(len(wanted)) as progress:
        for one in undo_migration(platform, name, tuple(wanted)):
            outcomes.append(one)
            progress.advance(one.symbol)
    forget(platform.root, name, [one.symbol for one in outcomes if one.status is not Status.FAILED])
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
    """Recompute what old compute.db files hold, and tell what differs and why; changes nothing."""
    from regime_platform.cli.comparing import compare_all

    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    platform, wanted = meant.platform, meant.instruments
    code = compare_all(
        platform, wanted, origin, only_there=everything, as_json=as_json, all_rows=all_rows
    )
    raise typer.Exit(code)


def _tell_undone(outcomes: "Sequence[UndoOutcome]", code: int, *, as_json: bool) -> None:
    from regime_platform.cli.screen import count, messages, plural, print_json, print_table, styled

    if as_json:
        facts = [
            {"symbol": one.symbol, "status": one.status, "files": one.files, "reason": one.reason}
            for one in outcomes
        ]
        print_json({"exit_code": code, "symbols": facts})
        return
    rows = [(one.symbol, styled(one.status), count(one.files), one.reason) for one in outcomes]
    print_table(("symbol", "status", "files", "note"), rows, numbers=("files",), folding=("note",))
    messages().print(
        f"{plural(sum(one.files for one in outcomes), 'file')} withdrawn; "
        "`regime compute` brings the results after them"
    )


def _migrate(kind: str, meant: Asked, order: _Order) -> None:
    from regime_platform.cli.clock import stamp
    from regime_platform.cli.migration_estimate import print_estimate
    from regime_platform.cli.migration_report import MigrationReport
    from regime_platform.cli.screen import symbol_progress
    from regime_platform.pipeline.migrate_pool import migrate_many
    from regime_platform.pipeline.migration import open_migration, plans
    from regime_platform.pipeline.migration_record import keep_record

    platform, now = meant.platform, stamp(order.now)
    migration, store = open_migration(platform.root, kind, order.place)
    about = plans(platform.universe, store, meant.instruments)
    if order.dry_run:
        print_estimate(migration, about, as_json=order.as_json, all_rows=order.all_rows)
        raise typer.Exit(0)
    outcomes = []
    with symbol_progress(len(about)) as progress:
        for one in migrate_many(platform, about, migration, now, meant.settings.workers):
            outcomes.append(one)
            progress.advance(one.symbol)
    keep_record(platform.root, migration, outcomes)
    report = MigrationReport(migration, outcomes)
    if order.html is not None:
        report.write_page(order.html)
    if order.as_json:
        report.print_json()
    else:
        report.print(all_rows=order.all_rows)
    raise typer.Exit(report.code)
