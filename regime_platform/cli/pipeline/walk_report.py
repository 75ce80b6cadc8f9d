"""The report of a run: a table with the problems first and a summary line, or JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from regime_platform.cli.console.screen import (
    count,
    messages,
    plural,
    print_json,
    print_table,
    styled,
)
from regime_platform.cli.exits import code_of
from regime_platform.pipeline.outcomes import Status, SymbolOutcome

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
                console.print(outcome.detail, style="dim", markup=False)
        if self.end:
            console.print(f"the run ended early: {self.end}", style="bold red", markup=False)
        if self.board:
            console.print(self.board, style="bold red", markup=False)
        console.print(_summary(self.outcomes, self.seconds), markup=False)


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
    return f"{first} (and {len(more)} more timeframes, see --json)" if more else first


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
    symbols = f"{plural(len(outcomes), 'symbol')}: {_counts_text(outcomes)}"
    parts = [symbols, plural(bars, "new bar")]
    return " · ".join([*parts, f"{seconds:.1f} s"] if seconds is not None else parts)
