"""Reads SQLite files of other programs without creating files beside them.

A file without a write-ahead log or journal is opened as immutable, so that SQLite creates no lock
or shared-memory file. Otherwise committed rows may be in the log, and a copy of all files is read.
A file that changes while it is read is an error.
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

_MOST = 1 << 40  # bytes, larger than any disk
_COMPANIONS = ("-wal", "-journal")

_State = list[tuple[int, int]]  # bytes and modification of a file and its write-ahead log


class SqliteFiles:
    """URIs under which SQLite files can be read unchanged; keeps the last copy."""

    def __init__(self) -> None:
        self._copied: tuple[Path, _State] | None = None
        self._folder: Path | None = None
        self._delete_copy: Callable[[], object] = bool

    def __getstate__(self) -> tuple[tuple[Path, _State] | None, Path | None]:
        # another process uses the copy of this one, which alone deletes it
        return self._copied, self._folder

    def __setstate__(self, state: tuple[tuple[Path, _State] | None, Path | None]) -> None:
        self._copied, self._folder = state
        self._delete_copy = bool

    @contextmanager
    def address(self, path: Path) -> Iterator[str]:
        """Yield a URI under which all committed rows of ``path`` can be read.

        Raises:
            BarsError: the file changed meanwhile.
        """
        try:
            require_regular(path, _MOST)
        except IrregularFileError as error:
            raise BarsError(str(error), code="irregular-file") from error
        before = _state(path)
        companions = [Path(f"{path}{suffix}") for suffix in _COMPANIONS]
        if not any(file.exists() and file.stat().st_size for file in companions):
            yield f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        else:
            yield self._copy(path, companions, before).as_uri()
        if _state(path) != before:
            raise BarsError(
                f"{path} was written to while it was read; stop the program that writes it",
                code="changed-while-read",
            )

    def _copy(self, path: Path, companions: Sequence[Path], state: _State) -> Path:
        if self._folder is None or self._copied != (path, state):
            self._delete_copy()
            self._folder, self._copied = Path(tempfile.mkdtemp()), (path, state)
            self._delete_copy = weakref.finalize(self, shutil.rmtree, self._folder)
            for source in (path, *companions):
                if source.exists():
                    copy_file(source, self._folder / source.name)
        return self._folder / path.name


def _state(path: Path) -> _State:
    files = [file for file in (path, Path(f"{path}-wal")) if file.exists()]
    return [(file.stat().st_size, file.stat().st_mtime_ns) for file in files]
