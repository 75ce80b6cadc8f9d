"""What a walk tells at its end: a table with the problems first, a summary line, or JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from regime_platform.cli.exits import code_of
from regime_platform.cli.screen import count, messages, plural, print_json, print_table, styled
from regime_platform.pipeline.outcomes import Status, WalkOutcome

#: Rows a table may have before it tells of the rest in one line.
_MOST_ROWS = 40
_ORDER = (Status.FAILED, Status.BLOCKED, Status.DONE, Status.UNCHANGED)
_COLUMNS = ("symbol", "status", "new", "revised", "gate", "computed", "note")


@dataclass(frozen=True)
class WalkReport:
    """How a walk went."""

    outcomes: Sequence[WalkOutcome]  # one per symbol walked
    seconds: float | None = None
    end: str = ""  # why the walk ended early; empty where it did not
    board: str = ""  # why the board is not up to date; empty where it is

    @property
    def code(self) -> int:
        """The exit code that follows."""
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
                "symbols": [outcome_facts(one) for one in self.outcomes],
            }
        )

    def print(self, *, all_rows: bool) -> None:
        """A table with the problems first; everything else goes to stderr."""
        _print_outcomes(self.outcomes, all_rows=all_rows)
        console = messages()
        for one in self.outcomes:
            if one.detail:  # a defect: the traceback is for whoever mends it
                console.print(one.detail, style="dim", markup=False)
        if self.end:
            console.print(f"the walk ended early: {self.end}", style="bold red", markup=False)
        if self.board:
            console.print(self.board, style="bold red", markup=False)
        console.print(_summary(self.outcomes, self.seconds), markup=False)


def outcome_facts(outcome: WalkOutcome) -> dict[str, Any]:
    """One outcome as plain values."""
    ingest, derive = outcome.ingest, outcome.derive
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "stage": outcome.stage.value,
        "reason": outcome.reason,
        "new": _new(outcome),
        "revised": _revised(outcome),
        "gate": _gate(outcome),
        "computed_rows": _computed(outcome),
        "fetched": [] if ingest is None else [asdict(one) for one in ingest.series],
        "series": [] if derive is None else [asdict(one) for one in derive.series],
        "tables": {} if derive is None else dict(derive.tables),
        "how": "" if derive is None else derive.how,
    }


def _print_outcomes(outcomes: Sequence[WalkOutcome], *, all_rows: bool) -> None:
    ordered = sorted(outcomes, key=lambda one: _ORDER.index(one.status))
    shown = ordered if all_rows else ordered[:_MOST_ROWS]
    if shown:
        numbers = ("new", "revised", "computed")
        print_table(_COLUMNS, [_row(one) for one in shown], numbers=numbers, folding=("note",))
    rest = ordered[len(shown) :]
    if rest:
        told = ", ".join(f"{number:,} {status}" for status, number in _counts(rest).items())
        messages().print(f"and {len(rest):,} more ({told}); --all-rows shows every symbol")


def _row(outcome: WalkOutcome) -> tuple[Any, ...]:
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


def _note(outcome: WalkOutcome) -> str:
    if outcome.derive is None:
        return ""
    short = [one for one in outcome.derive.series if one.status in ("state_only", "too_short")]
    return "; ".join(f"{one.timeframe}: {one.reason}" for one in short)


def _new(outcome: WalkOutcome) -> int:
    return sum(one.new for one in outcome.ingest.series) if outcome.ingest else 0


def _revised(outcome: WalkOutcome) -> int:
    return sum(one.revised for one in outcome.ingest.series) if outcome.ingest else 0


def _gate(outcome: WalkOutcome) -> str:
    if outcome.promote is None:
        return ""
    return "blocked" if outcome.promote.status is Status.BLOCKED else "passed"


def _computed(outcome: WalkOutcome) -> int:
    if outcome.derive is None or outcome.derive.status is not Status.DONE:
        return 0
    return sum(one.state_rows for one in outcome.derive.series)


def _counts(outcomes: Sequence[WalkOutcome]) -> dict[str, int]:
    found = Counter(one.status for one in outcomes)
    return {status.value: found[status] for status in _ORDER if found[status]}


def _summary(outcomes: Sequence[WalkOutcome], seconds: float | None) -> str:
    told = ", ".join(f"{number:,} {status}" for status, number in _counts(outcomes).items())
    bars = sum(_new(one) for one in outcomes)
    parts = [f"{plural(len(outcomes), 'symbol')}: {told}", plural(bars, "new bar")]
    return " · ".join([*parts, f"{seconds:.1f} s"] if seconds is not None else parts)
