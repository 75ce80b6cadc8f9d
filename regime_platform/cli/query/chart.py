"""`regime chart`: the chart of a symbol in one file that can be sent, as a page or a picture."""

from pathlib import Path
from typing import Annotated

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Symbol, Timeframe
from regime_platform.cli.console.output import Output
from regime_platform.files import write_bytes
from regime_platform.model.moments import optional_moment
from regime_platform.report.single_chart import read_single_chart
from regime_platform.workspace import Workspace


def chart(  # noqa: PLR0913 - one parameter per option
    symbol: Symbol,
    timeframe: Timeframe = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only bars from this ISO time on (UTC).")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .html, .svg or .png file; default: SYMBOL.html."),
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", help="In a picture: this metric below the prices.")
    ] = "",
    *,
    clock: Clock,
    out: Output,
) -> int:
    workspace, first = Workspace.open(), optional_moment(since, "--since")
    single = read_single_chart(workspace, symbol, timeframe, first, clock.moment())
    name = single.view.instrument.symbol
    target = output or Path(f"{name}.html")
    data = single.data(target, metric)
    write_bytes(target, data)
    out.note(f"chart of {name} in {target} ({len(data):,} bytes)")
    out.document({"path": str(target), "bytes": len(data), "timeframes": list(single.view.charts)})
    return 0
