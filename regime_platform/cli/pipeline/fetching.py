"""The commands that only fetch: update (bars that are due) and backfill (full histories)."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import AllRows, Json, Now
from regime_platform.cli.console.selection import Everything, Symbols, SymbolsFile, Tier, select
from regime_platform.errors import RunEndingError, UsageError

if TYPE_CHECKING:
    import datetime as dt

    from regime_platform.model.instruments import Instrument
    from regime_platform.pipeline.fetch.batches import Batches
    from regime_platform.pipeline.outcomes import SymbolOutcome
    from regime_platform.pipeline.platform import RunWorkspace

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

    workspace: "RunWorkspace"
    instruments: "Sequence[Instrument]"
    timeframes: Sequence[str] | None
    now: "dt.datetime"
    as_json: bool
    all_rows: bool
    is_backfill: bool = False
    since: "dt.date | None" = None


def update(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    timeframe: Timeframes = None,
    now: Now = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Fetch the bars that are due and not stored yet; nothing else."""
    from regime_platform.cli.console.clock import stamp

    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    frames, instruments = _wanted(timeframe, selection.instruments)
    _fetch(_Job(selection.workspace, instruments, frames, stamp(now), as_json, all_rows))


def backfill(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    timeframe: Timeframes = None,
    since: Since = None,
    dry_run: DryRun = False,
    now: Now = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Fetch full histories from the source's first bar; a stopped backfill resumes."""
    from regime_platform.cli.console.clock import moment, stamp
    from regime_platform.cli.console.instants import optional_instant

    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
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
    timeframes: list[str] | None, instruments: "Sequence[Instrument]"
) -> "tuple[Sequence[str] | None, Sequence[Instrument]]":
    """The timeframes asked for, and the instruments that are tracked on any of them."""
    from regime_platform.model.timeframes import canonical_timeframe

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


def _batches(job: _Job, on_credits: Callable[[int], None] | None = None) -> "Batches":
    from regime_platform.pipeline.fetch.batches import Batches
    from regime_platform.pipeline.fetch.request import FetchRequest

    order = FetchRequest(job.now, job.is_backfill, job.since, on_credits)
    return Batches(job.workspace, job.instruments, order, job.timeframes)


def _print_cost(job: _Job) -> None:
    from regime_platform.cli.pipeline.fetch_report import print_estimate
    from regime_platform.pipeline.fetch.estimate import estimate

    cost = estimate(job.workspace, job.instruments, _batches(job))
    print_estimate(cost, as_json=job.as_json)


def _fetch(job: _Job) -> None:
    from regime_platform.cli.pipeline.fetch_report import FetchReport

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


def _with_progress(job: _Job) -> "Iterator[SymbolOutcome]":
    from regime_platform.cli.console.screen import credit_progress, messages
    from regime_platform.pipeline.fetch.estimate import estimate
    from regime_platform.pipeline.outcomes import Stage
    from regime_platform.pipeline.run import run_symbols

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
