"""Ends a process's work at a chosen write, as a kill would."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class Killed(BaseException):
    """What no handler of the platform catches."""


@contextmanager
def killed_before(commit: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ends whatever runs right before its ``commit``-th file or folder gets its final name."""
    done = itertools.count()
    with monkeypatch.context() as patched:
        for method in ("replace", "rename"):
            real = getattr(Path, method)

            def wrapped(self: Path, target: Path, real: Any = real) -> Path:
                if next(done) == commit:
                    raise Killed
                moved: Path = real(self, target)
                return moved

            patched.setattr(Path, method, wrapped)
        yield
