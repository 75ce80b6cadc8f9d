"""Exit codes, the same for every command; nothing here prints."""

from collections.abc import Sequence
from typing import Protocol

from regime_platform.errors import RegimeError, UsageError
from regime_platform.pipeline.outcomes import Status

ALL_GOOD = 0
NOTHING_SUCCEEDED = 1
USAGE = 2
SOME_FAILED = 3


class Outcome(Protocol):
    """How one symbol came out of a command."""

    @property
    def status(self) -> Status:
        """Good, or in need of somebody's attention."""
        ...


def code_of(outcomes: Sequence[Outcome], *, is_complete: bool = True) -> int:
    """What a command over symbols ends with; an incomplete one left symbols unvisited."""
    good = sum(one.status.is_good for one in outcomes)
    if good == len(outcomes) and is_complete:
        return ALL_GOOD
    return SOME_FAILED if good else NOTHING_SUCCEEDED


def code_of_error(error: RegimeError) -> int:
    """What a command ends with when it could not do its work."""
    return USAGE if isinstance(error, UsageError) else NOTHING_SUCCEEDED
