"""The command that hands results to readers elsewhere."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from regime_platform.cli.options import Json, Now
from regime_platform.cli.selection import Everything, Symbols, SymbolsFile, Tier, asked


def export(  # noqa: PLR0913 - one parameter per option
    *,
    symbols: Symbols = None,
    output: Annotated[Path, typer.Option("--output", help="A file for sqlite, else a folder.")],
    form: Annotated[
        Literal["sqlite", "parquet", "csv"],
        typer.Option("--format", help="sqlite: the v1 tables that readers of old know."),
    ] = "sqlite",
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite what is there.")] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Write results as the v1 SQLite file of old, or as Parquet or CSV files per symbol."""
    from regime_platform.cli.clock import moment
    from regime_platform.cli.exits import code_of
    from regime_platform.cli.screen import messages, plural, print_json
    from regime_platform.pipeline.export import Format
    from regime_platform.pipeline.export import export as exported

    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    platform, instruments = meant.platform, meant.instruments
    how = Format(form)
    outcomes = exported(platform, instruments, how, output, moment(now), replace=replace)
    if as_json:
        print_json([one.facts() for one in outcomes])
    for one in outcomes:
        if one.reason and not as_json:
            messages().print(f"{one.symbol}: {one.reason}", style="yellow", markup=False)
    good = [one for one in outcomes if one.status.is_good]
    if good and not as_json:
        rows = plural(sum(one.rows for one in good), "row")
        told = f"{rows} of {plural(len(good), 'symbol')} in {output}"
        messages().print(told, markup=False, soft_wrap=True)
    raise typer.Exit(code_of(outcomes))
