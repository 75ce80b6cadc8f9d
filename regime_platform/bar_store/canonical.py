"""Canonical bars on disk, which passed the gate and are the only input of compute; rejected rows.

A series is a few immutable part files with a digest in their names (see ``part_layout``). A part
counts only if verdict.json, written last, names it. Every reader hashes the bytes that it decodes,
which takes less time than decoding them.
"""

import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.parquet import decode, encode, stored_file
from regime_platform.bar_store.part_layout import parts_of
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, MissingBarsError, PathError, remedy_of
from regime_platform.files import file_sha256, path_below, write_bytes
from regime_platform.model.bar_schema import (
    BAR_COLUMNS,
    BARS_SCHEMA_DIGEST,
    BARS_SCHEMA_VERSION,
    PromotedBars,
    StoredFile,
    empty_bars,
)
from regime_platform.model.digests import Blocks, blocks_of, frame_digest
from regime_platform.model.instants import iso
from regime_platform.validation.rules.series import GATE_SCHEMA

_Answer = TypeVar("_Answer")
_REASONS = ("disposition", "rule", "reason")

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
    other file of the same name is decoded and compared. Where the bars are those ``in_force``, they
    stay divided as they are.

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
    known = {} if in_force is None else {file.name: file for file in in_force.files}
    files = tuple(
        _write_part(part_path(folder, name), part, metadata, known.get(name))
        for name, part in parts_of(bars, timeframe, digest, in_force)
    )
    first, last = iso(bars["ts"][0]), iso(bars["ts"][-1])
    return PromotedBars(digest=digest, rows=bars.height, min_ts=first, max_ts=last, files=files)


def part_path(folder: Path, name: str) -> Path:
    """The path of a part; raises BarsError where a document names none in ``folder``."""
    try:
        return path_below(folder, name)
    except PathError as error:
        reason = f"a part of the bars has no valid file name: {error}"
        raise _error(folder, reason, "unsafe-path") from error


def sweep(folder: Path, promoted: PromotedBars | None) -> None:
    """Removes the parts that the pointer in force does not name; hold the lock."""
    for part in unnamed(folder, promoted):
        part.unlink()


def unnamed(folder: Path, promoted: PromotedBars | None) -> list[Path]:
    """The parts that the pointer does not name, sorted by name."""
    named = {file.name for file in promoted.files} if promoted else set()
    return [folder / name for name in sorted(part_names(folder) - named)]


def part_names(folder: Path) -> set[str]:
    """The names of the parts that are there; temporary files are none."""
    return {part.name for part in folder.glob("[!.]*.parquet")}


def is_part(path: Path) -> bool:
    """True for an undamaged part whose name has the digest of its contents."""
    try:
        bars, _ = decode(path.read_bytes(), str(path))
        return path.stem.rpartition("-")[2] == frame_digest(bars)[:12]
    except (BarsError, OSError, TypeError):
        return False


def read_bars(folder: Path, promoted: PromotedBars) -> tuple[pl.DataFrame, Blocks]:
    """The bars that ``promoted`` names, with the block digests that verified every byte of them.

    Raises:
        BarsError: a part is missing or damaged, or the bars are not those promoted.
    """
    parts = [
        decode(_part_bytes(folder, file), str(folder / file.name))[0] for file in promoted.files
    ]
    bars = pl.concat(parts) if parts else empty_bars()
    blocks = blocks_of(bars)
    if blocks.digest(bars.schema) != promoted.digest:
        reason = f"the bars in {folder} are not those that were promoted"
        raise _error(folder, reason, "bars-altered")
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
    return pl.scan_parquet(in_force[1]) if in_force[1] else empty_bars().lazy()


def pointer(paths: SymbolPaths, timeframe: str) -> PromotedBars | None:
    """The pointer in force; None where nothing was promoted yet."""
    verdict = read_verdict(paths)
    series = None if verdict is None else verdict.at(timeframe)
    return None if series is None else series.promoted


def read_in_force(paths: SymbolPaths, timeframe: str) -> tuple[PromotedBars, pl.DataFrame] | None:
    """The canonical bars in force and their pointer, without a lock; raises as `read_bars`."""
    in_force = _in_force(paths, timeframe, read_bars)
    return None if in_force is None else (in_force[0], in_force[1][0])


def read_rejected(paths: SymbolPaths, timeframe: str) -> pl.DataFrame:
    """``GATE_SCHEMA`` with disposition, rule and reason; raises BarsError where it is damaged."""
    path = paths.rejected(timeframe)
    try:
        return decode(path.read_bytes(), str(path))[0]
    except FileNotFoundError:
        return pl.DataFrame(schema={**GATE_SCHEMA, **dict.fromkeys(_REASONS, pl.String)})


def write_rejected(
    paths: SymbolPaths, timeframe: str, rows: pl.DataFrame, before: StoredFile | None
) -> StoredFile | None:
    """Writes the rows in place of those of the last promotion; hold the lock.

    Returns:
        The file as a verdict records it; None where there are no rows. A file that ``before``
        records and that has these rows stays, so that another release of the Parquet writer
        changes no verdict.
    """
    target = paths.rejected(timeframe)
    if rows.is_empty():
        target.unlink(missing_ok=True)
        return None
    if before is not None and not rejected_fault(paths, timeframe, before):
        try:
            if read_rejected(paths, timeframe).equals(rows):
                return before
        except BarsError:
            pass
    data = encode(rows, {"timeframe": timeframe})
    write_bytes(target, data)
    return stored_file(target.name, rows.height, data)


def rejected_fault(paths: SymbolPaths, timeframe: str, recorded: StoredFile | None) -> str:
    """How the file differs from its digest in the verdict; empty where it does not."""
    try:
        data = paths.rejected(timeframe).read_bytes()
    except FileNotFoundError:
        return "" if recorded is None else "the file is gone"
    if recorded is None:
        return "the verdict names no rejected rows"
    return "" if sha256(data).hexdigest() == recorded.sha256 else "its bytes are not those written"


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


def _write_part(
    target: Path, part: pl.DataFrame, metadata: dict[str, str], known: StoredFile | None
) -> StoredFile:
    """Writes a part, unless ``known`` or any other file there has its contents."""
    try:
        if known is not None and file_sha256(target) == known.sha256:
            return known
        if known is None and decode(data := target.read_bytes(), str(target))[0].equals(part):
            return stored_file(target.name, part.height, data)
    except (FileNotFoundError, BarsError):
        pass
    data = encode(part, metadata)
    write_bytes(target, data)
    return stored_file(target.name, part.height, data)


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
        reason = f"{path} cannot be read ({error.strerror})"
        raise _error(folder, reason, "unreadable-file") from error
    if len(data) != file.bytes or sha256(data).hexdigest() != file.sha256:
        raise _error(folder, f"{path} is damaged: its bytes are not those promoted", "bars-damaged")
    return data


def _error(folder: Path, reason: str, code: str) -> BarsError:
    return BarsError(f"{reason}; {_remedy(folder)}", code=code)


def _remedy(folder: Path) -> str:
    return remedy_of(folder.parent.parent.name)
