"""`regime bars`, and what it shares with other commands that answer for several symbols."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import polars as pl
import typer

from regime_platform.cli.console.clock import Clock, Period
from regime_platform.cli.console.frames import frame_document, print_frame, write_frame
from regime_platform.cli.console.options import AsOf, TimeframeWord, complete_symbol
from regime_platform.cli.console.output import Output, code_of_counts
from regime_platform.cli.console.screen import messages, plural
from regime_platform.cli.console.targets import function_of
from regime_platform.errors import RegimeError, UsageError, about, failure_reason
from regime_platform.model.calendar.lateness import age_lines, series_age
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.series import bars as stored_bars
from regime_platform.query.series import built_from, narrowed
from regime_platform.workspace import Workspace

SymbolWords = Annotated[  # checked by `_named`: an error of click would miss the symbols
    list[str] | None,
    typer.Argument(
        metavar="SYMBOL",
        help="Symbols of the universe, in any case.",
        autocompletion=complete_symbol,
    ),
]
Answer = TypeVar("Answer")

_TAIL = 20  # rows shown by default


@dataclass(frozen=True)
class Rows(Period):
    """Which rows of a series, and the file to write them to."""

    last: Annotated[
        int | None, typer.Option("--last", min=1, help="Number of rows from the end.")
    ] = None
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write all columns to this .csv or .parquet file."),
    ] = None

    def most(self, out: Output) -> int | None:
        """Number of rows from the end; few where nothing else narrows what is shown."""
        times = (self.start, self.since, self.end, self.until)
        return self.last or (None if any(times) or self.output or out.as_json else _TAIL)


def bars(  # noqa: PLR0913 - one parameter per option
    symbols: SymbolWords = None,
    *,
    timeframe: TimeframeWord,
    rows: Rows,
    as_of: AsOf = None,
    clock: Clock,
    out: Output,
) -> int:
    names, wanted = named(symbols, timeframe, "bars"), canonical_timeframe(timeframe)
    read = stored_bars if as_of is None else partial(function_of("query.as_of:bars"), as_of=as_of)
    (start, end), last = rows.span(), rows.most(out)

    def rows_of(symbol: str) -> pl.DataFrame:
        return narrowed(read(symbol, wanted).lazy(), start, end, last).collect()

    frames, problems = answered(names, rows_of, is_single=len(names) == 1)
    code = print_rows(_with_symbols(frames, names), problems, rows.output, out)
    for name in frames if as_of is None else ():
        if finer := built_from(name, wanted):
            out.note(f"{name} {wanted}: built from {finer} bars")
    if end is None and as_of is None:
        print_ages(frames, wanted, clock.moment(), out)
    return code


def answered(
    symbols: Sequence[str], answer: Callable[[str], Answer], *, is_single: bool
) -> tuple[dict[str, Answer], dict[str, str]]:
    """The answer of each symbol, and why others have none, which is also shown.

    Raises:
        RegimeError: the only symbol has none, where ``is_single``.
    """
    if is_single:
        return {symbols[0]: answer(symbols[0])}, {}
    answers, problems = {}, {}
    for name in symbols:
        try:
            answers[name] = answer(name)
        except (RegimeError, OSError) as error:
            problems[name] = failure_reason(error, name)
            messages().print(about(name, problems[name]), style="bold red", soft_wrap=True)
    return answers, problems


def print_answers(
    answers: Mapping[str, object], problems: Mapping[str, str], out: Output, *, is_single: bool
) -> int:
    """The document of the only symbol, or of all by symbol."""
    code = code_of_counts(len(answers), len(answers) + len(problems))
    if is_single:
        out.document(*answers.values())
    else:
        out.document({"exit_code": code, "symbols": answers, "problems": problems})
    return code


def _with_symbols(
    frames: Mapping[str, pl.DataFrame], names: Sequence[str]
) -> Mapping[str, pl.DataFrame]:
    """Rows with their symbol where there are several."""
    if len(names) == 1:
        return frames
    return {
        name: frame.select(pl.lit(name).alias("symbol"), pl.all()) for name, frame in frames.items()
    }


def print_ages(
    frames: Mapping[str, pl.DataFrame], timeframe: str, now: dt.datetime, out: Output
) -> None:
    """How old the last row of each series is: a warning where bars are missing."""
    for instrument in Workspace.open().universe.select(frames):
        last = frames[instrument.symbol]["ts"].max()
        if isinstance(last, dt.datetime):
            finer = built_from(instrument.symbol, timeframe)
            age = series_age(instrument, timeframe, last, now, built_from=finer)
            if age.is_stale:
                messages().print(f"{instrument.symbol} {timeframe}: {age}", style="yellow")
            for line in () if age.is_stale else age_lines({timeframe: age}):
                out.note(f"{instrument.symbol} {timeframe}: {line}")


def named(symbols: list[str] | None, word: str, command: str) -> list[str]:
    """The symbols of a command whose last word is a timeframe.

    Raises:
        UsageError: there are none.
    """
    if not symbols:
        raise UsageError(
            f"{word}: give one or more symbols and a timeframe, such as "
            f"`regime {command} AAPL 1day`",
            code="no-timeframe",
        )
    return Workspace.open().universe.symbols_of(symbols)


def print_rows(
    frames: Mapping[str, pl.DataFrame],
    problems: Mapping[str, str],
    output: Path | None,
    out: Output,
    show: Callable[[pl.DataFrame], None] = print_frame,
) -> int:
    """The rows of all symbols, which have the same columns: to a file, as JSON, or by ``show``."""
    if frames:
        frame = pl.concat(frames.values())
        empty = ", ".join(name for name, rows in frames.items() if rows.is_empty())
        if empty:
            which = f" of {empty}" if len(frames) > 1 else ""
            out.note(
                f"no rows{which}; `regime board --by-timeframe` shows how many bars each series has"
            )
        if output is not None:
            write_frame(frame, output)
            out.note(f"{plural(frame.height, 'row')} written to {output}")
            out.document({"path": str(output), "rows": frame.height})
        elif out.as_json:
            out.document(frame_document(frame))
        else:
            show(frame)
    elif out.as_json:
        out.document([])
    for instrument in Workspace.open().universe.select(frames):
        if instrument.delisted:
            note = f"{instrument.symbol} is delisted since {instrument.delisted}: no newer bars"
            messages().print(note, style="yellow")
    return code_of_counts(len(frames), len(frames) + len(problems))
