"""Ends a command of this process at a chosen change of a file, as a kill would."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_POINTS = frozenset(
    {"os.rename", "regime_platform.fsync", "regime_platform.commit", "regime_platform.committed"}
)


class KilledError(BaseException):
    """What no handler of the platform catches."""


class _Counter:
    left = 0  # points until the kill; 0: none
    is_installed = False


def _hook(event: str, _arguments: object) -> None:
    if event in _POINTS and _Counter.left:
        _Counter.left -= 1
        if not _Counter.left:
            raise KilledError(event)


@contextmanager
def killed_at(point: int) -> Iterator[list[bool]]:
    """Ends what runs within at a point, counted from 1; 0: not. The list is then not empty."""
    if not _Counter.is_installed:
        sys.addaudithook(_hook)  # stays as long as the process
        _Counter.is_installed = True
    was_killed: list[bool] = []
    _Counter.left = point
    try:
        yield was_killed
    except KilledError:
        was_killed.append(True)
    finally:
        _Counter.left = 0
