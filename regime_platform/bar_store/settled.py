"""Reading a symbol that another process may be writing.

Readers take no lock. What is read amid the writes of a run can lack what the next of them brings,
so an answer that is not good counts only once no process is writing.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import PATIENCE, is_locked
from regime_platform.bar_store.proven import FileStamp, stamp_of

_PAUSE = 0.05  # seconds
_Answer = TypeVar("_Answer")


def read_settled(
    paths: SymbolPaths,
    read: Callable[[], _Answer],
    is_good: Callable[[_Answer], bool],
    patience: float = PATIENCE,
) -> _Answer:
    """What ``read`` returns; read again while it is not good and the symbol is being written."""
    ends = time.monotonic() + patience
    while True:
        before = _stamps(paths)
        answer = read()
        is_settled = _stamps(paths) == before and not is_locked(paths.lock)
        if is_settled or is_good(answer) or time.monotonic() > ends:
            return answer
        time.sleep(_PAUSE)


def documents(paths: SymbolPaths) -> tuple[Path, ...]:
    """What promotions and computes write: every write changes one of them."""
    return (paths.verdict, paths.compute_db, paths.manifest, paths.compute_manifest, paths.chain)


def _stamps(paths: SymbolPaths) -> list[FileStamp | None]:
    return [stamp_of(path) for path in documents(paths)]
