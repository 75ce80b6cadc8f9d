"""Prints results to stdout, and progress, notes and errors to stderr.

Colours appear on terminals only. A table fits the width of the terminal where possible: long cells
fold, and empty columns are left out. Numbers are never cut.
"""

import json
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType  # noqa: TID251 - the one place
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from regime_platform.inert_text import inert, inert_json, inert_lines
from regime_platform.model.instruments import Instrument
from regime_platform.redaction import redact

STATUS_STYLES = {
    "done": "green",
    "unchanged": "dim",
    "blocked": "bold yellow",
    "failed": "bold red",
    "ok": "green",
    "note": "yellow",
    "wrong": "bold red",
    "proven": "green",
    "empty": "dim",
    "newer": "bold yellow",
    "unreadable": "bold red",
    "changed": "bold red",
    "missing": "bold red",
    "extra": "bold yellow",
    "busy": "yellow",
    "unfinished": "yellow",
}

Cell = str | Text
_NONE = "·"
_ANY = 10_000  # characters; wider than any table
_LEAST_TEXT = 8  # characters of a folding column; fewer cannot be read


class Screen(Console):
    """A console on which every text is data: no markup, no emoji codes, no control characters.

    A text of a cell or a message is one line, so that none can look like a line of ours.
    """

    def __init__(self, *, is_for_messages: bool) -> None:
        super().__init__(stderr=is_for_messages, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **how: Any) -> Text:
        """Where rich turns a plain text into a styled one."""
        return super().render_str(inert(text), **how)

    def out(self, *objects: Any, sep: str = " ", end: str = "\n", **_: Any) -> None:
        """Documents made here, printed line by line: JSON, units of systemd."""
        text = Text(inert_lines(sep.join(map(str, objects))))
        self.print(text, end=end, no_wrap=True, overflow="ignore", crop=False)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Makes every segment safe to show just before it is written."""
        for segment in super().render(renderable, options):
            is_plain = segment.control or segment.text.isprintable()
            yield segment if is_plain else Segment(inert_lines(segment.text), segment.style)


def results() -> Screen:
    """The console of results."""
    return Screen(is_for_messages=False)


def messages() -> Screen:
    """The console of progress, notes and errors."""
    return Screen(is_for_messages=True)


def show_uncaught(
    kind: type[BaseException], error: BaseException, at: TracebackType | None
) -> None:
    """The traceback of an error that nothing caught, without secrets; for ``sys.excepthook``."""
    messages().out(redact("".join(traceback.format_exception(kind, error, at))), end="")


def print_json(facts: Any) -> None:
    """Machine output: one JSON document, nothing else on stdout; exact, and inert on a terminal."""
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    results().out(inert_json(text), highlight=False)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    numbers: Collection[str] = (),
    folding: Collection[str] = (),
) -> None:
    """A plain table.

    Args:
        columns: their titles.
        rows: one cell per column.
        numbers: columns aligned to the right.
        folding: columns that fold on a narrow terminal; the others stay whole. Where less than 8
            characters are left for them, their texts follow the table line by line. Where the
            others do not fit either, those without a value in any row are left out.
    """
    console, cells = results(), [tuple(row) for row in rows]
    whole = [place for place, name in enumerate(columns) if name not in folding]
    narrow = _table(columns, cells, whole, numbers, folding)
    if console.width - _width(console, narrow) >= _LEAST_TEXT * len(folding):
        console.print(_table(columns, cells, range(len(columns)), numbers, folding))
        return
    if cells and _width(console, narrow) > console.width:
        filled = [at for at in whole if any(str(row[at]) != _NONE for row in cells)]
        narrow = _table(columns, cells, filled, numbers, folding)
    console.width = max(console.width, _width(console, narrow))
    console.print(narrow)
    for row in cells:
        for place, name in enumerate(columns):
            if name in folding and str(row[place]):
                line = f"{' '.join(filter(None, (str(row[at]) for at in whole[:2])))}: {row[place]}"
                console.print(line, soft_wrap=True)


def _width(console: Console, table: Table) -> int:
    """The width of a table without cuts."""
    return Measurement.get(console, console.options.update_width(_ANY), table).maximum


def _table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    places: Sequence[int],
    numbers: Collection[str],
    folding: Collection[str],
) -> Table:
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 1, 0, 0)
    )
    for name in (columns[place] for place in places):
        table.add_column(
            name,
            justify="right" if name in numbers else "left",
            no_wrap=name not in folding,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(row[place] for place in places))
    return table


def styled(status: str) -> Text:
    """A status in its colour; ``wrong``, as JSON documents have it, is shown as ``error``."""
    shown = "error" if status == "wrong" else inert(status)
    return Text(shown, style=STATUS_STYLES.get(status, ""))


def count(number: int) -> str:
    """A count with thousands separators; a dot for zero."""
    return f"{number:,}" if number else _NONE


def plural(number: int, noun: str) -> str:
    """3 symbols, 1 symbol."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


class SymbolProgress:
    """A progress bar of symbols, with the current one."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)

    def announcing(self, instruments: Iterable[Instrument]) -> Iterator[Instrument]:
        """Yields the instruments and shows each as the current one."""
        for instrument in instruments:
            self._progress.update(self._task, description=instrument.symbol)
            yield instrument

    def advance(self, description: str | None = None) -> None:
        """Counts one more symbol as done."""
        self._progress.update(self._task, advance=1, description=description)


class CreditProgress:
    """A progress bar of credits, with rate and remaining time."""

    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total, rate="")

    def paid(self, cost: int) -> None:
        """Counts credits as spent."""
        task = self._progress.tasks[self._task]
        rate = f"{60 * task.speed:,.0f}/min" if task.speed else ""
        self._progress.update(self._task, advance=cost, rate=rate)

    def show(self, description: str) -> None:
        """Which symbol is done."""
        self._progress.update(self._task, description=description)


@contextmanager
def credit_progress(total: int | None) -> Iterator[CreditProgress]:
    """Show the spent credits on stderr while the block runs, on a terminal only.

    ``total`` is None where the number of credits is unknown.
    """
    console = messages()
    progress = Progress(
        TextColumn("{task.description:10}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("credits {task.fields[rate]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        speed_estimate_period=180.0,  # credits come by the minute
    )
    with progress:
        yield CreditProgress(progress, total)


@contextmanager
def symbol_progress(total: int) -> Iterator[SymbolProgress]:
    """Shows progress on stderr while the block runs; on a terminal only, and gone afterwards."""
    console = messages()
    look = (TextColumn("{task.description:10}", markup=False), BarColumn(), MofNCompleteColumn())
    progress = Progress(
        *look, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    )
    with progress:
        yield SymbolProgress(progress, total)
