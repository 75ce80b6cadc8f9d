"""Proves the files that an unchanged symbol relies on, as far as they changed since the last proof.

Bars and raw log are hashed whenever they are read. A run with nothing new reads neither:
it compares size, inode and times of each file with those at the last proof, and hashes only what
differs.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.proven import ProvenFile, is_proven, remember, stamp_of
from regime_platform.bar_store.session import raw_listing
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, remedy_of
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import PromotedBars


def require_intact(paths: SymbolPaths, instrument: Instrument) -> None:
    """Proves bars in force, rejected rows and raw log.

    Raises:
        BarsError: a file is missing or damaged; names it and the remedy.
    """
    verdict = read_verdict(paths)
    series = () if verdict is None else verdict.series
    promoted = {} if verdict is None else verdict.promoted
    rejected = [
        (f"rejected/{each.rejected_file.name}", each.rejected_file.sha256)
        for each in series
        if each.rejected_file is not None
    ]
    require_files(paths, [*named_parts(promoted), *rejected, *_raw_files(paths, instrument)])


def require_files(paths: SymbolPaths, files: Iterable[tuple[str, str]]) -> None:
    """Proves files of a symbol, as far as they changed since they were proven.

    Args:
        paths: the symbol.
        files: name below its folder, and the SHA-256 of the file or its first digits.

    Raises:
        BarsError: one is missing or damaged; names it and the remedy.
    """
    proven: dict[str, ProvenFile] = {}
    for name, digest in files:
        if is_proven(paths, name, digest):
            continue
        path = paths.folder / name
        before = stamp_of(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _damaged(paths, name, f"{error.strerror}") from error
        if not sha256(data).hexdigest().startswith(digest):
            raise _damaged(paths, name, "its bytes are not those written")
        if before is not None and stamp_of(path) == before:
            proven[name] = ProvenFile(before, digest)
    if proven:
        remember(paths, proven)


def named_parts(promoted: Mapping[str, PromotedBars]) -> Iterator[tuple[str, str]]:
    """Every file of canonical bars that pointers (by timeframe) name, and its SHA-256."""
    for timeframe, series in promoted.items():
        for file in series.files:
            yield f"bars/{timeframe}/{file.name}", file.sha256


def _raw_files(paths: SymbolPaths, instrument: Instrument) -> Iterator[tuple[str, str]]:
    """Every file of the raw log, and the first digits of its SHA-256."""
    for timeframe in instrument.timeframes:
        for raw in raw_listing(paths, timeframe).files:
            yield f"raw/{timeframe}/{raw.text}", raw.hash


def _damaged(paths: SymbolPaths, name: str, reason: str) -> BarsError:
    symbol = paths.symbol
    if name.startswith("raw/"):
        remedy = f"`regime verify {symbol}` names all that is damaged; restore it from a backup"
    else:
        remedy = remedy_of(symbol)
    return BarsError(f"{paths.folder / name} is damaged ({reason}); {remedy}", code="file-damaged")
