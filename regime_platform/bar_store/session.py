"""A session: one symbol's folder during a run, with every document read so far.

Functions that take `SymbolPaths` also take a `SymbolSession`. With it they read no document and no
raw folder twice, unless size, inode or times show that another process has changed it since.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.proven import FileStamp, stamp_of
from regime_platform.bar_store.raw.raw_names import RawListing, list_raw
from regime_platform.errors import BarsError, RegimeError, folder_in_place
from regime_platform.json_text import load_json
from regime_platform.model.document import first_fault
from regime_platform.model.timeframes import FINER

_T = TypeVar("_T")


@dataclass(frozen=True)
class SymbolSession(SymbolPaths):
    """The folder of a symbol, with the documents and listings read during a run."""

    known: dict[Path, tuple[FileStamp | None, Any]] = field(
        default_factory=dict, compare=False, repr=False
    )
    #: Takes the lock that all writers share, see `locks.one_lock`; empty while each takes its own.
    shared_lock: list[Callable[[], None]] = field(default_factory=list, compare=False, repr=False)


def read_once(name: str) -> Callable[[Callable[[SymbolPaths], _T]], Callable[[SymbolPaths], _T]]:
    """Decorates a function that reads the file at attribute ``name`` of `SymbolPaths`.

    Its result is shared within a session, so it must not be changed in place.
    """

    def decorated(read: Callable[[SymbolPaths], _T]) -> Callable[[SymbolPaths], _T]:
        @wraps(read)
        def shared(paths: SymbolPaths) -> _T:
            return once(paths, getattr(paths, name), lambda: read(paths))

        return shared

    return decorated


def once(paths: SymbolPaths, path: Path, read: Callable[[], _T]) -> _T:
    """What ``read`` returns for the file at ``path``; called again only if that has changed."""
    if not isinstance(paths, SymbolSession):
        return read()
    stamp = stamp_of(path)
    known = paths.known.get(path)
    if known is None or known[0] != stamp:
        known = paths.known[path] = stamp, read()
    contents: _T = known[1]
    return contents


def raw_listing(paths: SymbolPaths, timeframe: str) -> RawListing:
    """The files of a raw log, listed again only where the folder changed; raises as `list_raw`."""
    folder = paths.raw(timeframe)
    return once(paths, folder, lambda: list_raw(folder))


def stored_finer(paths: SymbolPaths) -> tuple[str, ...]:
    """The finer series of a symbol that have a raw log; raises as `list_raw`."""
    present = once(paths, paths.raw_logs, lambda: _names(paths.raw_logs))
    return tuple(name for name in FINER if name in present and raw_listing(paths, name).files)


def _names(folder: Path) -> frozenset[str]:
    return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()


def keep(paths: SymbolPaths, path: Path, contents: object) -> None:
    """Keeps a document that was just written, or a listing that changed; hold the lock."""
    if isinstance(paths, SymbolSession):
        paths.known[path] = stamp_of(path), contents


def read_document(
    path: Path,
    parse: Callable[[Any], _T],
    remedy: str,
    code: str,
    error: type[RegimeError] = BarsError,
) -> _T | None:
    """The JSON object in a file as ``parse`` reads it; None where there is no file.

    Raises:
        RegimeError: of class ``error``; the file is damaged, or ``parse`` refuses it.
        NotADirectoryError: there is a file in place of its folder.
    """
    try:
        return parse(_object(load_json(path.read_bytes())))
    except FileNotFoundError:
        return None
    except NotADirectoryError:  # a file in place of the symbol's folder: no repair writes into it
        raise
    except (OSError, RecursionError, RegimeError, TypeError, ValueError) as fault:
        if path.is_dir():
            raise error(folder_in_place(path), code="folder-in-place") from fault
        reason = first_fault(fault) if isinstance(fault, ValidationError) else str(fault)
        if isinstance(fault, json.JSONDecodeError | UnicodeDecodeError):
            reason = f"it is no JSON object: {fault}"
        raise error(f"{path} is damaged ({reason}); {remedy}", code=code) from fault


def _object(document: Any) -> Any:
    if not isinstance(document, dict):
        raise TypeError(f"a JSON object was expected, not {type(document).__name__}")
    return document
