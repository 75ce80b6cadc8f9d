"""Which files of a symbol were proven, so that no reader hashes the same file twice.

A file is recognised by its size, its inode and the times of its last change, which any write, copy
or replacement alters. The memory is a cache, `proven/{SYMBOL}.json` in the data root: without it,
or where it is damaged, files are proven again. Rot that leaves all of these facts alone is found by
`audit.verify.verify`, which hashes everything every time and has a damaged symbol forgotten.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.files import remove_cache, write_cache
from regime_platform.model.digests import canonical_json, facts_digest

_VERSION = 1


class FileStamp(NamedTuple):
    """What tells a file from every other and from itself before a change, without opening it."""

    bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class ProvenFile(NamedTuple):
    """One file at the moment when it was proven, and the digest that it was proven against."""

    identity: FileStamp
    digest: str = ""


#: Name below the symbol's folder -> what was proven.
Memory = Mapping[str, ProvenFile]

#: Symbol folder -> the memory file as it was read, and what stands in it.
_read: dict[Path, tuple[FileStamp, Memory]] = {}
#: The same of what could not be written, because the data root is not ours to write.
_unwritten: dict[Path, Memory] = {}


def stamp_of(path: Path) -> FileStamp | None:
    """The file as it is; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def is_proven(paths: SymbolPaths, name: str, digest: str = "") -> bool:
    """True where the file is the very one that was proven against ``digest``."""
    held = _memory(paths).get(name)
    if held is None or held.digest != digest:
        return False
    return stamp_of(paths.folder / name) == held.identity


def remember(paths: SymbolPaths, files: Memory) -> None:
    """Adds files that were just proven, and drops those that are there no more."""
    before = _memory(paths)
    known = {**before, **files}
    after = {name: one for name, one in known.items() if (paths.folder / name).exists()}
    if after == before:
        return
    target = paths.proven
    if target is None:
        _unwritten[paths.folder] = after
        return
    try:
        write_cache(target, _text(after).encode())
    except OSError:
        _unwritten[paths.folder] = after


def forget(paths: SymbolPaths) -> None:
    """Has every file of the symbol proven again by whoever reads it next, in any process."""
    _unwritten.pop(paths.folder, None)
    _read.pop(paths.folder, None)
    if paths.proven is not None:
        remove_cache(paths.proven)


def _memory(paths: SymbolPaths) -> Memory:
    """What is remembered; the file is read again whenever it is another one."""
    unwritten = _unwritten.get(paths.folder, {})
    found = None if paths.proven is None else stamp_of(paths.proven)
    if found is None or paths.proven is None:
        return unwritten
    held = _read.get(paths.folder)
    if held is None or held[0] != found:
        held = _read[paths.folder] = (found, _parsed(paths.proven))
    return {**held[1], **unwritten} if unwritten else held[1]


def _text(files: Memory) -> str:
    told = {name: [*file.identity, file.digest] for name, file in files.items()}
    return canonical_json({"version": _VERSION, "files": told, "digest": facts_digest(told)})


def _parsed(path: Path) -> Memory:
    """The memory in a file; nothing where it is damaged or of another version."""
    try:
        document = json.loads(path.read_bytes())
        told = document["files"]
        if document["version"] != _VERSION or document["digest"] != facts_digest(told):
            return {}
        return {name: ProvenFile(FileStamp(*one[:4]), one[4]) for name, one in told.items()}
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}
