"""`regime validate`: the rules of the gate on bars of any origin; nothing is promoted."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import polars as pl
import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Html
from regime_platform.cli.console.output import LongOutput
from regime_platform.cli.console.progress import counted
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.cli.pipeline.validation_report import Cleaned, ValidationReport
from regime_platform.errors import UsageError
from regime_platform.legacy.sqlite import live_bars, live_series
from regime_platform.model.markets import MARKETS, Market
from regime_platform.model.timeframes import canonical_timeframe, known_bar_length
from regime_platform.pipeline.gate.cleaning import (
    CleanBars,
    clean_bars,
    require_other_file,
    write_clean,
)
from regime_platform.pipeline.gate.inspection import SymbolReport, inspect_bars, inspect_many
from regime_platform.pipeline.gate.validate_log import read_policy, with_overrides
from regime_platform.sources.files.series import read_series
from regime_platform.validation.policy import ValidationContext
from regime_platform.workspace import Workspace

_INPUTS = ("parquet", "raw", "live", "file")

#: Reads the bars of a symbol, whose market it gets, by timeframe.
Reader = Callable[[Market], Mapping[str, pl.DataFrame]]


def validate(  # noqa: PLR0913 - a parameter per option
    choice: SymbolChoice,
    *,
    source: Annotated[
        str,
        typer.Option(
            "--input",
            help="parquet: canonical bars; raw: the raw log; live PATH: a legacy live.db, then "
            "optional symbols; file PATH: CSV or Parquet with --symbol and --timeframe.",
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
    clean: Annotated[
        Path | None,
        typer.Option(
            "--clean", help="With --input file: write the bars that pass to this .csv or .parquet."
        ),
    ] = None,
    html: Html = None,
    clock: Clock,
    out: LongOutput,
) -> int:
    outside, words = _Outside(Workspace.open(), clock.moment(), asset_class), choice.symbols or []
    cleaned = None
    if clean is not None and source != "file":
        raise UsageError("--clean needs --input file PATH", code="conflicting-options")
    if source == "file":
        file = outside.file(words, symbol, timeframe)
        if clean is not None:
            require_other_file(file.path, clean)
        reports: Iterable[SymbolReport] = [outside.of_file(file)]
        cleaned = None if clean is None else Cleaned(clean, outside.write_clean(file, clean))
    elif source == "live":
        reports = outside.of_live(words)
    elif source not in _INPUTS:
        raise UsageError(
            f"--input {source}: expected one of {', '.join(_INPUTS)}", code="unknown-input"
        )
    elif symbol or timeframe:
        raise UsageError(
            "--symbol and --timeframe need --input file PATH", code="conflicting-options"
        )
    elif files := [word for word in words if outside.is_file(word)]:
        raise UsageError(
            f"{files[0]} is a file, not a symbol; `regime validate --input file {files[0]} "
            "--symbol SYMBOL --timeframe 1day` checks it",
            code="missing-options",
        )
    else:
        reports = _of_store(outside.workspace, choice, outside.now, is_raw=source == "raw")
    report = ValidationReport(tuple(reports), source, outside.now, check_gaps, cleaned)
    return report.print(out, html)


def _of_store(
    workspace: Workspace, choice: SymbolChoice, now: dt.datetime, *, is_raw: bool
) -> Iterable[SymbolReport]:
    wanted, workers = choice.of(workspace.universe), workspace.settings.workers
    reports = inspect_many(workspace.root, wanted, now, raw=is_raw, workers=workers)
    return counted(reports, len(wanted))


class _File(NamedTuple):
    """One series in a file."""

    path: Path
    symbol: str
    timeframe: str

    def bars(self, market: Market) -> pl.DataFrame:
        return read_series(self.path, self.timeframe, market, self.symbol)[0]


class _Outside:
    """Bars outside the store."""

    def __init__(self, workspace: Workspace, now: dt.datetime, asset_class: str | None) -> None:
        self.workspace, self.now, self.asset_class = workspace, now, asset_class

    def is_file(self, word: str) -> bool:
        """True of a path of a file that is no symbol as well."""
        return word.upper() not in self.workspace.universe.symbols and Path(word).is_file()

    def file(self, words: Sequence[str], symbol: str | None, timeframe: str | None) -> "_File":
        if len(words) != 1 or symbol is None or timeframe is None:
            raise UsageError(
                "--input file needs one PATH, --symbol and --timeframe", code="missing-options"
            )
        path = Path(words[0])
        known = known_bar_length(timeframe) or canonical_timeframe(timeframe)
        if not path.is_file():
            raise UsageError(f"{path} is not a file", code="no-such-file")
        return _File(path, self.workspace.universe.symbol_of(symbol), known)

    def of_file(self, file: "_File") -> SymbolReport:
        return self._report(file.symbol, lambda of: {file.timeframe: file.bars(of)})

    def write_clean(self, file: "_File", target: Path) -> CleanBars:
        market, context = self._market_of(file.symbol), self._context_of(file.symbol)
        bars = clean_bars(file.bars(market), file.timeframe, market, context, self.now)
        write_clean(bars, file.path, target, market, file.symbol)
        return bars

    def of_live(self, words: Sequence[str]) -> Iterable[SymbolReport]:
        if not words:
            raise UsageError(
                "--input live needs the PATH of the live.db, then optional symbols",
                code="missing-options",
            )
        path, stored = Path(words[0]), live_series(Path(words[0]))
        named = set(self.workspace.universe.symbols_of(words[1:]))
        unknown = named - set(stored)
        if unknown:
            raise UsageError(
                f"{path} has no bars of {', '.join(sorted(unknown))}", code="no-such-series"
            )
        wanted = sorted(named or stored)
        for name in wanted:
            self._market_of(name)  # fail before the first symbol, not after an hour

        def report(name: str) -> SymbolReport:
            return self._report(
                name, lambda of: {frame: live_bars(p, of) for frame, p in stored[name].items()}
            )

        return counted(map(report, wanted), len(wanted))

    def _report(self, symbol: str, read: Reader) -> SymbolReport:
        market, context = self._market_of(symbol), self._context_of(symbol)
        return inspect_bars(symbol, market, lambda: read(market), context=context, now=self.now)

    def _context_of(self, symbol: str) -> ValidationContext:
        root = self.workspace.root
        return with_overrides(root.symbol(symbol), read_policy(root))

    def _market_of(self, symbol: str) -> Market:
        if symbol in self.workspace.universe.symbols:
            return self.workspace.universe.instrument(symbol).market
        if self.asset_class in MARKETS:
            return MARKETS[str(self.asset_class)]
        raise UsageError(
            f"{symbol} is not in the universe, so its trading hours are unknown; "
            f"give --asset-class, one of {', '.join(MARKETS)}",
            code="no-asset-class",
        )
