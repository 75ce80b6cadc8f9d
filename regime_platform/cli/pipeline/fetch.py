"""`regime update` (bars that are due) and `regime backfill` (full histories), and their report."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import typer

from regime_platform.cli.console.clock import Clock, Start
from regime_platform.cli.console.output import LongOutput
from regime_platform.cli.console.progress import CreditProgress, credit_progress
from regime_platform.cli.console.screen import count, messages, plural, styled
from regime_platform.cli.console.selection import Selection, SymbolChoice
from regime_platform.cli.pipeline.run import code_of_run, collect
from regime_platform.errors import UsageError
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.pipeline.board import try_refresh_board
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.estimate import Estimate, estimate
from regime_platform.pipeline.fetch.ingest import Batches
from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.outcomes import SeriesIngest, Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols

Timeframes = Annotated[
    list[str] | None, typer.Option("--timeframe", help="Only this timeframe; may be repeated.")
]
RawOnly = Annotated[
    bool, typer.Option("--raw-only", help="Only fetch; validate and promote nothing.")
]


def update(
    choice: SymbolChoice,
    *,
    timeframe: Timeframes = None,
    raw_only: RawOnly = False,
    clock: Clock,
    out: LongOutput,
) -> int:
    selection, frames = _wanted(choice.open(), timeframe)
    return _fetch(selection, frames, FetchRequest(clock.stamp()), out, raw_only=raw_only)


def backfill(  # noqa: PLR0913 - a parameter per option
    choice: SymbolChoice,
    *,
    timeframe: Timeframes = None,
    start: Start,
    raw_only: RawOnly = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the cost; request and write nothing.")
    ] = False,
    clock: Clock,
    out: LongOutput,
) -> int:
    selection, frames = _wanted(choice.open(), timeframe)
    first = start.first()
    now = clock.moment() if dry_run else clock.stamp()
    request = FetchRequest(now, is_backfill=True, since=first.date() if first else None)
    if not dry_run:
        return _fetch(selection, frames, request, out, raw_only=raw_only)
    _print_cost(_cost(selection, frames, request), out)
    return 0


def _wanted(
    selection: Selection, timeframes: list[str] | None
) -> tuple[Selection, Sequence[str] | None]:
    """The instruments that are tracked on any of the timeframes, and these."""
    if not timeframes:
        return selection, None
    wanted = tuple(dict.fromkeys(map(canonical_timeframe, timeframes)))
    workspace, instruments = selection
    tracked = {timeframe for instrument in instruments for timeframe in instrument.timeframes}
    unknown = [timeframe for timeframe in wanted if timeframe not in tracked]
    if unknown:
        raise UsageError(
            f"none of these symbols is tracked on {', '.join(unknown)}; "
            f"they are tracked on {', '.join(sorted(tracked))}",
            code="timeframe-not-tracked",
        )
    kept = (instrument for instrument in instruments if set(instrument.timeframes) & set(wanted))
    return Selection(workspace, tuple(kept)), wanted


def _cost(selection: Selection, frames: Sequence[str] | None, request: FetchRequest) -> Estimate:
    return estimate(*selection, Batches(*selection, request, frames))


def _print_cost(cost: Estimate, out: LongOutput) -> None:
    out.document({**asdict(cost), "minutes": cost.minutes})
    if not cost.requests:
        out.note("no requests: all that is due is stored, or comes from a source without requests")
        return
    numbers = ("series", "requests", "credits", "per minute", "minutes")
    values = (cost.series, cost.requests, cost.credits, cost.credits_per_minute, cost.minutes)
    out.table(numbers, [[f"{value:,}" for value in values]], numbers=numbers)
    if cost.assumed:
        out.note(
            f"the first bar of {cost.assumed:,} series is unknown: assumed 1980 for daily "
            "and weekly bars and 2020 for intraday bars, so the estimate is an upper bound"
        )


def _fetch(
    selection: Selection,
    frames: Sequence[str] | None,
    request: FetchRequest,
    out: LongOutput,
    *,
    raw_only: bool,
) -> int:
    started = time.monotonic()
    workspace = selection.workspace
    total = None  # estimating an update takes as long as the update
    if request.is_backfill and messages().is_terminal:  # only a terminal shows the bar
        total = _cost(selection, frames, request).credits
    outcomes: list[SymbolOutcome] = []
    outbox = Outbox(workspace.settings)
    stages = (Stage.RAW_BARS,) if raw_only else (Stage.RAW_BARS, Stage.VALIDATED_BARS)
    with credit_progress(total) as progress:
        batches = Batches(*selection, replace(request, on_credits=progress.paid), frames)
        running = run_symbols(
            *selection,
            request.now,
            stages=stages,
            batches=batches,
            workers=workspace.settings.workers,
        )
        try:
            end = collect(_shown(outbox.passing(running, stages), progress), outcomes)
        finally:
            board = "" if raw_only else try_refresh_board(workspace, outcomes)
    out.problem(board)
    out.problem(outbox.problem)
    is_complete = not (end or board)
    return _report(outcomes, time.monotonic() - started, end, out, is_complete=is_complete)


def _shown(outcomes: Iterator[SymbolOutcome], progress: CreditProgress) -> Iterator[SymbolOutcome]:
    for outcome in outcomes:
        progress.show(outcome.symbol)
        yield outcome


_COUNTS = ("requests", "credits", "new", "revised", "withdrawn", "same", "provisional")
_COLUMNS = ("symbol", "timeframe", "status", *_COUNTS, "note")


def _report(
    outcomes: Sequence[SymbolOutcome],
    seconds: float,
    end: str,
    out: LongOutput,
    *,
    is_complete: bool,
) -> int:
    """A table of what happened, problems first; everything else goes to stderr."""
    fetched = list(_series(outcomes))
    total = {"symbols": len(outcomes), "series": len(fetched)}
    total |= {name: sum(getattr(series, name) for _, series in fetched) for name in _COUNTS}
    statuses = dict(Counter(series.status for _, series in fetched))
    code = code_of_run(outcomes, is_complete=is_complete)
    gate = [problem for outcome in outcomes if (problem := _gate_problem(outcome)) is not None]
    out.document(
        {
            "exit_code": code,
            "seconds": round(seconds, 3),
            "ended_early": end or None,
            "series": [{"symbol": symbol, **asdict(series)} for symbol, series in fetched],
            "gate": [asdict(problem) for problem in gate],
            "total": {**total, "status": statuses},
        }
    )
    rows = sorted(fetched, key=lambda row: (not row[1].has_failed, not row[1].is_reached))
    rows = [row for row in rows if out.all_rows or row[1].status != "ok" or row[1].changed]
    shown = out.shown(rows)
    if shown:
        out.table(_COLUMNS, [_row(*row) for row in shown], numbers=_COUNTS, folding=("note",))
    out.cut(len(rows) - len(shown), "series")
    for problem in out.shown(gate):
        out.note(f"{problem.symbol} {problem.status}: {problem.reason}", "yellow")
    out.cut(len(gate) - len(out.shown(gate)), "symbol", " that the gate did not pass")
    for outcome in outcomes:
        if outcome.detail:  # the traceback of a defect
            out.note(outcome.detail, "dim")
    if end:
        out.note(f"the fetch ended early: {end}", "bold red")
    missed = sum(not series.is_reached for _, series in fetched)
    failed = sum(series.has_failed for _, series in fetched) - missed
    out.note(_summary(total, failed, missed, seconds))
    return code


@dataclass(frozen=True)
class _GateProblem:
    """A symbol of which bars were fetched and not all promoted."""

    symbol: str
    status: Status
    reason: str


def _gate_problem(outcome: SymbolOutcome) -> _GateProblem | None:
    if outcome.promote is not None and not outcome.promote.status.is_good:
        return _GateProblem(outcome.symbol, outcome.promote.status, outcome.promote.reason)
    if outcome.status.is_good or outcome.ingest is None or outcome.stage is Stage.RAW_BARS:
        return None
    return _GateProblem(outcome.symbol, outcome.status, outcome.reason)


def _summary(total: Mapping[str, int], failed: int, missed: int, seconds: float) -> str:
    parts = [
        f"{plural(total['symbols'], 'symbol')}, {total['series']:,} series",
        f"{plural(total['new'], 'new bar')}, {total['revised']:,} revised",
        *([f"{total['withdrawn']:,} withdrawn"] * bool(total["withdrawn"])),
        f"{plural(total['requests'], 'request')}, {plural(total['credits'], 'credit')}",
        *([f"{failed:,} series failed"] * bool(failed)),
        *([f"{missed:,} not reached"] * bool(missed)),
        f"{seconds:.1f} s",
    ]
    return " · ".join(parts)


def _series(outcomes: Sequence[SymbolOutcome]) -> Iterator[tuple[str, SeriesIngest]]:
    for outcome in outcomes:
        if outcome.ingest is None:  # it failed before its first series
            yield outcome.symbol, SeriesIngest("", status="failed", reason=outcome.reason)
        else:
            yield from ((outcome.symbol, series) for series in outcome.ingest.series)


def _row(symbol: str, series: SeriesIngest) -> tuple[Any, ...]:
    counts = (count(getattr(series, name)) for name in _COUNTS)
    # the columns beside the reason already name the series; why some were not reached ends the
    # report in one line
    reason = series.note if not series.is_reached else series.reason or series.note
    reason = reason.removeprefix(f"{series.timeframe}: ")
    reason = reason.removeprefix(f"{symbol} {series.timeframe}: ").removeprefix(f"{symbol}: ")
    return (symbol, series.timeframe, styled(series.status), *counts, reason)
