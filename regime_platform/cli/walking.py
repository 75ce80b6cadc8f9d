"""The commands that walk symbols: run, promote, compute."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.options import AllRows, Json, Now
from regime_platform.cli.selection import Asked, Everything, Symbols, SymbolsFile, Tier, asked
from regime_platform.errors import RunEndingError, UsageError
from regime_platform.pipeline.outcomes import Stage, WalkOutcome

if TYPE_CHECKING:
    import datetime as dt

Force = Annotated[bool, typer.Option("--force", help="Recompute even where nothing changed.")]
Input = Annotated[str, typer.Option("--input", hidden=True)]  # of the engine before this one


@dataclass(frozen=True)
class _Order:
    """What was asked of a walk, beside the symbols."""

    stages: Sequence[Stage]
    now: str | None = None
    force: bool = False
    as_json: bool = False
    all_rows: bool = False


def run(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    force: Force = False,
    now: Now = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Fetch what is missing, judge it, compute what changed and write the manifests."""
    order = _Order(tuple(Stage), now, force, as_json, all_rows)
    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    _walk_and_report(meant, order)


def promote(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Judge the bars already fetched and promote those that pass; fetches and computes nothing."""
    order = _Order((Stage.VALIDATED_BARS,), as_json=as_json, all_rows=all_rows)
    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    _walk_and_report(meant, order)


def compute(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    force: Force = False,
    now: Now = None,
    as_json: Json = False,
    all_rows: AllRows = False,
    source: Input = "parquet",
) -> None:
    """Compute what the promoted bars changed and write the manifests; fetches nothing."""
    if source != "parquet":
        kind = source if source in ("live", "frozen") else "live"
        raise UsageError(
            f"--input {source}: compute reads canonical bars only; bring an old store in with "
            f"`regime migrate {kind} SYMBOL --from DIR`, then compute"
        )
    order = _Order((Stage.COMPUTE_DB, Stage.MANIFESTS), now, force, as_json, all_rows)
    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    _walk_and_report(meant, order)


def _walk_and_report(meant: Asked, order: _Order) -> None:
    from regime_platform.cli.clock import stamp
    from regime_platform.cli.walk_report import WalkReport
    from regime_platform.cli.warming import warm
    from regime_platform.pipeline.board import refreshed_board

    now = stamp(order.now)
    if Stage.COMPUTE_DB in order.stages:
        warm()
    started = time.monotonic()
    outcomes: list[WalkOutcome] = []
    end = ""
    try:
        for outcome in _with_progress(meant, now, order):
            outcomes.append(outcome)  # noqa: PERF402 - what came before an error must be kept
    except RunEndingError as error:  # the source refuses everybody
        end = str(error)
    finally:
        problem = refreshed_board(meant.platform, outcomes)
    report = WalkReport(outcomes, time.monotonic() - started, end, problem)
    if order.as_json:
        report.print_json()
    else:
        report.print(all_rows=order.all_rows)
    raise typer.Exit(report.code)


def _with_progress(meant: Asked, now: "dt.datetime", order: _Order) -> Iterator[WalkOutcome]:
    from regime_platform.cli.screen import symbol_progress
    from regime_platform.pipeline.parallel_walk import Task, walk_on_cores

    task = Task(now, order.stages, order.force)
    with symbol_progress(len(meant.instruments)) as progress:
        for outcome in walk_on_cores(
            meant.platform, meant.instruments, task, meant.settings.workers
        ):
            yield outcome
            progress.advance(outcome.symbol)
