"""Runs of regimes and the time in each regime as tables."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from rich.text import Text

from regime_platform.cli.console.numbers import NONE, number, opens
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.screen import Cell
from regime_platform.model.calendar.lateness import age_lines, series_age
from regime_platform.query.series import built_from, last_opens
from regime_platform.report.palette import BUCKET_COLOURS, readable
from regime_platform.workspace import Workspace

_RUNS = ("regime", "start", "end", "bars", "return", "after", "max dd", "escalation")
_TIMES = ("regime", "bars", "share", "runs", "median", "longest", "mean", "next", "max dd")
_TEXTS = ("regime", "start", "end", "escalation")
_MARK = "*"  # of an immature rank


def print_runs(out: Output, runs: pl.DataFrame) -> None:
    """A table per series, a row of ``compute.regime_runs.RUN_SCHEMA`` each; oldest first."""
    _print(runs, _RUNS, _run, out)
    if not runs.is_empty():
        out.line("return: from the close before a run to its last one; after: from its first")
        out.line("  close, which shows the regime, to that of the bar after it")
    if runs["is_rank_immature"].any():
        out.line(f"{_MARK} the highest escalation is immature: ranked on too few bars")


def print_times(out: Output, times: pl.DataFrame) -> None:
    """A table per series, a row of ``compute.regime_runs.TIME_SCHEMA`` each."""
    _print(times, _TIMES, _time, out)
    if not times.is_empty():
        out.line("mean: return of a bar with the regime; next: of the bar after it")


def print_latest_ages(
    symbols: Iterable[str], timeframe: str | None, now: dt.datetime, out: Output
) -> None:
    """How old the last state of each series is, on stderr."""
    for instrument in Workspace.open().universe.select([*symbols]):
        symbol = instrument.symbol
        ages = {
            name: series_age(instrument, name, last, now, built_from=built_from(symbol, name))
            for name, last in last_opens(symbol).items()
            if timeframe in {None, name}
        }
        for line in age_lines(ages):
            out.note(f"{symbol} {line}", "yellow")


def _print(
    rows: pl.DataFrame,
    columns: Sequence[str],
    cells: Callable[[Mapping[str, Any]], tuple[Cell, ...]],
    out: Output,
) -> None:
    numbers = [name for name in columns if name not in _TEXTS]
    for series in rows.partition_by("symbol", "timeframe", maintain_order=True):
        out.line(f"{series['symbol'][0]} {series['timeframe'][0]}", "bold")
        shown = map(cells, series.iter_rows(named=True))
        out.table(columns, shown, numbers=numbers, folding=_TEXTS[:1])
        if "regime_change" in series.columns:
            changes = series.select("start", "timeframe", "regime_change")
            for start, timeframe, change in changes.iter_rows():
                out.paragraph(f"{opens(start, timeframe)}: {change}")


def _run(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    escalation: Cell = NONE
    if row["max_esc_pctl"] is not None:
        bucket = row["max_esc_bucket"]
        mark = _MARK if row["is_rank_immature"] else ""
        escalation = Text(f"{row['max_esc_pctl']:.2f} {bucket}{mark}", style=BUCKET_COLOURS[bucket])
    return (
        readable(row["regime_label"]),
        opens(row["start"], row["timeframe"]),
        "open" if row["end"] is None else opens(row["end"], row["timeframe"]),
        f"{row['bars']:,}",
        *(_percent(row[name], 1) for name in ("return", "return_after", "max_drawdown")),
        escalation,
    )


def _time(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        readable(row["regime_label"]),
        f"{row['bars']:,}",
        f"{row['share']:.1%}",
        f"{row['runs']:,}",
        number(row["median_bars"]),
        f"{row['longest_bars']:,}",
        *(_percent(row[name], 3) for name in ("mean_return", "mean_next_return")),
        _percent(row["max_drawdown"], 1),
    )


def _percent(value: float | None, decimals: int) -> str:
    if value is None:
        return NONE
    text = f"{value:+.{decimals}%}"
    return text if text.strip("+-0.%") else text[1:]  # zero has no sign
