"""Canonical bars on disk: what passed the gate, the only input of compute.

A series is a few immutable part files named by their contents: one for daily and weekly bars, one
per UTC year for intraday ones. A part is real only if the pointer in verdict.json names it; so
promoting is writing parts, then the verdict, and a reader sees the old bars or the new ones.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import polars as pl

from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.parquet import decode, encode
from regime_platform.bars.verdicts import read_verdict
from regime_platform.errors import BarsError, PathError
from regime_platform.files import file_sha256, path_below, write_bytes
from regime_platform.model.bar_schema import (
    BAR_COLUMNS,
    BARS_SCHEMA_DIGEST,
    BARS_SCHEMA_VERSION,
    empty_bars,
)
from regime_platform.model.digests import Blocks, blocks_of, frame_digest
from regime_platform.model.series import FileFacts, Promoted, iso
from regime_platform.model.timeframes import is_intraday

_REMEDY = "promote the symbol again, which rebuilds its bars from the raw log"


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
        raise BarsError(f"{symbol} {timeframe} has no bars to promote; leave its pointer out")
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
    return Promoted(digest, bars.height, iso(first), iso(last), files)


def part_path(folder: Path, name: str) -> Path:
    """Where a part lies that verdict or manifest names.

    Raises:
        BarsError: it is no name of a file in ``folder``.
    """
    try:
        return path_below(folder, name)
    except PathError as error:
        raise BarsError(f"a part of the bars has no name of a file: {error}; {_REMEDY}") from error


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
        raise BarsError(f"the bars in {folder} are not those that were promoted; {_REMEDY}")
    return bars, blocks


def scan_bars(folder: Path, promoted: Promoted) -> pl.LazyFrame:
    """The same bars for a reader that needs a few of them and can do without the verification."""
    if not promoted.files:
        return empty_bars().lazy()
    return pl.scan_parquet([part_path(folder, file.name) for file in promoted.files])


def pointer(paths: SymbolPaths, timeframe: str) -> Promoted | None:
    """The pointer in force; None where nothing was promoted yet."""
    verdict = read_verdict(paths)
    series = None if verdict is None else verdict.at(timeframe)
    return None if series is None else series.promoted


def read_in_force(paths: SymbolPaths, timeframe: str) -> tuple[Promoted, pl.DataFrame] | None:
    """The canonical bars in force and their pointer, without a lock.

    A promotion in the middle of reading removes the parts being read; then the new ones are read.

    Raises:
        BarsError: the bars in force are missing or damaged.
    """
    promoted = pointer(paths, timeframe)
    while promoted is not None:
        try:
            return promoted, read_bars(paths.bars(timeframe), promoted)
        except BarsError:
            moved_on = pointer(paths, timeframe)
            if moved_on == promoted:
                raise
            promoted = moved_on
    return None


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
    return FileFacts(target.name, part.height, len(data), sha256(data).hexdigest())


def _sound(target: Path, part: pl.DataFrame) -> bytes | None:
    """The bytes of a part that is there and holds what it should; None where it does not."""
    try:
        data = target.read_bytes()
        found, _ = decode(data, str(target))
    except (FileNotFoundError, BarsError):
        return None
    return data if found.equals(part) else None


def _read_part(folder: Path, file: FileFacts) -> pl.DataFrame:
    path = part_path(folder, file.name)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise BarsError(f"{path} is missing; {_REMEDY}") from error
    if len(data) != file.bytes or sha256(data).hexdigest() != file.sha256:
        raise BarsError(f"{path} is damaged: its bytes are not those promoted; {_REMEDY}")
    frame, _ = decode(data, str(path))
    return frame
