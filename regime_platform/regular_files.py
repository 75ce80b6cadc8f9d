"""I/O: reading files that users supply, with limits on their kind and size.

Reading a pipe or a device may never end, so only regular files are opened.
"""

import stat
from pathlib import Path

from regime_platform.errors import RegimeError

MOST_TEXT = 256 * 1024 * 1024  # bytes of a document
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


class IrregularFileError(RegimeError, code="irregular-file"):
    """A path leads to no regular file, or to one that is too large to read at once."""


def require_regular(path: Path, most: int) -> None:
    """Nothing, where ``path`` is a regular file of at most ``most`` bytes.

    Raises:
        IrregularFileError: it is not; names the path, its kind or size and the remedy.
        OSError: it does not exist or cannot be accessed.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise IrregularFileError(f"{path} is {kind}, not a file; put the file itself there")
    if status.st_size > most:
        size = f"{status.st_size / 1e9:,.1f} GB"
        raise IrregularFileError(
            f"{path} has {size}, more than the {most / 1e9:,.1f} GB that are read at once; "
            "split it",
            code="file-too-large",
        )


def read_bytes(path: Path, most: int = MOST_TEXT) -> bytes:
    """The bytes of a file.

    Raises:
        IrregularFileError, OSError: see ``require_regular``.
    """
    require_regular(path, most)
    return path.read_bytes()


def read_text(path: Path, most: int = MOST_TEXT) -> str:
    """The UTF-8 text of a file.

    Raises:
        IrregularFileError, OSError: see ``require_regular``.
        UnicodeDecodeError: it is no such text.
    """
    return read_bytes(path, most).decode()
