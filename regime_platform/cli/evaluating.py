"""The command that runs the engine on any file of bars, beside the store."""

from pathlib import Path
from typing import Annotated, Any

import typer

from regime_platform.cli.options import Json


def evaluate(  # noqa: PLR0913 - one parameter per option
    *,
    bars_file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV or Parquet: ts, open, high, low, close, volume; or a folder of version 1. "
            "Without it, and with --as-of: the store's bars of then."
        ),
    ] = None,
    symbol: Annotated[str, typer.Option("--symbol", help="Decides the era class; any name.")],
    timeframe: Annotated[str, typer.Option("--timeframe", help="15min, 1h, 4h, 1day or 1week.")],
    output: Annotated[Path, typer.Option("--output", help="Folder for the two tables.")],
    eras: Annotated[
        Path | None, typer.Option("--eras", help="Era file in the incumbent's CSV format.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="ISO time: only what was known, of a file what was over."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the canonical engine on a file of bars, without gate and without touching the store."""
    from regime_platform.cli.clock import past
    from regime_platform.cli.instants import optional_instant
    from regime_platform.cli.screen import messages, plural, print_json
    from regime_platform.cli.warming import warm
    from regime_platform.errors import UsageError
    from regime_platform.pipeline.evaluate import evaluate as evaluated
    from regime_platform.pipeline.evaluate_as_of import evaluate_as_of
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings, load_universe

    settings = Settings()
    asked: dict[str, Any] = {"symbol": symbol, "timeframe": timeframe, "output": output}
    if bars_file is not None:
        moment, universe = optional_instant("--as-of", as_of), load_universe(settings)
        warm()
        done = evaluated(bars_file, universe=universe, eras_file=eras, as_of=moment, **asked)
    elif as_of is not None:
        moment, platform = past(as_of), open_platform(settings)
        warm()
        done = evaluate_as_of(platform, as_of=moment, eras_file=eras, **asked)
    else:
        raise UsageError("evaluate which bars? name a file, or give --as-of for those of the store")
    if as_json:
        print_json(done.facts())
        return
    result, console = done.result, messages()
    told = f": {result.reason}" if result.reason else ""
    console.print(f"{result.symbol} {result.timeframe}: {result.status}{told}", markup=False)
    if done.read_as:
        console.print(done.read_as, style="yellow", markup=False, soft_wrap=True)
    console.print(f"eras {done.eras.version}: {done.eras.reason}", markup=False)
    for path, table in zip(done.files, (result.escalation, result.state), strict=True):
        console.print(f"{plural(table.height, 'row')} in {path}", markup=False)
