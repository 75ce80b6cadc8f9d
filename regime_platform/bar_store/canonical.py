"""Canonical bars on disk: the bars that passed the gate, the only input of compute.

A series is a few immutable part files with a digest in their names: one for daily and weekly bars,
one per UTC year for intraday bars. A part counts only if the pointer in verdict.json names it:
promotion writes parts, then the verdict, so a reader sees the old bars or the new ones.

Every reader hashes the bytes, compares them with the pointer and decodes the same bytes. Hashing
takes less time than decoding, so no result of it is cached here.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.parquet import decode, encode
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, MissingBarsError, PathError, remedy_of
from regime_platform.files import file_sha256, path_below, write_bytes
from regime_platform.model.bar_schema import (
    BAR_COLUMNS,
    BARS_SCHEMA_DIGEST,
    BARS_SCHEMA_VERSION,
    empty_bars,
)
from regime_platform.model.digests import Blocks, blocks_of, frame_digest
from regime_platform.model.instants import iso
from regime_platform.model.promoted_bars import PromotedBars, StoredFile
from regime_platform.model.timeframes import is_intraday

_Answer = TypeVar("_Answer")

#: Attempts to read bars that a promotion replaces meanwhile, and seconds between them.
_ATTEMPTS, _PAUSE = 8, 0.005


def write_parts(
    folder: Path,
    timeframe: str,
    bars: pl.DataFrame,
    symbol: str,
    in_force: PromotedBars | None = None,
) -> PromotedBars:
    """Writes the parts of ``bars`` (valid, by ts) that are not there yet; hold the lock.

    A part that ``in_force`` names is written again only if its bytes are not those promoted; any
    other file of the same name is decoded and compared.

    Returns:
        The pointer to the bars; they are in force once it is in verdict.json.

    Raises:
        BarsError: there are no bars to point to.
    """
    bars = bars.select(BAR_COLUMNS)
    if bars.is_empty():
        raise BarsError(
            f"{symbol} {timeframe} has no bars to promote; leave its pointer out", code="no-bars"
        )
    metadata = {
        "symbol": symbol,
        "timeframe": timeframe,
        "bars_schema_version": str(BARS_SCHEMA_VERSION),
        "bars_schema_digest": BARS_SCHEMA_DIGEST,
    }
    digest = frame_digest(bars)
    parts = _years(bars) if is_intraday(timeframe) else [(f"all-{digest[:12]}", bars)]
    known = {} if in_force is None else {file.name: file for file in in_force.files}
    files = tuple(
        _kept(folder, known.get(f"{name}.parquet"))
        or _write_part(folder / f"{name}.parquet", part, metadata, known)
        for name, part in parts
    )
    first, last = bars["ts"][0], bars["ts"][-1]
    return PromotedBars(
        digest=digest, rows=bars.height, min_ts=iso(first), max_ts=iso(last), files=files
    )


def part_path(folder: Path, name: str) -> Path:
    """The path of a part that a verdict or manifest names.

    Raises:
        BarsError: the name is not one of a file in ``folder``.
    """
    try:
        return path_below(folder, name)
    except PathError as error:
        raise BarsError(
            f"a part of the bars has no valid file name: {error}; {_remedy(folder)}",
            code="unsafe-path",
        ) from error


def sweep(folder: Path, promoted: PromotedBars | None) -> None:
    """Removes the parts that the pointer in force does not name; hold the lock."""
    for part in unnamed(folder, promoted):
        part.unlink()


def unnamed(folder: Path, promoted: PromotedBars | None) -> list[Path]:
    """The parts that the pointer does not name, sorted by name."""
    named = {file.name for file in promoted.files} if promoted else set()
    return sorted(part for part in folder.glob("[!.]*.parquet") if part.name not in named)


def is_part(path: Path) -> bool:
    """True for an undamaged part whose name has the digest of its contents."""
    try:
        bars, _ = decode(path.read_bytes(), str(path))
        return path.stem.rpartition("-")[2] == frame_digest(bars)[:12]
    except (BarsError, OSError, TypeError):
        return False


def read_bars(folder: Path, promoted: PromotedBars) -> pl.DataFrame:
    """The bars that ``promoted`` names, every byte verified before it is used.

    Raises:
        BarsError: a part is missing or damaged, or the bars are not those that were promoted.
    """
    return read_hashed(folder, promoted)[0]


def read_hashed(folder: Path, promoted: PromotedBars) -> tuple[pl.DataFrame, Blocks]:
    """The same, with the block digests that verified them."""
    parts = [_read_part(folder, file) for file in promoted.files]
    bars = pl.concat(parts) if parts else empty_bars()
    blocks = blocks_of(bars)
    if blocks.digest(bars.schema) != promoted.digest:
        raise BarsError(
            f"the bars in {folder} are not those that were promoted; {_remedy(folder)}",
            code="bars-altered",
        )
    return bars, blocks


def scan_in_force(paths: SymbolPaths, timeframe: str) -> pl.LazyFrame | None:
    """The canonical bars in force for a reader that needs few of them; None where there are none.

    The frame keeps the verified bytes in memory, so neither a promotion nor damage on disk between
    this call and ``collect`` changes its result.

    Raises:
        BarsError: the bars in force are missing or damaged.
    """
    in_force = _in_force(paths, timeframe, _verified_bytes)
    if in_force is None:
        return None
    parts = in_force[1]
    return pl.scan_parquet(parts) if parts else empty_bars().lazy()


def pointer(paths: SymbolPaths, timeframe: str) -> PromotedBars | None:
    """The pointer in force; None where nothing was promoted yet."""
    verdict = read_verdict(paths)
    series = None if verdict is None else verdict.at(timeframe)
    return None if series is None else series.promoted


def read_in_force(paths: SymbolPaths, timeframe: str) -> tuple[PromotedBars, pl.DataFrame] | None:
    """The canonical bars in force and their pointer, without a lock.

    Raises:
        BarsError: the bars in force are missing or damaged.
    """
    return _in_force(paths, timeframe, read_bars)


def _in_force(
    paths: SymbolPaths, timeframe: str, read: Callable[[Path, PromotedBars], _Answer]
) -> tuple[PromotedBars, _Answer] | None:
    """The pointer in force and the result of ``read`` for it.

    A promotion may remove parts while they are read: then the pointer is read again.
    """
    before = None
    for attempt in range(_ATTEMPTS):
        promoted = pointer(paths, timeframe)
        if promoted is None:
            return None
        try:
            return promoted, read(paths.bars(timeframe), promoted)
        except MissingBarsError:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE)
        except BarsError:
            if promoted == before:
                raise
        before = promoted
    raise BarsError(
        f"{paths.bars(timeframe)} is promoted faster than it can be read; try again in a moment",
        code="promoted-meanwhile",
    )


def _years(bars: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    year = bars["ts"].dt.year()
    for label in year.unique().sort():
        part = bars.filter(year == label)
        yield f"{label}-{frame_digest(part)[:12]}", part


def _kept(folder: Path, file: StoredFile | None) -> StoredFile | None:
    """``file`` where its bytes are those that were promoted."""
    try:
        return file if file and file_sha256(part_path(folder, file.name)) == file.sha256 else None
    except FileNotFoundError:
        return None


def _write_part(
    target: Path, part: pl.DataFrame, metadata: dict[str, str], known: Mapping[str, StoredFile]
) -> StoredFile:
    data = None if target.name in known else _sound(target, part)
    if data is None:
        data = encode(part, metadata)
        write_bytes(target, data)
    return StoredFile(
        name=target.name, rows=part.height, bytes=len(data), sha256=sha256(data).hexdigest()
    )


def _sound(target: Path, part: pl.DataFrame) -> bytes | None:
    """The bytes of a part that exists and has the right contents; None otherwise."""
    try:
        data = target.read_bytes()
        frame, _ = decode(data, str(target))
    except (FileNotFoundError, BarsError):
        return None
    return data if frame.equals(part) else None


def _read_part(folder: Path, file: StoredFile) -> pl.DataFrame:
    frame, _ = decode(_part_bytes(folder, file), str(folder / file.name))
    return frame


def _verified_bytes(folder: Path, promoted: PromotedBars) -> list[bytes]:
    return [_part_bytes(folder, file) for file in promoted.files]


def _part_bytes(folder: Path, file: StoredFile) -> bytes:
    """The bytes of a part, verified against the pointer."""
    path = part_path(folder, file.name)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise MissingBarsError(f"{path} is missing; {_remedy(folder)}") from error
    except OSError as error:
        raise BarsError(
            f"{path} cannot be read ({error.strerror}); {_remedy(folder)}", code="unreadable-file"
        ) from error
    if len(data) != file.bytes or sha256(data).hexdigest() != file.sha256:
        raise BarsError(
            f"{path} is damaged: its bytes are not those promoted; {_remedy(folder)}",
            code="bars-damaged",
        )
    return data


def _remedy(folder: Path) -> str:
    return remedy_of(folder.parent.parent.name)
