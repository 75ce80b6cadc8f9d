"""Which files of a symbol were proven, so that a file is hashed once and not by every reader.

A file is recognised by its size, its inode and the times of its last change, which every write,
copy or replacement alters. The record is a cache, ``proven/{SYMBOL}.json`` in the data root:
without it, or where it is damaged, files are hashed again. Silent corruption that leaves size and
times as they were is found by ``audit.verify.verify``, which hashes everything and clears the
record of a damaged symbol.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Strict

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.files import remove_cache, write_cache
from regime_platform.model.digests import canonical_json, document_digest
from regime_platform.model.document import Document


class FileStamp(NamedTuple):
    """What identifies the state of a file without opening it."""

    bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class ProvenFile(NamedTuple):
    """The state of a file when it was hashed, and the digest that it was compared with."""

    stamp: FileStamp
    digest: str = ""


#: Name below the symbol's folder -> the file as it was proven.
Proven = Mapping[str, ProvenFile]

#: Stamp and digest of a file, a JSON array.
_JsonFile = Annotated[tuple[int, int, int, int, str], Strict(strict=False)]


class _Document(Document):
    """proven/{SYMBOL}.json."""

    version: Literal[1]
    files: dict[str, _JsonFile]
    digest: str  # of ``files``


#: Symbol folder -> the record file as it was read, and its contents.
_read: dict[Path, tuple[FileStamp, Proven]] = {}
#: Symbol folder -> records that could not be written, because the data root is read-only.
_unwritten: dict[Path, Proven] = {}


def stamp_of(path: Path) -> FileStamp | None:
    """The state of a file; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return FileStamp(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def is_proven(paths: SymbolPaths, name: str, digest: str = "") -> bool:
    """True where the file is unchanged since it was proven against ``digest``."""
    file = _recorded(paths).get(name)
    if file is None or file.digest != digest:
        return False
    return stamp_of(paths.folder / name) == file.stamp


def remember(paths: SymbolPaths, files: Proven) -> None:
    """Adds files that were just proven, and drops those that no longer exist."""
    before = _recorded(paths)
    known = {**before, **files}
    after = {name: file for name, file in known.items() if (paths.folder / name).exists()}
    if after == before:
        return
    if paths.proven is None:
        _unwritten[paths.folder] = after
        return
    try:
        write_cache(paths.proven, _text(after).encode())
    except OSError:
        _unwritten[paths.folder] = after


def forget(paths: SymbolPaths) -> None:
    """Clears the record of a symbol: its files are hashed again by their next reader."""
    _unwritten.pop(paths.folder, None)
    _read.pop(paths.folder, None)
    if paths.proven is not None:
        remove_cache(paths.proven)


def _recorded(paths: SymbolPaths) -> Proven:
    """The proven files of a symbol; the record is parsed again when its file has changed."""
    unwritten = _unwritten.get(paths.folder, {})
    stamp = None if paths.proven is None else stamp_of(paths.proven)
    if stamp is None or paths.proven is None:
        return unwritten
    cached = _read.get(paths.folder)
    if cached is None or cached[0] != stamp:
        cached = _read[paths.folder] = (stamp, _parsed(paths.proven))
    return {**cached[1], **unwritten} if unwritten else cached[1]


def _text(files: Proven) -> str:
    listed = {name: (*file.stamp, file.digest) for name, file in files.items()}
    document = _Document(version=1, files=listed, digest=document_digest(listed))
    return canonical_json(document.model_dump(mode="json"))


def _parsed(path: Path) -> Proven:
    """The proven files in a record; none where it is damaged or of another version."""
    try:
        document = _Document.model_validate_json(path.read_bytes())
        if document.digest != document_digest(document.files):
            return {}
        return {
            name: ProvenFile(FileStamp(*file[:4]), file[4]) for name, file in document.files.items()
        }
    except (OSError, ValueError):
        return {}
