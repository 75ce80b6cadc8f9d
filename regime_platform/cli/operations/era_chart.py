"""`regime eras chart`: the eras of a class or a symbol over its volatility, in one file."""

from pathlib import Path
from typing import Annotated

import typer

from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.output import Output
from regime_platform.compute.eras.eras import BENCHMARKS, ERA_CLASSES, EraClass, era_class
from regime_platform.errors import UsageError
from regime_platform.files import write_bytes
from regime_platform.pipeline.eras import era_set, eras_in_force
from regime_platform.report.eras.picture import era_file
from regime_platform.report.eras.series import read_eras
from regime_platform.workspace import Workspace


def chart(
    of: Annotated[
        str | None,
        typer.Argument(
            metavar="CLASS|SYMBOL",
            help="An era class, which its benchmark represents, or a symbol; default: the first "
            "class whose benchmark is tracked.",
        ),
    ] = None,
    *,
    version: Annotated[
        str | None, typer.Option("--version", help="The era set to draw; default: that in force.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="A .html, .svg or .png file; default: SYMBOL_eras.html."
        ),
    ] = None,
    out: Output,
) -> None:
    workspace = Workspace.open()
    symbol, wanted = _subject(workspace, of)
    root = workspace.root
    eras = eras_in_force(root) if version is None else era_set(root, version)
    warm()
    series = read_eras(root.symbol(symbol), eras.choose(wanted))
    target = output or Path(f"{symbol}_eras.html")
    data = era_file(series, target)
    write_bytes(target, data)
    parts = [
        {"era": part.name, "first": f"{part.first:%Y-%m-%d}", "last": f"{part.last:%Y-%m-%d}"}
        for part in series.parts
    ]
    out.document(
        {
            "path": str(target),
            "bytes": len(data),
            "symbol": symbol,
            "class": wanted.name,
            "version": series.choice.version,
            "eras": parts,
        }
    )
    out.note(f"eras of {symbol} in {target} ({len(data):,} bytes)")


def _subject(workspace: Workspace, of: str | None) -> tuple[str, EraClass]:
    """The symbol to draw, and the class whose eras it gets."""
    universe = workspace.universe
    if of is None:
        tracked = [name for name in ERA_CLASSES if BENCHMARKS[name] in universe.symbols]
        if not tracked:
            raise UsageError(
                "no benchmark of an era class is in the universe; name a symbol, as "
                "`regime eras chart IBM`",
                code="no-benchmark",
            )
        of = tracked[0]
    if (name := of.upper()) in ERA_CLASSES:
        if BENCHMARKS[name] not in universe.symbols:
            raise UsageError(
                f"{BENCHMARKS[name]}, the benchmark of {name}, is not in the universe; "
                "name a symbol, as `regime eras chart IBM`",
                code="no-benchmark",
            )
        return BENCHMARKS[name], EraClass(name, f"the benchmark of {name}")
    if universe.symbol_of(of) not in universe.symbols:
        raise UsageError(
            f"{of} is neither a symbol of the universe nor an era class; these are "
            f"{', '.join(ERA_CLASSES)}",
            code="unknown-symbol",
        )
    instrument = universe.instrument(of)
    return instrument.symbol, era_class(instrument.symbol, instrument.asset_class)
