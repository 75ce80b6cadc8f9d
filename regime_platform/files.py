"""WORLD: the only opener of files for writing.

Every write is a temporary file in the target's folder, flushed to disk, renamed over the target,
and the folder flushed too: a reader sees the old file or the new one, never a mixture, and
``kill -9`` leaves at most a temporary file, which the next writer of that folder sweeps. Files that
only grow get whole lines at their end instead; of a line without an end nobody takes notice.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from regime_platform.errors import RegimeError

_TEMPORARY = ".tmp-"


def write_atomically(target: Path, write: Callable[[Path], None]) -> None:
    """Lets ``write`` fill a temporary file, then publishes it as ``target``."""
    _make_folder(target.parent)
    handle, name = tempfile.mkstemp(prefix=_TEMPORARY, suffix=target.suffix, dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        _flush(temporary)
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush(target.parent)


def copy_file(source: Path, temporary: Path) -> None:
    """Copies a file into one that `write_atomically` is about to publish, or one beside that."""
    shutil.copyfile(source, temporary)


def fill_file(temporary: Path, data: bytes) -> None:
    """Puts bytes into a file that `write_atomically` is about to publish."""
    temporary.write_bytes(data)


def write_bytes(target: Path, data: bytes) -> None:
    """Publishes bytes as they are."""
    write_atomically(target, lambda temporary: fill_file(temporary, data))


def write_text(target: Path, text: str) -> None:
    """Publishes UTF-8 text."""
    write_bytes(target, text.encode())


def write_json(target: Path, facts: Any) -> None:
    """Publishes JSON that people can read: see `json_text`."""
    write_text(target, json_text(facts))


def json_text(facts: Any) -> str:
    """JSON as it is written: two spaces, keys in the given order, an end of line."""
    return json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def append_lines(target: Path, lines: Sequence[str]) -> None:
    """Adds whole lines to the end of a file, flushed; hold the lock of its folder.

    A last line without an end, left by a killed writer, was never written: it is cut off.
    """
    is_new = not target.exists()
    with target.open("ab+") as stream:
        _cut_unfinished(stream)
        stream.write("".join(f"{line}\n" for line in lines).encode())
        stream.flush()
        os.fsync(stream.fileno())
    if is_new:
        _flush(target.parent)


def append_line(target: Path, line: str) -> None:
    """Adds one line to a log that only grows; a kill leaves it with the line or without."""
    _make_folder(target.parent)
    with target.open("ab") as stream:
        stream.write(f"{line}\n".encode())
        stream.flush()
        os.fsync(stream.fileno())


def write_cache(target: Path, data: bytes) -> None:
    """Publishes bytes that may be lost: not flushed, and torn where two write at once.

    For what its reader can tell from damage and make again.
    """
    _make_folder(target.parent)
    temporary = target.with_name(f"{_TEMPORARY}{target.name}")
    temporary.write_bytes(data)
    temporary.replace(target)


def remove_cache(target: Path) -> None:
    """Removes what `write_cache` published."""
    with suppress(OSError):
        target.unlink()


def read_json(source: Path) -> Any:
    """The parsed file, or None where there is none.

    Raises:
        RegimeError: the file is not JSON, which this platform never leaves behind.
    """
    try:
        return json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise RegimeError(
            f"{source} is damaged ({error}); restore it from a backup, or remove it and run again"
        ) from error


def move_folder(source: Path, target: Path) -> None:
    """Gives a folder another name beside its old one, at one moment and for good."""
    source.rename(target)
    _flush(target.parent)


def file_sha256(source: Path) -> str:
    """SHA-256 hex of a file's bytes."""
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sweep_temporary(folder: Path) -> None:
    """Removes what killed writers left in ``folder``; call it only while holding its lock."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:  # a tenth of the time of a glob, for every writer
        leftovers = [Path(entry) for entry in entries if entry.name.startswith(_TEMPORARY)]
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)


def _cut_unfinished(stream: BinaryIO) -> None:
    end = stream.seek(0, os.SEEK_END)
    if end == 0:
        return
    stream.seek(end - 1)
    if stream.read(1) != b"\n":
        stream.seek(0)
        stream.truncate(stream.read().rfind(b"\n") + 1)


def _make_folder(folder: Path) -> None:
    """Also flushes the parents of new folders: a flushed file in a lost folder is lost too."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush(folder.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
