"""Which files of a symbol were proven, so that a file is hashed once and not by every reader.

A file is recognised by size, inode and times, which every write or replacement alters. The record
is a cache, ``proven/{SYMBOL}.json`` in the data root: without it, files are hashed again.
Corruption that leaves the times as they were is found by `regime verify`, which hashes everything.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

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

    def __str__(self) -> str:
        return ":".join(map(str, self))


#: Name below the symbol's folder -> stamp of a file when it was hashed, and the digest that it was
#: compared with.
Proven = Mapping[str, tuple[int, int, int, int, str]]


class _Record(Document):
    version: Literal[1]
    files: dict[str, tuple[int, int, int, int, str]]
    digest: str  # of ``files``


#: Symbol folder -> stamp of the record, and its contents or what could not be written to it.
_known: dict[Path, tuple[FileStamp | None, Proven]] = {}


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
    return file is not None and file == (*(stamp_of(paths.folder / name) or ()), digest)


def remember(paths: SymbolPaths, stamps: Mapping[str, tuple[FileStamp, str]]) -> None:
    """Adds files that were just proven, name -> stamp and digest; drops those that are gone."""
    before = _recorded(paths)
    files = {name: (*stamp, digest) for name, (stamp, digest) in stamps.items()}
    known = {**before, **files}
    after = {name: file for name, file in known.items() if (paths.folder / name).exists()}
    if after == before:
        return
    try:
        if paths.proven is not None:
            record = _Record(version=1, files=after, digest=document_digest(after))
            write_cache(paths.proven, canonical_json(record.model_dump(mode="json")).encode())
            return
    except OSError:  # the data root is read-only
        pass
    _known[paths.folder] = _stamp(paths), after


def forget(paths: SymbolPaths) -> None:
    """Clears the record of a symbol: its files are hashed again by their next reader."""
    _known.pop(paths.folder, None)
    if paths.proven is not None:
        remove_cache(paths.proven)


def _recorded(paths: SymbolPaths) -> Proven:
    """The proven files of a symbol; the record is parsed again when its file has changed."""
    stamp, known = _stamp(paths), _known.get(paths.folder)
    if known is None or known[0] != stamp:
        known = _known[paths.folder] = stamp, _parsed(paths.proven)
    return known[1]


def _stamp(paths: SymbolPaths) -> FileStamp | None:
    return None if paths.proven is None else stamp_of(paths.proven)


def _parsed(path: Path | None) -> Proven:
    """The proven files in a record; none where it is damaged or of another version."""
    try:
        document = None if path is None else _Record.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    is_whole = document is not None and document.digest == document_digest(document.files)
    return document.files if document is not None and is_whole else {}
