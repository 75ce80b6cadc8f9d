"""Progress on stderr, on a terminal only, and gone afterwards."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from regime_platform.cli.console.screen import messages
from regime_platform.model.instruments import Instrument


class OfSymbol(Protocol):
    """Something about a symbol, such as its outcome."""

    @property
    def symbol(self) -> str:
        """The symbol."""
        ...


Result = TypeVar("Result", bound=OfSymbol)


@contextmanager
def counter(total: int) -> Iterator[Callable[[str], None]]:
    """Shows how many symbols are done; the function counts the one that it is called with."""
    with _progress() as progress:
        task = progress.add_task("", total=total)
        yield lambda symbol: progress.update(task, advance=1, description=symbol)


def counted(results: Iterable[Result], total: int) -> Iterator[Result]:
    """Yields the results, and shows how many of the symbols have theirs."""
    with counter(total) as count:
        for result in results:
            yield result
            count(result.symbol)


def announced(instruments: Sequence[Instrument]) -> Iterator[Instrument]:
    """Yields the instruments, and shows each as the current one."""
    with _progress() as progress:
        task = progress.add_task("", total=len(instruments))
        for instrument in instruments:
            progress.update(task, description=instrument.symbol)
            yield instrument
            progress.update(task, advance=1)


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
    """Shows the credits spent while the block runs; ``total`` is None where it is unknown."""
    rate = TextColumn("credits {task.fields[rate]}", markup=False)
    with _progress(rate, left=True) as progress:
        yield CreditProgress(progress, total)


def _progress(*columns: ProgressColumn, left: bool = False) -> Progress:
    console = messages()
    return Progress(
        TextColumn("{task.description:10}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        *columns,
        TimeElapsedColumn(),
        *((TextColumn("left"), TimeRemainingColumn()) if left else ()),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        speed_estimate_period=180.0,  # credits come by the minute
    )
