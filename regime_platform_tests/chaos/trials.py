"""What a part of `make chaos` yields."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Trial:
    """One fault that was done, and what was wrong afterwards."""

    fault: str  # its kind, under which it is counted
    problem: str = ""  # empty where it was survived


#: Yields trials of a seed, for as long as it is asked; files go into the folder.
Trials = Callable[[int, Path], Iterator[Trial]]
