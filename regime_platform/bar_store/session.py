"""A session: one symbol's folder during a run, with every document read so far.

Functions that take `SymbolPaths` also take a `SymbolSession`. With it they parse no document and
list no raw folder twice, unless size, inode or times show that another process has changed it
since. So every stage still works on the files as they are on disk.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Generic, TypeVar

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.proven import FileStamp, stamp_of
from regime_platform.bar_store.raw.raw_names import RawListing, list_raw

Document = TypeVar("Document")


@dataclass
class KeptLock:
    """The symbol's lock as all writers of a session share it."""

    until: ExitStack | None = None  # releases it at its end; None while each writer takes its own
    is_held: bool = False


@dataclass(frozen=True)
class SymbolSession(SymbolPaths):
    """The folder of a symbol, with the documents and listings read during a run."""

    known: dict[object, tuple[FileStamp | None, object]] = field(
        default_factory=dict, compare=False, repr=False
    )
    kept_lock: KeptLock = field(default_factory=KeptLock, compare=False, repr=False)


class Reader(Generic[Document]):
    """Reads one file of a symbol; in a session only once while the file stays the same."""

    def __init__(self, read: Callable[[SymbolPaths], Document], name: str) -> None:
        wraps(read)(self)
        self._read, self._name = read, name

    def __call__(self, paths: SymbolPaths) -> Document:
        """The document in the file."""
        if not isinstance(paths, SymbolSession):
            return self._read(paths)
        path: Path = getattr(paths, self._name)
        stamp = stamp_of(path)
        known = paths.known.get(self)
        if known is None or known[0] != stamp:
            known = paths.known[self] = stamp, self._read(paths)
        return known[1]  # type: ignore[return-value]

    def written(self, paths: SymbolPaths, document: Document) -> None:
        """Keeps a document that was just written; hold the lock."""
        if isinstance(paths, SymbolSession):
            paths.known[self] = stamp_of(getattr(paths, self._name)), document


def read_once(name: str) -> Callable[[Callable[[SymbolPaths], Document]], Reader[Document]]:
    """Decorates a function that reads the file at attribute ``name`` of `SymbolPaths`.

    Its result is shared within a session, so it must not be changed in place.
    """
    return lambda read: Reader(read, name)


def raw_listing(paths: SymbolPaths, timeframe: str) -> RawListing:
    """The files of a raw log; in a session listed again only where the folder changed since.

    Raises:
        BarsError: the folder contains something that is no file of a raw log.
    """
    folder = paths.raw(timeframe)
    if not isinstance(paths, SymbolSession):
        return list_raw(folder)
    stamp = stamp_of(folder)
    known = paths.known.get(folder)
    if known is None or known[0] != stamp:
        known = paths.known[folder] = stamp, list_raw(folder)
    return known[1]  # type: ignore[return-value]


def listing_changed(paths: SymbolPaths, listing: RawListing) -> None:
    """Keeps the listing of a raw log after a file was added to it; hold the lock."""
    if isinstance(paths, SymbolSession):
        paths.known[listing.folder] = stamp_of(listing.folder), listing
