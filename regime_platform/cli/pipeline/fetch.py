"""`regime update` (bars that are due) and `regime backfill` (full histories), and their report."""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from regime_platform.cli.console.clock import moment, optional_instant, stamp
from regime_platform.cli.console.exits import code_of
from regime_platform.cli.console.options import AllRows, Json, Now
from regime_platform.cli.console.screen import (
    count,
    credit_progress,
    messages,
    plural,
    print_json,
    print_table,
    styled,
)
from regime_platform.cli.console.selection import SymbolChoice, chooses_symbols
from regime_platform.errors import RunEndingError, UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.pipeline.fetch.batches import Batches
from regime_platform.pipeline.fetch.estimate import Estimate, estimate
from regime_platform.pipeline.fetch.request import FetchRequest
from regime_platform.pipeline.outcomes import SeriesIngest, Stage, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace

Timeframes = Annotated[
    list[str] | None, typer.Option("--timeframe", help="Only this timeframe; may be repeated.")
]
Since = Annotated[
    str | None, typer.Option("--since", help="Fetch back to this date instead of the first bar.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the cost; request and write nothing.")
]


@dataclass(frozen=True)
class _Job:
    """What to fetch, and how to report it."""

    workspace: RunWorkspace
    instruments: Sequence[Instrument]
    timeframes: Sequence[str] | None
    now: dt.datetime
    as_json: bool
    all_rows: bool
    is_backfill: bool = False
    since: dt.date | None = None


