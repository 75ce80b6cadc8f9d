"""`regime validate`: what the gate says of bars, wherever they lie; nothing is promoted."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.options import AllRows, Json, Now
from regime_platform.cli.selection import Everything, SymbolsFile, Tier, chosen
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

    from regime_platform.bars.layout import DataRoot
    from regime_platform.model.universe import Universe
    from regime_platform.pipeline.inspection import SymbolReport


_INPUTS = ("parquet", "raw", "live", "file")


@dataclass(frozen=True)
class _Asked:
    """What a validation is about, wherever the bars lie."""

    root: "DataRoot"
    universe: "Universe"
    words: list[str]  # symbols, or a path and symbols
    now: "dt.datetime"
    asset_class: str | None  # of symbols that the universe does not have

    def judged(
        self, symbol: str, read: "Callable[[str], Mapping[str, pl.DataFrame]]"
    ) -> "SymbolReport":
        """What the gate says of bars of any origin; ``read`` is given the class."""
        from regime_platform.pipeline.inspection import inspect_bars
        from regime_platform.pipeline.judging import decided

        of = self.class_of(symbol)
        standard = decided(self.root, symbol)
        return inspect_bars(symbol, of, lambda: read(of), standard=standard, now=self.now)

    def class_of(self, symbol: str) -> str:
        """The class of a symbol, from the universe or the option."""
        from regime_platform.model.asset_classes import ASSET_CLASSES

        if symbol in self.universe.symbols:
            return self.universe.instrument(symbol).asset_class
        if self.asset_class in ASSET_CLASSES:
            return str(self.asset_class)
        raise UsageError(
            f"{symbol} is not in the universe, so its hours are unknown; "
            f"give --asset-class, one of {', '.join(ASSET_CLASSES)}"
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
    symbol: Annotated[str | None, typer.Option("--symbol", help="Whose the file is.")] = None,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", help="Timeframe of the file.")
    ] = None,
    asset_class: Annotated[
        str | None,
        typer.Option("--asset-class", help="Class of symbols that the universe does not have."),
    ] = None,
    check_gaps: Annotated[
        bool, typer.Option("--check-gaps", help="List the missing bars, stretch by stretch.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as one self-contained page.")
    ] = None,
    now: Now = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Judge bars by every rule of the gate and report per symbol and timeframe."""
    from regime_platform.bars.layout import DataRoot
    from regime_platform.cli.clock import moment
    from regime_platform.cli.screen import symbol_progress
    from regime_platform.cli.validation_report import ValidationReport
    from regime_platform.pipeline.inspection_pool import inspect_many
    from regime_platform.settings import Settings, load_universe

    settings = Settings()
    root = DataRoot(settings.data_root.expanduser().absolute())
    asked = _Asked(root, load_universe(settings), words or [], moment(now), asset_class)
    if source in ("parquet", "raw"):
        if symbol or timeframe:
            raise UsageError("--symbol and --timeframe are about a file: --input file PATH")
        wanted = chosen(
            asked.universe, words, everything=everything, symbols_file=symbols_file, tier=tier
        )
        is_raw = source == "raw"
        reports = inspect_many(asked.root, wanted, asked.now, raw=is_raw, workers=settings.workers)
        total = len(wanted)
    elif source == "file":
        total, reports = 1, _of_file(asked, symbol, timeframe)
    elif source == "live":
        total, reports = _of_live(asked)
    else:
        raise UsageError(f"--input {source}: expected one of {', '.join(_INPUTS)}")
    done: list[SymbolReport] = []
    with symbol_progress(total) as progress:
        for report in reports:
            done.append(report)
            progress.advance(report.symbol)
    told = ValidationReport(done, source, asked.now, check_gaps=check_gaps)
    if html is not None:
        told.write_page(html)
    if as_json:
        told.print_json()
    else:
        told.print(all_rows=all_rows)
    raise typer.Exit(told.code)


def _of_file(asked: _Asked, symbol: str | None, timeframe: str | None) -> "Iterator[SymbolReport]":
    from regime_platform.model.timeframes import canonical_timeframe, is_intraday
    from regime_platform.sources.files import read_bars_file

    if len(asked.words) != 1 or symbol is None or timeframe is None:
        raise UsageError("--input file needs one PATH, --symbol and --timeframe")
    path, known = Path(asked.words[0]), canonical_timeframe(timeframe)
    if not path.is_file():
        raise UsageError(f"{path} is no file")
    yield asked.judged(
        symbol.upper(),
        lambda _class: {known: read_bars_file(path, accept_dates=not is_intraday(known))},
    )


def _of_live(asked: _Asked) -> "tuple[int, Iterator[SymbolReport]]":
    from regime_platform.sources.live_db import LiveDb

    if not asked.words:
        raise UsageError("--input live needs the PATH of the live.db, then symbols or nothing")
    live, named = LiveDb(Path(asked.words[0])), {one.upper() for one in asked.words[1:]}
    held = live.series()
    unknown = named - set(held)
    if unknown:
        raise UsageError(f"{live.path} has no bars of {', '.join(sorted(unknown))}")
    wanted = sorted(named or held)
    for name in wanted:
        asked.class_of(name)  # say so before the first hour of work, not after it

    def bars(name: str) -> "SymbolReport":
        return asked.judged(name, lambda of: {one: live.bars(name, one, of) for one in held[name]})

    return len(wanted), map(bars, wanted)
