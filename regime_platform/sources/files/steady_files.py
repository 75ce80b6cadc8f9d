"""SQLite files of others, read without a trace.

A file that stands alone is opened as one that cannot change, so that not even a lock or an index of
shared memory appears beside it. Where a write-ahead log or a journal stands beside it, committed
rows may be in there: then a copy of all is read. Whoever writes meanwhile is noticed.
"""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from regime_platform.errors import BarsError
from regime_platform.files import copy_file
from regime_platform.regular_files import IrregularFileError, require_regular

_MOST = 1 << 40  # bytes: whatever a disk holds
_COMPANIONS = ("-wal", "-journal")

_State = list[tuple[int, int]]  # bytes and modification of a file and its write-ahead log


class SteadyFiles:
    """Gives addresses under which files stand still; keeps the copy it made last."""

    def __init__(self) -> None:
        self._copied: tuple[Path, _State] | None = None
        self._folder: Path | None = None
        self._forget: Callable[[], object] = bool

    def __getstate__(self) -> tuple[tuple[Path, _State] | None, Path | None]:
        # in another process it uses the copy that this one made, which stays this one's to delete
        return self._copied, self._folder

    def __setstate__(self, held: tuple[tuple[Path, _State] | None, Path | None]) -> None:
        self._copied, self._folder = held
        self._forget = bool

    @contextmanager
    def address(self, path: Path) -> Iterator[str]:
        """Where all committed rows of ``path`` can be read while the block runs.

        Raises:
            BarsError: somebody wrote to the file meanwhile.
        """
        try:
            require_regular(path, _MOST)
        except IrregularFileError as error:
            raise BarsError(str(error), code="irregular-file") from error
        before = _state(path)
        beside = [Path(f"{path}{suffix}") for suffix in _COMPANIONS]
        if not any(one.exists() and one.stat().st_size for one in beside):
            yield f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        else:
            yield self._copy(path, beside, before).as_uri()
        if _state(path) != before:
            raise BarsError(
                f"{path} was written to while it was read; stop the engine that does",
                code="changed-while-read",
            )

    def _copy(self, path: Path, beside: Sequence[Path], state: _State) -> Path:
        if self._folder is None or self._copied != (path, state):
            self._forget()
            self._folder, self._copied = Path(tempfile.mkdtemp()), (path, state)
            self._forget = weakref.finalize(self, shutil.rmtree, self._folder)
            for source in (path, *beside):
                if source.exists():
                    copy_file(source, self._folder / source.name)
        return self._folder / path.name


def _state(path: Path) -> _State:
    files = [one for one in (path, Path(f"{path}-wal")) if one.exists()]
    return [(file.stat().st_size, file.stat().st_mtime_ns) for file in files]
