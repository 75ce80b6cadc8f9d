"""The command that runs the engine on any file of bars, beside the store."""

from pathlib import Path
from typing import Annotated

import typer


def evaluate(  # noqa: PLR0913, PLR0917 - one parameter per option
    bars_file: Annotated[
        Path, typer.Argument(help="CSV or Parquet: ts, open, high, low, close, volume.")
    ],
    symbol: Annotated[str, typer.Option("--symbol", help="Decides the era class; any name.")],
    timeframe: Annotated[str, typer.Option("--timeframe", help="15min, 1h, 4h, 1day or 1week.")],
    output: Annotated[Path, typer.Option("--output", help="Folder for the two tables.")],
    eras: Annotated[
        Path | None, typer.Option("--eras", help="Era file in the incumbent's CSV format.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run the canonical engine on a file of bars, without gate and without touching the store."""
    from regime_platform.cli.screen import messages, plural, print_json
    from regime_platform.cli.warming import warm
    from regime_platform.pipeline.evaluate import evaluate as evaluated
    from regime_platform.settings import Settings, load_universe

    universe = load_universe(Settings())
    warm()
    done = evaluated(
        bars_file,
        symbol=symbol,
        timeframe=timeframe,
        universe=universe,
        eras_file=eras,
        output=output,
    )
    if as_json:
        print_json(done.facts())
        return
    result, console = done.result, messages()
    told = f": {result.reason}" if result.reason else ""
    console.print(f"{result.symbol} {result.timeframe}: {result.status}{told}", markup=False)
    console.print(f"eras {done.eras.version}: {done.eras.reason}", markup=False)
    for path, table in zip(done.files, (result.escalation, result.state), strict=True):
        console.print(f"{plural(table.height, 'row')} in {path}", markup=False)
