"""I/O: the only module that opens files for writing.

Every write is a temporary file, flushed, renamed over the target, and the folder flushed too: a
reader sees the old file or the new one, and ``kill -9`` leaves at most a temporary file.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from regime_platform.errors import PathError, RegimeError, folder_in_place
from regime_platform.json_text import load_json
from regime_platform.temporary_files import (
    OURS,
    cache_temporary,
    sweep_temporary,
    temporary_beside,
)

_BLOCK = 1 << 20  # bytes
_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST = 255  # bytes of one part of a path, on every common file system
#: Control characters, lone surrogates, line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def path_below(root: Path, name: object) -> Path:
    """The path of a name from a document, an archive or a request; always below ``root``.

    Only this function turns names from outside the process into paths: plain ones, or several
    joined by ``/``.

    Raises:
        PathError: it is no such name, or a symbolic link below ``root`` leads out of it.
    """
    text = name if isinstance(name, str) else ""
    reason = why_unsafe(text) or _why_elsewhere(root, text)
    if reason:
        raise PathError(
            f"{name!a:.200} is no name of a file below {root}: it "
            f"{reason if text == name else 'is no text'}; expected one name, or several joined by "
            "/. Nothing was opened or written; correct the name where it was given, or have the "
            "file that holds it made again"
        )
    return root / text


def why_unsafe(name: str) -> str:
    """Why a name may not become a path below a folder, else empty; the disk is not read."""
    parts = name.split("/")
    refusals = {
        "is empty": not name,
        "holds control characters": any(
            unicodedata.category(character) in _UNPRINTABLE for character in name
        ),
        "holds a backslash": "\\" in name,
        "is absolute": name.startswith("/"),
        "names a drive": _DRIVE.match(name) is not None,
        "holds an empty part, . or ..": any(part in {"", ".", ".."} for part in parts),
        "is too long": any(len(part.encode(errors="replace")) > _LONGEST for part in parts),
    }
    return next((reason for reason, applies in refusals.items() if applies), "")


def write_atomically(target: Path, write: Callable[[Path], None]) -> None:
    """Calls ``write`` with a temporary file, then renames that to ``target``."""
    _write_together(target.parent, {target: write})


def copy_file(source: Path, temporary: Path) -> None:
    """Copies a file to a temporary file of `write_atomically`, or to one beside it."""
    shutil.copyfile(source, temporary)


def copy_hashed(source: Path, temporary: Path) -> str:
    """Copies a file with its mtime; returns the SHA-256 hex of the bytes copied."""
    digest = hashlib.sha256()
    with source.open("rb") as stream, temporary.open("wb") as copy:
        modified = os.fstat(stream.fileno()).st_mtime_ns
        while block := stream.read(_BLOCK):
            digest.update(block)
            copy.write(block)
    os.utime(temporary, ns=(modified, modified))
    return digest.hexdigest()


def fill_file(temporary: Path, data: bytes) -> None:
    """Writes bytes to a temporary file of `write_atomically`."""
    temporary.write_bytes(data)


def write_bytes(target: Path, data: bytes) -> None:
    """Writes a file of these bytes."""
    write_atomically(target, lambda temporary: fill_file(temporary, data))


def write_text(target: Path, text: str) -> None:
    """Writes a file of UTF-8 text."""
    write_bytes(target, text.encode())


def write_json(target: Path, document: Any) -> None:
    """Writes a file of indented JSON: see `json_text`."""
    write_documents({target: document})


def write_documents(documents: Mapping[Path, Any]) -> None:
    """The same for files of one folder, which is flushed once; they are put in place in order."""
    (folder,) = {target.parent for target in documents}
    texts = {target: json_text(document).encode() for target, document in documents.items()}
    _write_together(
        folder, {target: partial(fill_file, data=data) for target, data in texts.items()}
    )


def json_text(document: Any) -> str:
    """JSON with an indent of two spaces, keys in the given order and a final line end."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def append_lines(target: Path, lines: Sequence[str]) -> None:
    """Appends whole lines to a file and flushes it; the caller must have its folder locked.

    A last line without a line end was left by a killed writer and is removed first.
    """
    is_new = not target.exists()
    with target.open("ab+") as stream:
        _cut_unfinished(stream)
        _append(stream, lines)
    if is_new:
        _flush(target.parent)


def append_line(target: Path, line: str) -> None:
    """Appends one line to a log; needs no lock."""
    _make_folder(target.parent)
    with target.open("ab") as stream:
        _append(stream, [line])


def _append(stream: BinaryIO, lines: Sequence[str]) -> None:
    stream.write("".join(f"{line}\n" for line in lines).encode())
    stream.flush()
    _synchronize(stream.fileno(), stream.name)


def write_cache(target: Path, data: bytes) -> None:
    """Writes a cache file, which is not flushed and so may be lost or truncated by a crash.

    Its reader must detect damage and be able to compute the content again. Nothing is written
    while another process writes the same file.
    """
    _make_folder(target.parent)
    with cache_temporary(target) as temporary:
        if temporary is not None:
            temporary.write_bytes(data)
            temporary.replace(target)


def remove_cache(target: Path) -> None:
    """Removes a file that `write_cache` wrote."""
    with suppress(OSError):
        target.unlink()


def read_json(source: Path) -> Any:
    """The object in a JSON file, or None where there is no file.

    Raises:
        RegimeError: the file holds no JSON object.
        OSError: it cannot be read.
    """
    try:
        document = load_json(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        raise RegimeError(folder_in_place(source), code="folder-in-place") from error
    except (ValueError, RecursionError) as error:
        raise damaged(source, str(error)) from error
    if not isinstance(document, dict):
        raise damaged(source, f"a JSON object was expected, not {type(document).__name__}")
    return document


def damaged(source: Path, why: str) -> RegimeError:
    """The error of a JSON file that this platform cannot have written."""
    return RegimeError(
        f"{source} is damaged ({why}); restore it from a backup, or remove it and run again",
        code="document-damaged",
    )


def move(source: Path, target: Path) -> None:
    """Moves or renames a file or folder on its file system atomically, and flushes both parents."""
    _make_folder(target.parent)
    source.replace(target)
    _flush(target.parent)
    _flush(source.parent)


def file_sha256(source: Path) -> str:
    """SHA-256 hex of a file's bytes."""
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_together(folder: Path, files: Mapping[Path, Callable[[Path], None]]) -> None:
    """Flushes every file before the first gets its name, and the folder after the last has."""
    _make_folder(folder)
    sweep_temporary(folder, OURS)
    with ExitStack() as stack:
        temporaries = {target: stack.enter_context(temporary_beside(target)) for target in files}
        for target, temporary in temporaries.items():
            files[target](temporary)
            _flush(temporary)
            temporary.chmod(0o644)
        for target, temporary in temporaries.items():
            temporary.replace(target)
    _flush(folder)


def _why_elsewhere(root: Path, name: str) -> str:
    """Why symbolic links below ``root`` lead out of it; empty where none does, mostly for none."""
    step = root
    try:
        for part in name.split("/"):
            step /= part
            if step.is_symlink() and not (root / name).resolve().is_relative_to(root.resolve()):
                return "leads out of it through a symbolic link"
    except (OSError, RuntimeError) as error:  # links in a circle
        return f"cannot be followed ({type(error).__name__})"
    return ""


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
        _synchronize(descriptor, path)
    finally:
        os.close(descriptor)


def _synchronize(descriptor: int, path: str | Path) -> None:
    """Python announces every other change of a file to audit hooks itself: see decision 142."""
    sys.audit("regime_platform.fsync", str(path))
    os.fsync(descriptor)
