"""`regime run`, `promote` and `compute`: run stages of the pipeline and report the outcomes."""

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from regime_platform.cli.console.clock import stamp
from regime_platform.cli.console.exits import code_of
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.options import AllRows, Json, Now
from regime_platform.cli.console.screen import (
    count,
    messages,
    plural,
    print_json,
    print_table,
    styled,
    symbol_progress,
)
from regime_platform.cli.console.selection import Selection, SymbolChoice, chooses_symbols
from regime_platform.errors import RunEndingError, UsageError
from regime_platform.pipeline.board import try_refresh_board
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.parallel import Task, run_in_parallel

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


@chooses_symbols
def run(
    choice: SymbolChoice,
    *,
    force: Force = False,
    now: Now = None,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Fetch missing bars, validate them, compute what changed and write the manifests."""
    options = _Options(tuple(Stage), now, force, as_json, all_rows)
    selection = choice.open()
    _run_and_report(selection, options)


@chooses_symbols
def promote(
    choice: SymbolChoice,
    *,
    as_json: Json = False,
    all_rows: AllRows = False,
) -> None:
    """Validate the fetched bars and promote those that pass; fetches and computes nothing."""
    options = _Options((Stage.VALIDATED_BARS,), as_json=as_json, all_rows=all_rows)
    selection = choice.open()
    _run_and_report(selection, options)


@chooses_symbols
def compute(  # noqa: PLR0913 - one parameter per option
    choice: SymbolChoice,
    *,
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
    selection = choice.open()
    _run_and_report(selection, options)


def _run_and_report(selection: Selection, options: _Options) -> None:
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
        problem = try_refresh_board(selection.workspace, outcomes)
    report = RunReport(outcomes, time.monotonic() - started, end, problem)
    if options.as_json:
        report.print_json()
    else:
        report.print(all_rows=options.all_rows)
    raise typer.Exit(report.code)


def _with_progress(
    selection: Selection, now: dt.datetime, options: _Options
) -> Iterator[SymbolOutcome]:
    task = Task(now, options.stages, options.force)
    with symbol_progress(len(selection.instruments)) as progress:
        for outcome in run_in_parallel(
            selection.workspace, selection.instruments, task, selection.workspace.settings.workers
        ):
            yield outcome
            progress.advance(outcome.symbol)


#: Rows shown without --all-rows.
_MOST_ROWS = 40
_ORDER = (Status.FAILED, Status.BLOCKED, Status.DONE, Status.UNCHANGED)
_COLUMNS = ("symbol", "status", "new", "revised", "gate", "computed", "note")


@dataclass(frozen=True)
class RunReport:
    """The outcomes of a run."""

    outcomes: Sequence[SymbolOutcome]  # one per symbol processed
    seconds: float | None = None
    end: str = ""  # why the run ended early; empty where it did not
    board: str = ""  # why the board is not up to date; empty where it is

    @property
    def code(self) -> int:
        """The exit code."""
        return code_of(self.outcomes, is_complete=not (self.end or self.board))

    def print_json(self) -> None:
        """One JSON document on stdout."""
        print_json(
            {
                "exit_code": self.code,
                "seconds": self.seconds and round(self.seconds, 3),
                "ended_early": self.end or None,
                "board": self.board or None,
                "counts": _counts(self.outcomes),
                "symbols": [outcome_document(outcome) for outcome in self.outcomes],
            }
        )

    def print(self, *, all_rows: bool) -> None:
        """A table with the problems first; everything else goes to stderr."""
        _print_outcomes(self.outcomes, all_rows=all_rows)
        console = messages()
        for outcome in self.outcomes:
            if outcome.detail:  # the traceback of a defect
                console.print(outcome.detail, style="dim")
        if self.end:
            console.print(f"the run ended early: {self.end}", style="bold red")
        if self.board:
            console.print(self.board, style="bold red")
        console.print(_summary(self.outcomes, self.seconds))


def outcome_document(outcome: SymbolOutcome) -> dict[str, Any]:
    """One outcome as a JSON document."""
    ingest, compute = outcome.ingest, outcome.compute
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "stage": outcome.stage.value,
        "reason": outcome.reason,
        "new": _new(outcome),
        "revised": _revised(outcome),
        "gate": _gate(outcome),
        "computed_rows": _computed(outcome),
        "fetched": [] if ingest is None else [asdict(series) for series in ingest.series],
        "series": [] if compute is None else [asdict(series) for series in compute.series],
        "tables": {} if compute is None else dict(compute.tables),
        "how": "" if compute is None else compute.how,
    }


def _print_outcomes(outcomes: Sequence[SymbolOutcome], *, all_rows: bool) -> None:
    ordered = sorted(outcomes, key=lambda outcome: _ORDER.index(outcome.status))
    shown = ordered if all_rows else ordered[:_MOST_ROWS]
    if shown:
        numbers = ("new", "revised", "computed")
        print_table(
            _COLUMNS, [_row(outcome) for outcome in shown], numbers=numbers, folding=("note",)
        )
    rest = ordered[len(shown) :]
    if rest:
        more = f"and {len(rest):,} more ({_counts_text(rest)})"
        messages().print(f"{more}; --all-rows shows every symbol")


def _row(outcome: SymbolOutcome) -> tuple[Any, ...]:
    return (
        outcome.symbol,
        styled(outcome.status.value),
        count(_new(outcome)),
        count(_revised(outcome)),
        _gate(outcome) or "·",
        count(_computed(outcome)),
        _first_of(outcome.reason) or _note(outcome),
    )


def _first_of(reason: str) -> str:
    first, *more = reason.split(" | ")  # one part per blocked timeframe
    return f"{first} (and {plural(len(more), 'more timeframe')}, see --json)" if more else first


def _note(outcome: SymbolOutcome) -> str:
    if outcome.compute is None:
        return ""
    return "; ".join(
        f"{series.timeframe}: {series.reason}"
        for series in outcome.compute.series
        if series.status in ("state_only", "too_short")
    )


def _new(outcome: SymbolOutcome) -> int:
    return sum(series.new for series in outcome.ingest.series) if outcome.ingest else 0


def _revised(outcome: SymbolOutcome) -> int:
    return sum(series.revised for series in outcome.ingest.series) if outcome.ingest else 0


def _gate(outcome: SymbolOutcome) -> str:
    if outcome.promote is None:
        return ""
    return "blocked" if outcome.promote.status is Status.BLOCKED else "passed"


def _computed(outcome: SymbolOutcome) -> int:
    if outcome.compute is None or outcome.compute.status is not Status.DONE:
        return 0
    return sum(series.state_rows for series in outcome.compute.series)


def _counts(outcomes: Sequence[SymbolOutcome]) -> dict[str, int]:
    counts = Counter(outcome.status for outcome in outcomes)
    return {status.value: counts[status] for status in _ORDER if counts[status]}


def _counts_text(outcomes: Sequence[SymbolOutcome]) -> str:
    return ", ".join(f"{number:,} {status}" for status, number in _counts(outcomes).items())


def _summary(outcomes: Sequence[SymbolOutcome], seconds: float | None) -> str:
    bars = sum(_new(outcome) for outcome in outcomes)
    counts = _counts_text(outcomes)
    symbols = plural(len(outcomes), "symbol") + (f": {counts}" if counts else "")
    parts = [symbols, plural(bars, "new bar")]
    return " · ".join([*parts, f"{seconds:.1f} s"] if seconds is not None else parts)
