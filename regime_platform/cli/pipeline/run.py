"""`regime run`, `promote` and `compute`: run stages of the pipeline and report the outcomes."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.options import Options
from regime_platform.cli.console.output import SOME_FAILED, LongOutput, code_of
from regime_platform.cli.console.progress import counted
from regime_platform.cli.console.screen import count, plural, styled
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.cli.query.charts import pages_document, print_pages, write_pages
from regime_platform.errors import RunEndingError, UsageError
from regime_platform.pipeline.board import try_refresh_board
from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.outcomes import (
    STAGES,
    PromoteOutcome,
    Stage,
    Status,
    SymbolOutcome,
)
from regime_platform.pipeline.run import run_symbols
from regime_platform.validation.finding_counts import FindingCounts
from regime_platform.validation.verdict import built_from

Force = Annotated[bool, typer.Option("--force", help="Recompute even where nothing changed.")]


@dataclass(frozen=True)
class Extent(Options):
    """What is done beyond what is needed."""

    force: Force = False
    charts: Annotated[
        bool, typer.Option("--charts", help="Also write the HTML pages of these symbols.")
    ] = False


def run(choice: SymbolChoice, *, extent: Extent, clock: Clock, out: LongOutput) -> int:
    if extent.charts:
        from regime_platform.report.page import chart_libraries  # noqa: PLC0415 - slow

        chart_libraries()  # where they are missing, before the run
    return _run(choice, clock, out, extent=extent)


def promote(choice: SymbolChoice, out: LongOutput) -> int:
    return _run(choice, Clock(), out, (Stage.VALIDATED_BARS,))


def compute(
    choice: SymbolChoice,
    *,
    force: Force = False,
    source: Annotated[str, typer.Option("--input", hidden=True)] = "parquet",  # a legacy option
    clock: Clock,
    out: LongOutput,
) -> int:
    if source != "parquet":
        kind = source if source in ("live", "frozen") else "live"
        raise UsageError(
            f"--input {source}: compute reads canonical bars only; import a legacy store with "
            f"`regime migrate {kind} SYMBOL --from DIR`, then compute",
            code="unknown-input",
        )
    return _run(choice, clock, out, (Stage.COMPUTE_DB, Stage.MANIFESTS), extent=Extent(force))


def _run(
    choice: SymbolChoice,
    clock: Clock,
    out: LongOutput,
    stages: Sequence[Stage] = STAGES,
    *,
    extent: Extent = Extent(),
) -> int:
    now = clock.stamp()
    workspace, instruments = choice.open()
    if Stage.COMPUTE_DB in stages:
        warm()
    started = time.monotonic()
    outcomes: list[SymbolOutcome] = []
    workers = workspace.settings.workers
    running = run_symbols(
        workspace, instruments, now, stages=stages, force=extent.force, workers=workers
    )
    outbox = Outbox(workspace.settings)
    seen = outbox.passing(running, stages)
    try:
        end = collect(counted(seen, len(instruments)), outcomes)
    finally:
        board = try_refresh_board(workspace, outcomes)
    seconds = time.monotonic() - started
    pages, problems = write_pages(workspace, instruments, now) if extent.charts else ({}, {})
    code = code_of_run(outcomes, is_complete=not (end or board or problems))
    document = {
        "exit_code": code,
        "seconds": round(seconds, 3),
        "ended_early": end or None,
        "board": board or None,
        "counts": _counts(outcomes),
        "findings": _findings(outcomes).model_dump(),
        "symbols": [outcome_document(outcome) for outcome in outcomes],
    }
    out.document(document | (pages_document(pages, problems) if extent.charts else {}))
    print_outcomes(outcomes, out)
    if end:
        out.note(f"the run ended early: {end}", "bold red")
    out.problem(board)
    out.problem(outbox.problem)
    out.note(f"{summary(outcomes)} · {seconds:.1f} s")
    if pages or problems:
        print_pages(pages, problems, out)
    return code


def code_of_run(outcomes: Sequence[SymbolOutcome], *, is_complete: bool) -> int:
    """As `code_of`, where a symbol of which some series are processed is a part of a success."""
    code = code_of(outcomes, is_complete=is_complete)
    return SOME_FAILED if any(outcome.is_partial for outcome in outcomes) else code


def collect(outcomes: Iterable[SymbolOutcome], collected: list[SymbolOutcome]) -> str:
    """Adds the outcomes to a list; returns why they ended early, where the source refused all."""
    try:
        for outcome in outcomes:
            collected.append(outcome)  # noqa: PERF402 - outcomes before an error are kept
    except RunEndingError as error:
        return str(error)
    return ""


_ORDER = (
    Status.FAILED,
    Status.NO_BARS,
    Status.BLOCKED,
    Status.NOT_REACHED,
    Status.DONE,
    Status.UNCHANGED,
)
_NUMBERS = ("new", "revised", "withdrawn", "e/w", "computed")
_COLUMNS = ("symbol", "status", "new", "revised", "withdrawn", "gate", "e/w", "computed", "note")
_RARE = "withdrawn"  # a column for which 80 columns have room only where it is needed


def print_outcomes(outcomes: Sequence[SymbolOutcome], out: LongOutput) -> None:
    """A table with the problems first, and the tracebacks of defects."""
    ordered = sorted(outcomes, key=lambda outcome: _ORDER.index(outcome.status))
    shown = out.shown(ordered)
    rows = [dict(zip(_COLUMNS, _row(outcome), strict=True)) for outcome in shown]
    if rows:
        is_shown = any(row[_RARE] != count(0) for row in rows)
        columns = [name for name in _COLUMNS if is_shown or name != _RARE]
        cells = [[row[name] for name in columns] for row in rows]
        out.table(columns, cells, numbers=_NUMBERS, folding=("note",))
    rest = ordered[len(shown) :]
    out.cut(len(rest), "symbol", f" ({_counts_text(rest)})")
    for outcome in outcomes:
        if outcome.detail:
            out.note(outcome.detail, "dim")


def outcome_document(outcome: SymbolOutcome) -> dict[str, Any]:
    """An outcome as a JSON document."""
    fetched = outcome.ingest.series if outcome.ingest else ()
    compute, promoted = outcome.compute, outcome.promote
    findings = promoted.findings if promoted else {}
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "stage": outcome.stage.value,
        "reason": outcome.reason,
        "new": sum(series.new for series in fetched),
        "revised": sum(series.revised for series in fetched),
        "withdrawn": sum(series.withdrawn for series in fetched),
        "gate": _gate(promoted),
        "left_out": dict(outcome.left_out),
        "findings": {name: each.model_dump() for name, each in findings.items()},
        "questions": dict(promoted.questions) if promoted else {},
        "derived_from": dict(promoted.derived_from) if promoted else {},
        "computed_rows": compute.computed_rows if compute else 0,
        "state_rows": sum(series.state_rows for series in compute.series) if compute else 0,
        "fetched": [asdict(series) for series in fetched],
        "series": [series.model_dump() for series in compute.series] if compute else [],
        "tables": dict(compute.tables) if compute else {},
        "how": compute.how if compute else "",
    }


def _gate(promoted: PromoteOutcome | None) -> str:
    if promoted is None:
        return ""
    return "passed" if promoted.status.is_good else promoted.status.value


def _row(outcome: SymbolOutcome) -> tuple[Any, ...]:
    facts = outcome_document(outcome)
    first, *more = outcome.reason.split(" | ")  # one part per blocked timeframe
    note = f"{first} (and {plural(len(more), 'more timeframe')}, see --json)" if more else first
    if outcome.status is Status.NOT_REACHED:
        note = ""  # one line below the table says why
    noted: dict[str, list[str]] = {}  # a market that is not traded has one note on all of them
    for series in facts["fetched"]:
        noted.setdefault(series["note"], []).append(series["timeframe"])
    labels = [f"{', '.join(names)}: {text}" for text, names in noted.items() if text]
    built = built_from(facts["derived_from"]) if outcome.status is not Status.UNCHANGED else []
    short = [
        f"{series['timeframe']}: {series['reason']}"
        for series in facts["series"]
        if series["status"] in ("state_only", "too_short")
    ]
    return (
        outcome.symbol,
        styled(outcome.status),
        count(facts["new"]),
        count(facts["revised"]),
        count(facts["withdrawn"]),
        facts["gate"] or "·",
        _findings([outcome]).brief or "·",
        _computed(facts["computed_rows"], facts["state_rows"]),
        "; ".join([*([note] if note else short), *labels, *built, *facts["questions"].values()]),
    )


def _computed(rows: int, stored: int) -> str:
    """How many states were computed, and of how many where the others stayed."""
    return f"{rows:,} of {stored:,}" if 0 < rows < stored else count(rows)


def _findings(outcomes: Sequence[SymbolOutcome]) -> FindingCounts:
    return FindingCounts.total(
        counts
        for outcome in outcomes
        if outcome.promote is not None
        for counts in outcome.promote.findings.values()
    )


def _counts(outcomes: Sequence[SymbolOutcome]) -> dict[str, int]:
    counts = Counter(outcome.status for outcome in outcomes)
    return {status.value: counts[status] for status in _ORDER if counts[status]}


def _counts_text(outcomes: Sequence[SymbolOutcome]) -> str:
    return ", ".join(f"{number:,} {status}" for status, number in _counts(outcomes).items())


def summary(outcomes: Sequence[SymbolOutcome]) -> str:
    """Counts of symbols and new bars."""
    bars = sum(outcome_document(outcome)["new"] for outcome in outcomes)
    counts = _counts_text(outcomes)
    symbols = plural(len(outcomes), "symbol") + (f": {counts}" if counts else "")
    weights = _findings(outcomes).weights
    which = outcomes[0].symbol if len(outcomes) == 1 else "--all"
    findings = f" · {weights}; `regime validate {which}` lists them" if weights else ""
    return f"{symbols} · {plural(bars, 'new bar')}{findings}"
