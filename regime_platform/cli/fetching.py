"""The commands that only fetch: update (what is missing by now) and backfill (all there is)."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.options import AllRows, Json, Now
from regime_platform.cli.selection import Everything, Symbols, SymbolsFile, Tier, asked
from regime_platform.errors import RunEndingError, UsageError

if TYPE_CHECKING:
    import datetime as dt

    from regime_platform.model.instruments import Instrument
    from regime_platform.pipeline.batches import Batches
    from regime_platform.pipeline.outcomes import WalkOutcome
    from regime_platform.pipeline.platform import Platform

Timeframes = Annotated[
    list[str] | None, typer.Option("--timeframe", help="Only this timeframe; may be repeated.")
]
Since = Annotated[
    str | None, typer.Option("--since", help="Go back to this date only, and not to the first bar.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what it would cost; ask nothing, write nothing.")
]


@dataclass(frozen=True)
class _Job:
    """Whose bars, which of them, and how to tell of it."""

    platform: "Platform"
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
    """Fetch the bars that must exist by now and are not held, and nothing else."""
    from regime_platform.cli.clock import stamp

    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    frames, instruments = _wanted(timeframe, meant.instruments)
    _fetch(_Job(meant.platform, instruments, frames, stamp(now), as_json, all_rows))


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
    """Fetch full histories to the source's first bar; stopped at any point, it goes on there."""
    from regime_platform.cli.clock import moment, stamp
    from regime_platform.cli.instants import optional_instant

    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    frames, instruments = _wanted(timeframe, meant.instruments)
    first = optional_instant("--since", since)
    date = None if first is None else first.date()
    at = moment(now) if dry_run else stamp(now)
    job = _Job(meant.platform, instruments, frames, at, as_json, all_rows, True, date)
    if dry_run:
        _tell_cost(job)
    else:
        _fetch(job)


def _wanted(
    timeframes: list[str] | None, instruments: "Sequence[Instrument]"
) -> "tuple[Sequence[str] | None, Sequence[Instrument]]":
    """The timeframes meant, and the instruments that are followed on any of them."""
    from regime_platform.model.timeframes import canonical_timeframe

    if not timeframes:
        return None, instruments
    wanted = tuple(dict.fromkeys(canonical_timeframe(one) for one in timeframes))
    followed = {frame for one in instruments for frame in one.timeframes}
    unknown = [one for one in wanted if one not in followed]
    if unknown:
        raise UsageError(
            f"none of these symbols is followed on {', '.join(unknown)}; "
            f"they are on {', '.join(sorted(followed))}"
        )
    return wanted, tuple(one for one in instruments if set(one.timeframes) & set(wanted))


def _batches(job: _Job, on_credits: Callable[[int], None] | None = None) -> "Batches":
    from regime_platform.pipeline.batches import Batches
    from regime_platform.pipeline.order import Order

    order = Order(job.now, job.is_backfill, job.since, on_credits)
    return Batches(job.platform, job.instruments, order, job.timeframes)


def _tell_cost(job: _Job) -> None:
    from regime_platform.cli.fetch_report import print_estimate
    from regime_platform.pipeline.estimate import estimate

    told = estimate(job.platform, job.instruments, _batches(job))
    print_estimate(told, as_json=job.as_json)


def _fetch(job: _Job) -> None:
    from regime_platform.cli.fetch_report import FetchReport

    started = time.monotonic()
    outcomes: list[WalkOutcome] = []
    end = ""
    try:
        for outcome in _with_progress(job):
            outcomes.append(outcome)  # noqa: PERF402 - what came before an error must be kept
    except RunEndingError as error:  # the source refuses everybody
        end = str(error)
    report = FetchReport(outcomes, time.monotonic() - started, end)
    if job.as_json:
        report.print_json()
    else:
        report.print(all_rows=job.all_rows)
    raise typer.Exit(report.code)


def _with_progress(job: _Job) -> "Iterator[WalkOutcome]":
    from regime_platform.cli.screen import credit_progress, messages
    from regime_platform.pipeline.estimate import estimate
    from regime_platform.pipeline.outcomes import Stage
    from regime_platform.pipeline.walk import walk

    total = None  # an update is done before its cost is worked out
    if job.is_backfill and messages().is_terminal:  # the bar is for a person
        total = estimate(job.platform, job.instruments, _batches(job)).credits
    with credit_progress(total) as progress:
        batches = _batches(job, progress.paid)
        stages = (Stage.RAW_BARS,)
        for outcome in walk(job.platform, job.instruments, job.now, stages=stages, batches=batches):
            progress.show(outcome.symbol)
            yield outcome
