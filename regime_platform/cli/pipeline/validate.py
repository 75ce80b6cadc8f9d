"""`regime validate`: the rules of the gate on bars of any origin; nothing is promoted."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from regime_platform.cli.console.clock import moment
from regime_platform.cli.console.options import AllRows, Html, Json, Now
from regime_platform.cli.console.screen import symbol_progress
from regime_platform.cli.console.selection import Everything, SymbolChoice, SymbolsFile, Tier
from regime_platform.cli.pipeline.validation_report import ValidationReport
from regime_platform.errors import UsageError
from regime_platform.legacy.readers.live_db import LiveDb
from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.timeframes import canonical_timeframe, is_intraday
from regime_platform.pipeline.gate.inspection import SymbolReport, inspect_bars, inspect_many
from regime_platform.pipeline.gate.validate_log import read_policy, with_overrides
from regime_platform.sources.files.source import read_bars_file
from regime_platform.workspace import Workspace

_INPUTS = ("parquet", "raw", "live", "file")


@dataclass(frozen=True)
class _Request:
    """What to validate."""

    workspace: Workspace
    words: list[str]  # symbols, or a path and symbols
    now: dt.datetime
    asset_class: str | None  # of symbols outside the universe

    def validated(
        self, symbol: str, read: Callable[[str], Mapping[str, pl.DataFrame]]
    ) -> SymbolReport:
        """The report of bars of any origin; ``read`` is called with the asset class."""
        asset_class, root = self.class_of(symbol), self.workspace.root
        context = with_overrides(root.symbol(symbol), read_policy(root))
        return inspect_bars(
            symbol, asset_class, lambda: read(asset_class), context=context, now=self.now
        )

    def class_of(self, symbol: str) -> str:
        """The asset class of a symbol, from the universe or the option."""
        if symbol in self.workspace.universe.symbols:
            return self.workspace.universe.instrument(symbol).asset_class
        if self.asset_class in ASSET_CLASSES:
            return str(self.asset_class)
        raise UsageError(
            f"{symbol} is not in the universe, so its trading hours are unknown; "
            f"give --asset-class, one of {', '.join(ASSET_CLASSES)}",
            code="no-asset-class",
        )


def validate(  # noqa: PLR0913, PLR0917 - one parameter per option
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SYMBOL",
            help="Symbols in any case; with --input live or file, the PATH first.",
        ),
    ] = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    source: Annotated[
        str,
        typer.Option(
            "--input",
            help="parquet: canonical bars; raw: the raw log; live PATH: a legacy live.db; "
            "file PATH: CSV or Parquet with --symbol and --timeframe.",
        ),
    ] = "parquet",
    symbol: Annotated[str | None, typer.Option("--symbol", help="Symbol of the file.")] = None,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", help="Timeframe of the file.")
    ] = None,
    asset_class: Annotated[
        str | None,
        typer.Option("--asset-class", help="Asset class of symbols outside the universe."),
    ] = None,
    check_gaps: Annotated[
        bool, typer.Option("--check-gaps", help="List the ranges of missing bars.")
    ] = False,
    html: Html = None,
    now: Now = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Validate bars by every rule of the gate; report per symbol and timeframe."""
    workspace = Workspace.open()
    request = _Request(workspace, words or [], moment(now), asset_class)
    if source in ("parquet", "raw"):
        if symbol or timeframe:
            raise UsageError(
                "--symbol and --timeframe need --input file PATH",
                code="conflicting-options",
            )
        wanted = SymbolChoice(words, everything, symbols_file, tier).of(workspace.universe)
        is_raw = source == "raw"
        reports = inspect_many(
            workspace.root, wanted, request.now, raw=is_raw, workers=workspace.settings.workers
        )
        total = len(wanted)
    elif source == "file":
        total, reports = 1, _of_file(request, symbol, timeframe)
    elif source == "live":
        total, reports = _of_live(request)
    else:
        raise UsageError(
            f"--input {source}: expected one of {', '.join(_INPUTS)}", code="unknown-input"
        )
    done: list[SymbolReport] = []
    with symbol_progress(total) as progress:
        for report in reports:
            done.append(report)
            progress.advance(report.symbol)
    validation = ValidationReport(done, source, request.now, check_gaps=check_gaps)
    if html is not None:
        validation.write_page(html)
    if as_json:
        validation.print_json()
    else:
        validation.print(all_rows=all_rows)
    raise typer.Exit(validation.code)


def _of_file(
    request: _Request, symbol: str | None, timeframe: str | None
) -> Iterator[SymbolReport]:
    if len(request.words) != 1 or symbol is None or timeframe is None:
        raise UsageError(
            "--input file needs one PATH, --symbol and --timeframe", code="missing-options"
        )
    path, known = Path(request.words[0]), canonical_timeframe(timeframe)
    if not path.is_file():
        raise UsageError(f"{path} is not a file", code="no-such-file")
    yield request.validated(
        symbol.upper(),
        lambda _class: {known: read_bars_file(path, accept_dates=not is_intraday(known))},
    )


def _of_live(request: _Request) -> tuple[int, Iterator[SymbolReport]]:
    if not request.words:
        raise UsageError(
            "--input live needs the PATH of the live.db, then optional symbols",
            code="missing-options",
        )
    live, named = LiveDb(Path(request.words[0])), {word.upper() for word in request.words[1:]}
    stored = live.series()
    unknown = named - set(stored)
    if unknown:
        raise UsageError(
            f"{live.path} has no bars of {', '.join(sorted(unknown))}", code="no-such-series"
        )
    wanted = sorted(named or stored)
    for name in wanted:
        request.class_of(name)  # fail before the first symbol, not after an hour

    def bars(name: str) -> SymbolReport:
        return request.validated(
            name,
            lambda asset_class: {
                timeframe: live.bars(name, timeframe, asset_class) for timeframe in stored[name]
            },
        )

    return len(wanted), map(bars, wanted)
