"""The pipeline commands over symbols: run, promote, compute."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import AllRows, Json, Now
from regime_platform.cli.console.selection import (
    Everything,
    Selection,
    Symbols,
    SymbolsFile,
    Tier,
    select,
)
from regime_platform.errors import RunEndingError, UsageError
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome

if TYPE_CHECKING:
    import datetime as dt

Force = Annotated[bool, typer.Option("--force", help="Recompute even where nothing changed.")]
Input = Annotated[str, typer.Option("--input", hidden=True)]  # an option of the legacy engine


@dataclass(frozen=True)
class _Options:
    """The options of a run, apart from the symbols."""

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
    """Fetch missing bars, validate them, compute what changed and write the manifests."""
    options = _Options(tuple(Stage), now, force, as_json, all_rows)
    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    _run_and_report(selection, options)


def promote(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Validate the fetched bars and promote those that pass; fetches and computes nothing."""
    options = _Options((Stage.VALIDATED_BARS,), as_json=as_json, all_rows=all_rows)
    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    _run_and_report(selection, options)


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
    """Compute results from new promoted bars and write the manifests; fetches nothing."""
    if source != "parquet":
        kind = source if source in ("live", "frozen") else "live"
        raise UsageError(
            f"--input {source}: compute reads canonical bars only; import a legacy store with "
            f"`regime migrate {kind} SYMBOL --from DIR`, then compute",
            code="unknown-input",
        )
    options = _Options((Stage.COMPUTE_DB, Stage.MANIFESTS), now, force, as_json, all_rows)
    selection = select(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    _run_and_report(selection, options)


def _run_and_report(selection: Selection, options: _Options) -> None:
    from regime_platform.cli.console.clock import stamp
    from regime_platform.cli.pipeline.walk_report import RunReport
    from regime_platform.cli.pipeline.warming import warm
    from regime_platform.pipeline.board import refreshed_board

    now = stamp(options.now)
    if Stage.COMPUTE_DB in options.stages:
        warm()
    started = time.monotonic()
    outcomes: list[SymbolOutcome] = []
    end = ""
    try:
        for outcome in _with_progress(selection, now, options):
            outcomes.append(outcome)  # noqa: PERF402 - outcomes before an error are kept
    except RunEndingError as error:  # the source refuses all symbols
        end = str(error)
    finally:
        problem = refreshed_board(selection.workspace, outcomes)
    report = RunReport(outcomes, time.monotonic() - started, end, problem)
    if options.as_json:
        report.print_json()
    else:
        report.print(all_rows=options.all_rows)
    raise typer.Exit(report.code)


def _with_progress(
    selection: Selection, now: "dt.datetime", options: _Options
) -> Iterator[SymbolOutcome]:
    from regime_platform.cli.console.screen import symbol_progress
    from regime_platform.pipeline.parallel import Task, run_in_parallel

    task = Task(now, options.stages, options.force)
    with symbol_progress(len(selection.instruments)) as progress:
        for outcome in run_in_parallel(
            selection.workspace, selection.instruments, task, selection.workspace.settings.workers
        ):
            yield outcome
            progress.advance(outcome.symbol)
