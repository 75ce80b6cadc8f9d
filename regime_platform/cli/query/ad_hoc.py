"""`regime evaluate` and `regime export`: results of any file of bars, results as files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from regime_platform.audit.results_as_of import evaluate_as_of
from regime_platform.cli.console.clock import Clock, past
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.output import Output, code_of
from regime_platform.cli.console.screen import plural
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.errors import UsageError
from regime_platform.model.moments import optional_moment
from regime_platform.operations.export import ExportFormat
from regime_platform.operations.export import export as exported
from regime_platform.pipeline.run_workspace import RunWorkspace
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
    output: Annotated[Path, typer.Option("--output", help="Folder for the tables.")],
    eras: Annotated[
        Path | None, typer.Option("--eras", help="Era file in the CSV format of the legacy engine.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="ISO time: use only bars known, or complete, by then."),
    ] = None,
    out: Output,
) -> None:
    settings = Settings()
    options: dict[str, Any] = {"symbol": symbol, "timeframe": timeframe, "output": output}
    if bars_file is not None:
        moment, universe = optional_moment(as_of, "--as-of"), load_universe(settings)
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
    result = done.result
    out.document(done.document())
    reason = f": {result.reason}" if result.reason else ""
    out.note(f"{result.symbol} {result.timeframe}: {result.status}{reason}")
    if done.read_as:
        out.note(done.read_as, "yellow")
    out.note(f"eras {done.eras.version}: {done.eras.reason}")
    if done.rank_basis is not None:
        out.note(f"the last bar is {done.rank_basis}")
    for path, table in zip(done.files, (result.escalation, result.state, done.ranks), strict=True):
        out.note(f"{plural(table.height, 'row')} in {path}")


def export(  # noqa: PLR0913 - one parameter per option
    choice: SymbolChoice,
    *,
    output: Annotated[Path, typer.Option("--output", help="A file for sqlite, else a folder.")],
    form: Annotated[
        Literal["sqlite", "parquet", "csv"],
        typer.Option("--format", help="sqlite: the version 1 tables of the legacy engine."),
    ] = "sqlite",
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite existing files.")] = False,
    clock: Clock,
    out: Output,
) -> int:
    workspace, instruments = choice.open()
    how = ExportFormat(form)
    outcomes = exported(workspace, instruments, how, output, clock.moment(), replace=replace)
    out.document([asdict(outcome) for outcome in outcomes])
    for outcome in outcomes:
        if outcome.reason:
            out.note(f"{outcome.symbol}: {outcome.reason}", "yellow")
    good = [outcome for outcome in outcomes if outcome.status.is_good]
    if good:
        rows = plural(sum(outcome.rows for outcome in good), "row")
        out.note(f"{rows} of {plural(len(good), 'symbol')} in {output}")
    return code_of(outcomes)
