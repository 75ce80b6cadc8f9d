"""`regime state`, `history` and `bars`: what is stored of some symbols.

With ``--as-of`` they are answered by ``as_of``, which needs the whole pipeline.
"""

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
from regime_platform.cli.console.options import AsOf, Timeframe, TimeframeWord, complete_symbol
from regime_platform.cli.console.output import Output, code_of_counts
from regime_platform.cli.console.screen import messages, plural
from regime_platform.cli.console.targets import function_of
from regime_platform.cli.query.state_view import print_states
from regime_platform.compute.maturity import marked
from regime_platform.errors import RegimeError, UsageError, about, failure_reason
from regime_platform.model.calendar.lateness import age_lines, series_age
from regime_platform.model.result_schema import ESCALATION_BUCKETS
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.series import bars as stored_bars
from regime_platform.query.series import built_from
from regime_platform.query.series import history as stored_history
from regime_platform.query.states import state as latest_state
from regime_platform.query.states import state_document, why_no_state
from regime_platform.workspace import Workspace

_SYMBOLS_HELP = "Symbols of the universe, in any case."
Symbols = Annotated[list[str], typer.Argument(help=_SYMBOLS_HELP, autocompletion=complete_symbol)]
SymbolWords = Annotated[  # checked by `_named`: an error of click would miss the symbols
    list[str] | None,
    typer.Argument(metavar="SYMBOL", help=_SYMBOLS_HELP, autocompletion=complete_symbol),
]
Answer = TypeVar("Answer")

_TAIL = 20  # rows shown by default
_HISTORY = (
    *("ts", "price", "regime_label", "regime_bias", "confidence"),
    *("esc_pctl", "esc_bucket", "rank_bars"),
)


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


def state(
    symbols: Symbols,
    timeframe: Timeframe = None,
    as_of: AsOf = None,
    *,
    clock: Clock,
    out: Output,
) -> int:
    wanted = None if timeframe is None else canonical_timeframe(timeframe)
    symbols = Workspace.open().universe.symbols_of(symbols)
    if as_of is not None:
        return int(function_of("query.as_of:state")(symbols, wanted, as_of, out))
    now = clock.moment()
    states, problems = answered(symbols, lambda symbol: latest_state(symbol, wanted, now=now))
    documents = {
        symbol: {name: state_document(state_now) for name, state_now in answer.items()}
        for symbol, answer in states.items()
    }
    code = print_answers(symbols, documents, problems, out)
    for symbol, answer in states.items():
        print_states(symbol, answer, out, {} if answer else why_no_state(symbol, wanted))
    return code


def history(  # noqa: PLR0913 - one parameter per option
    symbols: SymbolWords = None,
    *,
    timeframe: TimeframeWord,
    rows: Rows,
    labels: Annotated[
        bool, typer.Option("--labels", help="Add the forward labels, which look ahead.")
    ] = False,
    clock: Clock,
    out: Output,
) -> int:
    names, wanted = _named(symbols, timeframe, "history"), canonical_timeframe(timeframe)
    narrowed = partial(
        stored_history, start=rows.first(), end=rows.stop(), last=rows.most(out), labels=labels
    )
    frames, problems = answered(names, lambda symbol: narrowed(symbol, wanted))
    shown = _HISTORY if len(names) == 1 else ("symbol", *_HISTORY)
    code = _print_rows(frames, problems, shown, rows.output, out)
    if rows.stop() is None:
        _print_ages(frames, wanted, clock.moment(), out)
    return code


def bars(  # noqa: PLR0913 - one parameter per option
    symbols: SymbolWords = None,
    *,
    timeframe: TimeframeWord,
    rows: Rows,
    as_of: AsOf = None,
    clock: Clock,
    out: Output,
) -> int:
    names, wanted = _named(symbols, timeframe, "bars"), canonical_timeframe(timeframe)
    read = stored_bars if as_of is None else partial(function_of("query.as_of:bars"), as_of=as_of)
    start, end, last = rows.first(), rows.stop(), rows.most(out)

    def narrowed(symbol: str) -> pl.DataFrame:
        frame = read(symbol, wanted).lazy()
        if start is not None:
            frame = frame.filter(pl.col("ts") >= start)
        if end is not None:
            frame = frame.filter(pl.col("ts") < end)
        return (frame if last is None else frame.tail(last)).collect()

    frames, problems = answered(names, narrowed)
    code = _print_rows(_with_symbols(frames, names), problems, (), rows.output, out)
    for name in frames if as_of is None else ():
        if finer := built_from(name, wanted):
            out.note(f"{name} {wanted}: built from {finer} bars")
    if end is None and as_of is None:
        _print_ages(frames, wanted, clock.moment(), out)
    return code


def answered(
    symbols: Sequence[str], answer: Callable[[str], Answer]
) -> tuple[dict[str, Answer], dict[str, str]]:
    """The answer of each symbol, and why others have none, which is also shown.

    Raises:
        RegimeError: the only symbol has none.
    """
    if len(symbols) == 1:
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
    symbols: Sequence[str], answers: Mapping[str, object], problems: Mapping[str, str], out: Output
) -> int:
    """The document of the only symbol, or of all by symbol."""
    code = code_of_counts(len(answers), len(answers) + len(problems))
    if len(symbols) == 1:
        out.document(*answers.values())
    else:
        out.document({"exit_code": code, "symbols": answers, "problems": problems})
    return code


def _with_marks(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a history with the mark of immature ranks beside their bucket; others as they are."""
    if "is_rank_immature" not in frame.columns:
        return frame
    bucket, mark = pl.col("esc_bucket").cast(pl.String), pl.col("is_rank_immature")
    shown = {name: marked(name, is_immature=True) for name in ESCALATION_BUCKETS}
    return frame.with_columns(
        esc_bucket=pl.when(mark).then(bucket.replace(shown)).otherwise(bucket)
    )


def _with_symbols(
    frames: Mapping[str, pl.DataFrame], names: Sequence[str]
) -> Mapping[str, pl.DataFrame]:
    """Rows with their symbol where there are several."""
    if len(names) == 1:
        return frames
    return {
        name: frame.select(pl.lit(name).alias("symbol"), pl.all()) for name, frame in frames.items()
    }


def _print_ages(
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


def _named(symbols: list[str] | None, word: str, command: str) -> list[str]:
    if not symbols:
        raise UsageError(
            f"{word}: give one or more symbols and a timeframe, such as "
            f"`regime {command} AAPL 1day`",
            code="no-timeframe",
        )
    return Workspace.open().universe.symbols_of(symbols)


def _print_rows(
    frames: Mapping[str, pl.DataFrame],
    problems: Mapping[str, str],
    shown: Sequence[str],
    output: Path | None,
    out: Output,
) -> int:
    if frames:
        frame = pl.concat(frames.values())
        empty = ", ".join(name for name, rows in frames.items() if rows.is_empty())
        if empty:
            which = f" of {empty}" if len(frames) > 1 else ""
            out.note(f"no rows{which}; `regime board` shows how many bars each series has")
        if output is not None:
            write_frame(frame, output)
            out.note(f"{plural(frame.height, 'row')} written to {output}")
            out.document({"path": str(output), "rows": frame.height})
        elif out.as_json:
            out.document(frame_document(frame))
        else:
            print_frame(_with_marks(frame).select(shown or frame.columns))
    elif out.as_json:
        out.document([])
    for instrument in Workspace.open().universe.select(frames):
        if instrument.delisted:
            note = f"{instrument.symbol} is delisted since {instrument.delisted}: no newer bars"
            messages().print(note, style="yellow")
    return code_of_counts(len(frames), len(frames) + len(problems))
