"""`regime export`: results as files for other programs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from regime_platform.cli.console.options import Json, Now
from regime_platform.cli.console.selection import Everything, Symbols, SymbolsFile, Tier, select


def export(  # noqa: PLR0913 - one parameter per option
    *,
    symbols: Symbols = None,
    output: Annotated[Path, typer.Option("--output", help="A file for sqlite, else a folder.")],
    form: Annotated[
        Literal["sqlite", "parquet", "csv"],
        typer.Option("--format", help="sqlite: the version 1 tables of the legacy engine."),
    ] = "sqlite",
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite existing files.")] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Write results as SQLite tables of the legacy engine, or as Parquet or CSV per symbol."""
    from regime_platform.cli.console.clock import moment
    from regime_platform.cli.console.screen import messages, plural, print_json
    from regime_platform.cli.exits import code_of
    from regime_platform.operations.export import ExportFormat
    from regime_platform.operations.export import export as exported

    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    workspace, instruments = selection.workspace, selection.instruments
    how = ExportFormat(form)
    outcomes = exported(workspace, instruments, how, output, moment(now), replace=replace)
    if as_json:
        print_json([outcome.facts() for outcome in outcomes])
    for outcome in outcomes:
        if outcome.reason and not as_json:
            messages().print(f"{outcome.symbol}: {outcome.reason}", style="yellow", markup=False)
    good = [outcome for outcome in outcomes if outcome.status.is_good]
    if good and not as_json:
        rows = plural(sum(outcome.rows for outcome in good), "row")
        summary = f"{rows} of {plural(len(good), 'symbol')} in {output}"
        messages().print(summary, markup=False, soft_wrap=True)
    raise typer.Exit(code_of(outcomes))