@chooses_symbols
def update(
    choice: SymbolChoice,
    *,
    timeframe: Timeframes = None,
    now: Now = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Fetch the bars that are due and not stored yet; nothing else."""
    selection = choice.open()
    frames, instruments = _wanted(timeframe, selection.instruments)
    _fetch(_Job(selection.workspace, instruments, frames, stamp(now), as_json, all_rows))


@chooses_symbols
def backfill(  # noqa: PLR0913 - one parameter per option
    choice: SymbolChoice,
    *,
    timeframe: Timeframes = None,
    since: Since = None,
    dry_run: DryRun = False,
    now: Now = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Fetch full histories from the source's first bar; a stopped backfill resumes."""
    selection = choice.open()
    frames, instruments = _wanted(timeframe, selection.instruments)
    first = optional_instant("--since", since)
    date = None if first is None else first.date()
    at = moment(now) if dry_run else stamp(now)
    job = _Job(selection.workspace, instruments, frames, at, as_json, all_rows, True, date)
    if dry_run:
        _print_cost(job)
    else:
        _fetch(job)


def _wanted(
    timeframes: list[str] | None, instruments: Sequence[Instrument]
) -> tuple[Sequence[str] | None, Sequence[Instrument]]:
    """The timeframes asked for, and the instruments that are tracked on any of them."""
    if not timeframes:
        return None, instruments
    wanted = tuple(dict.fromkeys(map(canonical_timeframe, timeframes)))
    tracked = {timeframe for instrument in instruments for timeframe in instrument.timeframes}
    unknown = [timeframe for timeframe in wanted if timeframe not in tracked]
    if unknown:
        raise UsageError(
            f"none of these symbols is tracked on {', '.join(unknown)}; "
            f"they are tracked on {', '.join(sorted(tracked))}",
            code="timeframe-not-tracked",
        )
    return wanted, tuple(
        instrument for instrument in instruments if set(instrument.timeframes) & set(wanted)
    )


def _batches(job: _Job, on_credits: Callable[[int], None] | None = None) -> Batches:
    order = FetchRequest(job.now, job.is_backfill, job.since, on_credits)
    return Batches(job.workspace, job.instruments, order, job.timeframes)


def _print_cost(job: _Job) -> None:
    cost = estimate(job.workspace, job.instruments, _batches(job))
    print_estimate(cost, as_json=job.as_json)


def _fetch(job: _Job) -> None:
    started = time.monotonic()
    outcomes: list[SymbolOutcome] = []
    end = ""
    try:
        for outcome in _with_progress(job):
            outcomes.append(outcome)  # noqa: PERF402 - outcomes before an error are kept
    except RunEndingError as error:  # the source refuses all symbols
        end = str(error)
    report = FetchReport(outcomes, time.monotonic() - started, end)
    if job.as_json:
        report.print_json()
    else:
        report.print(all_rows=job.all_rows)
    raise typer.Exit(report.code)


def _with_progress(job: _Job) -> Iterator[SymbolOutcome]:
    total = None  # estimating an update takes as long as the update
    if job.is_backfill and messages().is_terminal:  # only a terminal shows the bar
        total = estimate(job.workspace, job.instruments, _batches(job)).credits
    with credit_progress(total) as progress:
        batches = _batches(job, progress.paid)
        stages = (Stage.RAW_BARS,)
        for outcome in run_symbols(
            job.workspace, job.instruments, job.now, stages=stages, batches=batches
        ):
            progress.show(outcome.symbol)
            yield outcome


_MOST_ROWS = 40
_COUNTS = ("requests", "credits", "new", "revised", "same", "provisional")
_COLUMNS = ("symbol", "timeframe", "status", *_COUNTS, "note")


@dataclass(frozen=True)
class FetchReport:
    """The outcomes of a fetch."""

    outcomes: Sequence[SymbolOutcome]  # one per symbol
    seconds: float
    end: str = ""  # why it ended early; empty where it did not

    @property
    def code(self) -> int:
        """The exit code."""
        return code_of(self.outcomes, is_complete=not self.end)

    def print_json(self) -> None:
        """One JSON document on stdout: an object per symbol and timeframe, and a total."""
        print_json(
            {
                "exit_code": self.code,
                "seconds": round(self.seconds, 3),
                "ended_early": self.end or None,
                "series": [
                    {"symbol": symbol, **asdict(series)} for symbol, series in self._series()
                ],
                "total": self._total(),
            }
        )

    def print(self, *, all_rows: bool) -> None:
        """A table of what happened, problems first; everything else goes to stderr."""
        rows = sorted(self._series(), key=lambda row: not row[1].has_failed)
        rows = [row for row in rows if all_rows or row[1].status != "ok" or row[1].new_or_revised]
        shown = rows if all_rows else rows[:_MOST_ROWS]
        if shown:
            print_table(_COLUMNS, [_row(*row) for row in shown], numbers=_COUNTS, folding=("note",))
        console = messages()
        if len(rows) > len(shown):
            console.print(f"and {len(rows) - len(shown):,} more; --all-rows shows every series")
        for outcome in self.outcomes:
            if outcome.detail:  # the traceback of a defect
                console.print(outcome.detail, style="dim")
        if self.end:
            console.print(f"the fetch ended early: {self.end}", style="bold red")
        console.print(self._summary())

    def _series(self) -> Iterator[tuple[str, SeriesIngest]]:
        for outcome in self.outcomes:
            if outcome.ingest is None:  # it failed before its first series
                yield outcome.symbol, SeriesIngest("", status="failed", reason=outcome.reason)
            else:
                yield from ((outcome.symbol, series) for series in outcome.ingest.series)

    def _total(self) -> dict[str, Any]:
        fetched = [series for _, series in self._series()]
        counts = {name: sum(getattr(series, name) for series in fetched) for name in _COUNTS}
        statuses = dict(Counter(series.status for series in fetched))
        total = {"symbols": len(self.outcomes), "series": len(fetched)}
        return {**total, **counts, "status": statuses}

    def _summary(self) -> str:
        total = self._total()
        parts = [
            f"{plural(total['symbols'], 'symbol')}, {total['series']:,} series",
            f"{plural(total['new'], 'new bar')}, {total['revised']:,} revised",
            f"{plural(total['requests'], 'request')}, {plural(total['credits'], 'credit')}",
        ]
        failed = sum(series.has_failed for _, series in self._series())
        return " · ".join(
            [*parts, *([f"{failed:,} series failed"] * bool(failed)), f"{self.seconds:.1f} s"]
        )


def print_estimate(estimate: Estimate, *, as_json: bool) -> None:
    """The cost of a backfill."""
    if as_json:
        print_json({**asdict(estimate), "minutes": estimate.minutes})
        return
    numbers = ("series", "requests", "credits", "per minute", "minutes")
    values = (
        *(estimate.series, estimate.requests, estimate.credits),
        *(estimate.credits_per_minute, estimate.minutes),
    )
    print_table(numbers, [[f"{value:,}" for value in values]], numbers=numbers)
    if estimate.assumed:
        messages().print(
            f"the first bar of {estimate.assumed:,} series is unknown: assumed 1980 for daily "
            "and weekly bars and 2020 for intraday bars, so the estimate is an upper bound"
        )


def _row(symbol: str, series: SeriesIngest) -> tuple[Any, ...]:
    counts = (count(getattr(series, name)) for name in _COUNTS)
    # the columns beside the reason already name the series
    reason = series.reason.removeprefix(f"{series.timeframe}: ")
    reason = reason.removeprefix(f"{symbol} {series.timeframe}: ").removeprefix(f"{symbol}: ")
    return (symbol, series.timeframe, styled(series.status), *counts, reason)
