"""Figures of the bench and how costs are measured: always the median of several runs."""

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds of a piece of work: processor time of all threads, and wall clock."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Figure:
    """One line of the table and one key of bench.json."""

    name: str  # the unit is in it
    value: float
    meaning: str
    runs: int  # the value is the median of so many; 0: follows from other figures


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    The sizes keep their names in a quick bench, whose figures only show that the bench works.
    """

    runs: int
    sizes: dict[str, int]  # name -> bars
    reference_bars: int
    reference_step: int  # every so many bars the per-bar reference is asked
    symbols: int
    daily_bars: int
    weekly_bars: int

    @property
    def largest(self) -> int:
        """Bars of the largest series."""
        return self.sizes["200k"]

    def runs_of(self, bars: int) -> int:
        """More runs of what is short, since there a median has more noise to cope with."""
        return self.runs if self.runs < 5 else max(self.runs, min(25, 200_000 // bars))


FULL = Scale(5, {"5k": 5_000, "50k": 50_000, "200k": 200_000}, 1_500, 50, 100, 5_000, 1_000)
QUICK = Scale(1, {"5k": 600, "50k": 900, "200k": 3_000}, 400, 100, 2, 500, 250)


def cost_of(work: Callable[[], object], *, of_children: bool = False) -> Cost:
    """The cost of one run; the processor time of this process or that of processes it waits for."""
    cpu = _cpu_of_children if of_children else time.process_time
    cpu_began, wall_began = cpu(), time.perf_counter()
    work()
    return Cost(cpu() - cpu_began, time.perf_counter() - wall_began)


def median_cost(work: Callable[[], object], runs: int, *, of_children: bool = False) -> Cost:
    """The medians over ``runs`` runs, of either clock by itself."""
    return median_of([cost_of(work, of_children=of_children) for _ in range(runs)])


def median_of(costs: Sequence[Cost]) -> Cost:
    """The medians of either clock by itself."""
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
