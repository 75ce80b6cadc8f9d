"""WORLD: the only opener of files for writing.

Every write is a temporary file in the target's folder, flushed to disk, renamed over the target,
and the folder flushed too: a reader sees the old file or the new one, never a mixture, and
``kill -9`` leaves at most a temporary file, which the next writer of that folder sweeps.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TEMPORARY = ".tmp-"


def write_atomically(target: Path, write: Callable[[Path], None]) -> None:
    """Lets ``write`` fill a temporary file, then publishes it as ``target``."""
    target.parent.mkdir(parents=True, exist_ok=True)
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


def write_text(target: Path, text: str) -> None:
    """Publishes UTF-8 text."""
    write_atomically(target, lambda temporary: _fill(temporary, text))


def write_json(target: Path, facts: Any) -> None:
    """Publishes JSON that people can read: two spaces, keys in the given order."""
    write_text(target, json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(source: Path) -> Any:
    """The parsed file, or None where there is none."""
    try:
        return json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def file_sha256(source: Path) -> str:
    """SHA-256 hex of a file's bytes."""
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sweep_temporary(folder: Path) -> None:
    """Removes what killed writers left in ``folder``; call it only while holding its lock."""
    for leftover in folder.glob(f"{_TEMPORARY}*"):
        leftover.unlink(missing_ok=True)


def _fill(temporary: Path, text: str) -> None:
    temporary.write_text(text, encoding="utf-8")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
