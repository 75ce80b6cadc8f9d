"""What a command prints: one JSON document, or tables, lines and notes; and its exit code."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from rich.padding import Padding
from rich.text import Text

from regime_platform.cli.console.options import AllRows, Json, Options
from regime_platform.cli.console.screen import Cell, messages, print_json, print_table, results
from regime_platform.errors import RegimeError, UsageError
from regime_platform.pipeline.outcomes import Status

ALL_GOOD = 0
NOTHING_SUCCEEDED = 1
USAGE = 2
SOME_FAILED = 3
INTERRUPTED = 130

Row = TypeVar("Row")
_MOST_ROWS = 40


@dataclass(frozen=True)
class Output(Options):
    """With ``--json`` only the document is printed, without it only the rest."""

    as_json: Json = False

    def document(self, facts: Any) -> None:
        """The answer as JSON on stdout: plain values with snake_case names."""
        if self.as_json:
            print_json(facts)

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        *,
        numbers: Collection[str] = (),
        folding: Collection[str] = (),
    ) -> None:
        """A table on stdout, see `print_table`."""
        if not self.as_json:
            print_table(columns, rows, numbers=numbers, folding=folding)

    def line(self, text: str, style: str = "") -> None:
        """A line of the answer, on stdout."""
        if not self.as_json:
            results().print(text, style=style, soft_wrap=True)

    def paragraph(self, text: str) -> None:
        """A text of the answer that breaks between words, all its lines indented by two."""
        if not self.as_json:
            results().print(Padding(Text(text), (0, 0, 0, 2)))

    def problem(self, text: str) -> None:
        """A note in red; nothing where the text is empty."""
        if text:
            self.note(text, "bold red")

    def note(self, text: str, style: str = "") -> None:
        """A line about the answer, on stderr."""
        if not self.as_json:
            messages().print(text, style=style, soft_wrap=True)


@dataclass(frozen=True)
class LongOutput(Output):
    """The same with a table that is cut unless ``--all-rows`` is given."""

    all_rows: AllRows = False

    def shown(self, rows: Sequence[Row], most: int = _MOST_ROWS) -> Sequence[Row]:
        """The rows to print."""
        return rows if self.all_rows else rows[:most]

    def cut(self, left: int, unit: str, which: str = "") -> None:
        """A note that ``left`` rows are not shown; ``which`` says more about them."""
        if left > 0:
            self.note(f"and {left:,} more{which}; --all-rows shows every {unit}")


class Outcome(Protocol):
    """The outcome of one symbol."""

    @property
    def status(self) -> Status:
        """Whether it succeeded."""
        ...


def code_of(outcomes: Sequence[Outcome], *, is_complete: bool = True) -> int:
    """The exit code of a command over symbols; an incomplete one skipped some."""
    good = sum(outcome.status.is_good for outcome in outcomes)
    return code_of_counts(good, len(outcomes), is_complete=is_complete)


def code_of_counts(good: int, total: int, *, is_complete: bool = True) -> int:
    """The same for counts of successes."""
    if good == total and is_complete:
        return ALL_GOOD
    return SOME_FAILED if good else NOTHING_SUCCEEDED


def code_of_error(error: RegimeError) -> int:
    """The exit code of a command that failed as a whole."""
    return USAGE if isinstance(error, UsageError) else NOTHING_SUCCEEDED
