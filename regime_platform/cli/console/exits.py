"""Exit codes, the same for every command."""

from collections.abc import Sequence
from typing import Protocol

from regime_platform.errors import RegimeError, UsageError
from regime_platform.pipeline.outcomes import Status

ALL_GOOD = 0
NOTHING_SUCCEEDED = 1
USAGE = 2
SOME_FAILED = 3


class Outcome(Protocol):
    """The outcome of one symbol."""

    @property
    def status(self) -> Status:
        """Whether it succeeded."""
        ...


def code_of(outcomes: Sequence[Outcome], *, is_complete: bool = True) -> int:
    """The exit code of a command over symbols; an incomplete one skipped some."""
    good = sum(outcome.status.is_good for outcome in outcomes)
    if good == len(outcomes) and is_complete:
        return ALL_GOOD
    return SOME_FAILED if good else NOTHING_SUCCEEDED


def code_of_error(error: RegimeError) -> int:
    """The exit code of a command that failed as a whole."""
    return USAGE if isinstance(error, UsageError) else NOTHING_SUCCEEDED
