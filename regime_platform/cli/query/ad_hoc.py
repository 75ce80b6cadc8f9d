"""`regime evaluate` and `regime export`: results of any file of bars, results as files."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from regime_platform.audit.evaluate_as_of import evaluate_as_of
from regime_platform.cli.console.clock import moment, optional_instant, past
from regime_platform.cli.console.exits import code_of
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.options import Json, Now
from regime_platform.cli.console.screen import messages, plural, print_json
from regime_platform.cli.console.selection import SymbolChoice, chooses_symbols
from regime_platform.errors import UsageError
from regime_platform.operations.documents import export_document
from regime_platform.operations.export import ExportFormat
from regime_platform.operations.export import export as exported
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.documents import evaluation_document
from regime_platform.query.evaluate import evaluate as evaluated
from regime_platform.settings import Settings, load_universe


def evaluate(  # noqa: PLR0913 - one parameter per option
    *,
    bars_file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV or Parquet: ts, open, high, low, close, volume; or a folder of version 1. "
            "Default with --as-of: the stored bars of that time."
        ),
    ] = None,
    symbol: Annotated[str, typer.Option("--symbol", help="Any name; it selects the era class.")],
    timeframe: Annotated[str, typer.Option("--timeframe", help="15min, 1h, 4h, 1day or 1week.")],
    output: Annotated[Path, typer.Option("--output", help="Folder for the two tables.")],
    eras: Annotated[
        Path | None, typer.Option("--eras", help="Era file in the CSV format of the legacy engine.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="ISO time: use only bars known, or complete, by then."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute the results of any file of bars, without the gate; the store is not touched."""
    settings = Settings()
    options: dict[str, Any] = {"symbol": symbol, "timeframe": timeframe, "output": output}
    if bars_file is not None:
        moment, universe = optional_instant("--as-of", as_of), load_universe(settings)
        warm()
        done = evaluated(bars_file, universe=universe, eras_file=eras, as_of=moment, **options)
    elif as_of is not None:
        moment, workspace = past(as_of), RunWorkspace.open(settings)
        warm()
        done = evaluate_as_of(workspace, as_of=moment, eras_file=eras, **options)
    else:
        raise UsageError(
            "no bars: name a file, or give --as-of for the stored bars of that time",
            code="no-bars-file",
        )
    if as_json:
        print_json(evaluation_document(done))
        return
    result, console = done.result, messages()
    reason = f": {result.reason}" if result.reason else ""
    console.print(f"{result.symbol} {result.timeframe}: {result.status}{reason}")
    if done.read_as:
        console.print(done.read_as, style="yellow", soft_wrap=True)
    console.print(f"eras {done.eras.version}: {done.eras.reason}")
    for path, table in zip(done.files, (result.escalation, result.state), strict=True):
        console.print(f"{plural(table.height, 'row')} in {path}")


@chooses_symbols
def export(  # noqa: PLR0913 - one parameter per option
    choice: SymbolChoice,
    *,
    output: Annotated[Path, typer.Option("--output", help="A file for sqlite, else a folder.")],
    form: Annotated[
        Literal["sqlite", "parquet", "csv"],
        typer.Option("--format", help="sqlite: the version 1 tables of the legacy engine."),
    ] = "sqlite",
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite existing files.")] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Write results as SQLite tables of the legacy engine, or as Parquet or CSV per symbol."""
    selection = choice.open()
    workspace, instruments = selection.workspace, selection.instruments
    how = ExportFormat(form)
    outcomes = exported(workspace, instruments, how, output, moment(now), replace=replace)
    if as_json:
        print_json([export_document(outcome) for outcome in outcomes])
    for outcome in outcomes:
        if outcome.reason and not as_json:
            messages().print(f"{outcome.symbol}: {outcome.reason}", style="yellow")
    good = [outcome for outcome in outcomes if outcome.status.is_good]
    if good and not as_json:
        rows = plural(sum(outcome.rows for outcome in good), "row")
        summary = f"{rows} of {plural(len(good), 'symbol')} in {output}"
        messages().print(summary, soft_wrap=True)
    raise typer.Exit(code_of(outcomes))
