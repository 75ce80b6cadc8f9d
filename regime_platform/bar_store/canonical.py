"""Canonical bars on disk: what passed the gate, the only input of compute.

A series is a few immutable part files named by their contents: one for daily and weekly bars, one
per UTC year for intraday ones. A part is real only if the pointer in verdict.json names it; so
promoting is writing parts, then the verdict, and a reader sees the old bars or the new ones.

Every reader gets bytes that were hashed and compared with the pointer, and parses those bytes and
no others: hashing takes less time than decoding, so that nothing is remembered here.
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
from regime_platform.model.promoted_bars import FileFacts, Promoted
from regime_platform.model.series import iso
from regime_platform.model.timeframes import is_intraday

_Answer = TypeVar("_Answer")

#: How often bars are looked for that promotions take away, and seconds between two looks.
_LOOKS, _PAUSE = 8, 0.005


def write_parts(
    folder: Path,
    timeframe: str,
    bars: pl.DataFrame,
    symbol: str,
    in_force: Promoted | None = None,
) -> Promoted:
    """Writes the parts of ``bars`` (valid, by ts) that are not there yet; hold the lock.

    A part that ``in_force`` names is there if its bytes are still those promoted, and is written
    again if not; of any other file of the same name the contents are compared.

    Returns:
        The pointer that makes them real once it stands in verdict.json.

    Raises:
        BarsError: there are no bars, so there is nothing a pointer could name.
    """
    bars = bars.select(BAR_COLUMNS)
    if bars.is_empty():
        raise BarsError(
            f"{symbol} {timeframe} has no bars to promote; leave its pointer out", code="no-bars"
        )
    facts = {
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
        or _write_part(folder / f"{name}.parquet", part, facts, known)
        for name, part in parts
    )
    first, last = bars["ts"][0], bars["ts"][-1]
    return Promoted(
        digest=digest, rows=bars.height, min_ts=iso(first), max_ts=iso(last), files=files
    )


def part_path(folder: Path, name: str) -> Path:
    """Where a part lies that verdict or manifest names.

    Raises:
        BarsError: it is no name of a file in ``folder``.
    """
    try:
        return path_below(folder, name)
    except PathError as error:
        raise BarsError(
            f"a part of the bars has no name of a file: {error}; {_remedy(folder)}",
            code="unsafe-path",
        ) from error


def sweep(folder: Path, promoted: Promoted | None) -> None:
    """Removes the parts that the pointer in force does not name; hold the lock."""
    for part in unnamed(folder, promoted):
        part.unlink()


def unnamed(folder: Path, promoted: Promoted | None) -> list[Path]:
    """The parts that the pointer does not name, in order of their names."""
    named = {file.name for file in promoted.files} if promoted else set()
    return sorted(part for part in folder.glob("[!.]*.parquet") if part.name not in named)


def is_part(path: Path) -> bool:
    """True for a whole part under the name that its contents give it."""
    try:
        bars, _ = decode(path.read_bytes(), str(path))
        return path.stem.rpartition("-")[2] == frame_digest(bars)[:12]
    except (BarsError, OSError, TypeError):
        return False


def read_bars(folder: Path, promoted: Promoted) -> pl.DataFrame:
    """The bars that ``promoted`` names, every byte verified before it is used.

    Raises:
        BarsError: a part is missing or damaged, or the bars are not those that were promoted.
    """
    return read_hashed(folder, promoted)[0]


def read_hashed(folder: Path, promoted: Promoted) -> tuple[pl.DataFrame, Blocks]:
    """The same, and the block digests that the verification was made by."""
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
    """The canonical bars in force for a reader that needs a few of them; None where there are none.

    The bytes are verified and held by the frame, so that neither a promotion nor rot between this
    call and ``collect`` can change what it gives.

    Raises:
        BarsError: the bars in force are missing or damaged.
    """
    found = _in_force(paths, timeframe, _verified_bytes)
    if found is None:
        return None
    parts = found[1]
    return pl.scan_parquet(parts) if parts else empty_bars().lazy()


def pointer(paths: SymbolPaths, timeframe: str) -> Promoted | None:
    """The pointer in force; None where nothing was promoted yet."""
    verdict = read_verdict(paths)
    series = None if verdict is None else verdict.at(timeframe)
    return None if series is None else series.promoted


def read_in_force(paths: SymbolPaths, timeframe: str) -> tuple[Promoted, pl.DataFrame] | None:
    """The canonical bars in force and their pointer, without a lock.

    Raises:
        BarsError: the bars in force are missing or damaged.
    """
    return _in_force(paths, timeframe, read_bars)


def _in_force(
    paths: SymbolPaths, timeframe: str, read: Callable[[Path, Promoted], _Answer]
) -> tuple[Promoted, _Answer] | None:
    """What ``read`` makes of the bars in force, and their pointer.

    A promotion in the middle of reading removes the parts being read: then the pointer is read
    again.
    """
    before = None
    for look in range(_LOOKS):
        promoted = pointer(paths, timeframe)
        if promoted is None:
            return None
        try:
            return promoted, read(paths.bars(timeframe), promoted)
        except MissingBarsError:
            if look == _LOOKS - 1:
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


def _kept(folder: Path, file: FileFacts | None) -> FileFacts | None:
    """``file`` where its bytes are those that were promoted."""
    try:
        return file if file and file_sha256(part_path(folder, file.name)) == file.sha256 else None
    except FileNotFoundError:
        return None


def _write_part(
    target: Path, part: pl.DataFrame, facts: dict[str, str], known: Mapping[str, FileFacts]
) -> FileFacts:
    data = None if target.name in known else _sound(target, part)
    if data is None:
        data = encode(part, facts)
        write_bytes(target, data)
    return FileFacts(
        name=target.name, rows=part.height, bytes=len(data), sha256=sha256(data).hexdigest()
    )


def _sound(target: Path, part: pl.DataFrame) -> bytes | None:
    """The bytes of a part that is there and holds what it should; None where it does not."""
    try:
        data = target.read_bytes()
        found, _ = decode(data, str(target))
    except (FileNotFoundError, BarsError):
        return None
    return data if found.equals(part) else None


def _read_part(folder: Path, file: FileFacts) -> pl.DataFrame:
    frame, _ = decode(_part_bytes(folder, file), str(folder / file.name))
    return frame


def _verified_bytes(folder: Path, promoted: Promoted) -> list[bytes]:
    return [_part_bytes(folder, file) for file in promoted.files]


def _part_bytes(folder: Path, file: FileFacts) -> bytes:
    """The bytes of a part, which are those that were promoted."""
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
