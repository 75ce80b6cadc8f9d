"""`regime history`: the states of bars, the runs of their regimes, or the time in each regime."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

import polars as pl
import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Options
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.symbol_options import SymbolOptions
from regime_platform.cli.query.answers import (
    Rows,
    answered,
    named,
    print_ages,
    print_rows,
)
from regime_platform.cli.query.bars_view import print_bars
from regime_platform.cli.query.runs_view import print_latest_ages, print_runs, print_times
from regime_platform.errors import UsageError
from regime_platform.model.result_schema import REGIME_LABELS
from regime_platform.model.timeframes import canonical_timeframe, known_bar_length
from regime_platform.query.codes import code_of
from regime_platform.query.runs import runs, time_in_regime
from regime_platform.query.series import history as stored_history


@dataclass(frozen=True)
class View(Options):
    """What is shown of a history."""

    labels: Annotated[
        bool, typer.Option("--labels", help="Add the forward labels, which look ahead.")
    ] = False
    regime: Annotated[
        str | None, typer.Option("--regime", help="Only this regime, such as panic-risk.")
    ] = None
    runs: Annotated[
        bool, typer.Option("--runs", help="Show the runs of regimes, and what the price did.")
    ] = False
    why: Annotated[bool, typer.Option("--why", help="With --runs: add what each began with.")] = (
        False
    )
    time_in_regime: Annotated[
        bool, typer.Option("--time-in-regime", help="Sum up the time in each regime.")
    ] = False

    @property
    def is_of_runs(self) -> bool:
        """True where no bars are shown."""
        return self.runs or self.time_in_regime

    @property
    def label(self) -> str | None:
        """The only regime; raises UsageError where it is unknown."""
        return None if self.regime is None else code_of("regime", self.regime, REGIME_LABELS)

    def require_together(self, rows: Rows) -> None:
        """Refuses options that say nothing about what is shown; raises UsageError."""
        sums = self.time_in_regime
        given = {
            "--runs": sums and self.runs,
            "--labels": self.is_of_runs and self.labels,
            "--last": sums and rows.last,
            "--regime": sums and self.regime,
            "--why": self.why and not (self.runs and not sums),
        }
        others = [name for name, value in given.items() if value]
        if others:
            view = "--time-in-regime" if sums else "--runs" if self.runs else "a list of bars"
            raise UsageError(
                f"{' and '.join(others)} cannot be combined with {view}", code="conflicting-options"
            )


def history(  # noqa: PLR0913 - one parameter per option
    choice: SymbolOptions,
    *,
    timeframe: Annotated[
        str,
        typer.Argument(
            help="15min, 1h, 4h, 1day or 1week; without it, --runs and --time-in-regime show all."
        ),
    ],
    rows: Rows,
    view: View,
    clock: Clock,
    out: Output,
) -> int:
    view.require_together(rows)
    if view.is_of_runs:
        return _runs(choice, timeframe, rows, view, clock, out)
    names, wanted = _names(choice, timeframe), canonical_timeframe(timeframe)
    label, last, (first, stop) = view.label, rows.most(out), rows.span()

    def narrowed(symbol: str) -> pl.DataFrame:
        of_a_symbol = partial(stored_history, start=first, end=stop, labels=view.labels)
        if label is None:
            return of_a_symbol(symbol, wanted, last=last)
        frame = of_a_symbol(symbol, wanted).filter(pl.col("regime_label") == label)
        return frame if last is None else frame.tail(last)

    frames, problems = answered(names, narrowed, is_single=choice.is_single(names))
    code = print_rows(
        frames,
        problems,
        rows.output,
        out,
        lambda frame: print_bars(frame, wanted, out, is_single=len(names) == 1),
    )
    if stop is None:
        print_ages(frames, wanted, clock.moment(), out)
    return code


def _runs(  # noqa: PLR0913, PLR0917 - the options of the command
    choice: SymbolOptions, word: str, rows: Rows, view: View, clock: Clock, out: Output
) -> int:
    """The runs of some symbols, or the time in each regime; the last word may be a symbol."""
    timeframe = None if known_bar_length(word) is None else canonical_timeframe(word)
    if timeframe is None:
        choice = replace(choice, symbols=[*(choice.symbols or ()), word])
    names = _names(choice, word)
    (first, stop), last, label = rows.span(), rows.most(out), view.label

    def answer(symbol: str) -> pl.DataFrame:
        if view.time_in_regime:
            return time_in_regime(symbol, timeframe, start=first, end=stop)
        rows = runs(symbol, timeframe, regime=label, start=first, end=stop, last=last)
        return _with_changes(rows) if view.why else rows

    frames, problems = answered(names, answer, is_single=choice.is_single(names))
    show = print_times if view.time_in_regime else print_runs
    code = print_rows(frames, problems, rows.output, out, partial(show, out))
    if stop is None:
        print_latest_ages(frames, timeframe, clock.moment(), out)
    return code


def _with_changes(rows: pl.DataFrame) -> pl.DataFrame:
    # brings the kernels, whose sources evaluate the rules again
    from regime_platform.report.flip_text import with_changes  # noqa: PLC0415

    return with_changes(rows, stored_history)


def _names(choice: SymbolOptions, word: str) -> list[str]:
    """The symbols; raises UsageError where ``word``, that of the timeframe, is all there is."""
    return choice.names() if choice else named(None, word, "history")
