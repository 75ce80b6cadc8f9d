"""Old stores in Parquet: one folder per day below a series, in two layouts, read and never touched.

``bars-v1`` is ``assets/{SYMBOL}/bars/{timeframe}/date=YYYY-MM-DD/*.parquet`` or plain date folders,
``bars-root`` the older ``bars/{SYMBOL}/{timeframe}/`` with either, or files of its own. Times are
naive and local, volume is a whole number. The files of a series are read and decoded many at a
time, since opening them one after another takes most of the time; only those among which one cannot
be read so are opened one by one, and the culprit named.
"""

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.errors import BarsError, UsageError
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.sources.legacy import (
    NO_TIMEFRAME,
    VALUES,
    OldRows,
    OldStore,
    Unread,
    known_timeframe,
)

_ROOTS = {
    "bars-v1": ("data/assets", "assets", "."),
    "bars-root": ("data/bars", "bars", "."),
}
_BATCH = 250  # files
_BATCHES_AT_ONCE = 4  # the decoder of a batch waits between its files, even on a single core
_one_reads = Lock()  # threads that read small files side by side wait at every one of them
_REMEDY = "restore it, or move it away so that the rest can be migrated without it"


@dataclass(frozen=True)
class ParquetPart:
    """One series, in folders of day files."""

    folders: tuple[Path, ...]  # one per word that means its timeframe
    symbol: str
    timeframe: str
    files: tuple[str, ...]
    size: int
    written_at: dt.datetime
    rows: int | None = None  # opening thousands of files to count costs as much as reading them

    @property
    def name(self) -> str:
        """The folders."""
        return " and ".join(str(one) for one in self.folders)

    def read(self) -> OldRows:
        """Its rows, file by file in the order of their paths.

        Raises:
            BarsError: a file is torn, lacks a column or holds what is no number; names it.
        """
        batches = [self.files[at : at + _BATCH] for at in range(0, len(self.files), _BATCH)]
        with ThreadPoolExecutor(_BATCHES_AT_ONCE) as pool:
            read = pool.map(_batch, batches)
            table = pl.concat(read, how="vertical_relaxed", rechunk=True)
        whole = table["volume"].dtype.is_integer()
        values = table.select(pl.col(VALUES).cast(pl.Float64))
        return OldRows(table["ts"], values, order_tells=True, has_integers=whole)


def parquet_store(kind: str, place: Path) -> OldStore:
    """All series below ``place`` in one of the two layouts.

    Raises:
        UsageError: there is none.
    """
    folders: dict[tuple[str, str], list[Path]] = {}
    unread: list[Unread] = []
    for symbol, folder in _series(kind, place):
        timeframe = known_timeframe(folder.name)
        if timeframe is None:
            unread.append(Unread(symbol, folder.name, str(folder), None, NO_TIMEFRAME))
        else:
            folders.setdefault((symbol, timeframe), []).append(folder)
    found = [part_in(*series, within) for series, within in folders.items()]
    parts = tuple(one for one in found if one.files)
    if not parts:
        raise UsageError(
            f"{place} has no series of the layout {kind}; name the folder that holds the old data"
        )
    return OldStore(parts, tuple(unread))


def part_in(symbol: str, timeframe: str, folders: Sequence[Path]) -> ParquetPart:
    """One series in its folders; without files where they hold none."""
    found = [one for folder in folders for one in sorted(_parquet_files(folder))]
    files = tuple(path for path, _size, _at in found)
    size = sum(size for _path, size, _at in found)
    written = dt.datetime.fromtimestamp(max((at for _p, _s, at in found), default=0.0), dt.UTC)
    return ParquetPart(tuple(folders), symbol, timeframe, files, size, written)


def part_of_file(file: Path, symbol: str, timeframe: str) -> ParquetPart:
    """One series in a single file."""
    stat = file.stat()
    written = dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC)
    return ParquetPart((file,), symbol, timeframe, (str(file),), stat.st_size, written)


def _series(kind: str, place: Path) -> Iterator[tuple[str, Path]]:
    within = "*/bars/*" if kind == "bars-v1" else "*/*"
    for root in _ROOTS[kind]:
        found = sorted(one for one in (place / root).glob(within) if one.is_dir())
        known = [one for one in found if known_timeframe(one.name) is not None]
        if known:
            for folder in found:
                yield (folder.parent.parent if kind == "bars-v1" else folder.parent).name, folder
            return


def _parquet_files(folder: Path | str) -> Iterator[tuple[str, int, float]]:
    """Path, size and time of every Parquet file, a day's folder deep at most."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _parquet_files(entry.path)
            elif entry.name.endswith(".parquet") and not entry.name.startswith("."):
                stat = entry.stat()
                yield entry.path, stat.st_size, stat.st_mtime


def _batch(files: Sequence[str]) -> pl.DataFrame:
    try:
        with _one_reads:
            contents = [_bytes(file) for file in files]
        return _checked(pl.read_parquet(contents), files[0])
    except (pl.exceptions.PolarsError, OSError, BarsError):
        return pl.concat([_one(file) for file in files], how="vertical_relaxed")


def _bytes(file: str) -> bytes:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def _one(file: str) -> pl.DataFrame:
    try:
        table = pl.DataFrame(pl.from_arrow(pq.ParquetFile(file).read()))
    except (pa.ArrowException, OSError) as error:
        raise BarsError(f"{file} cannot be read ({error}); {_REMEDY}") from error
    return _checked(table, file)


def _checked(table: pl.DataFrame, where: str) -> pl.DataFrame:
    missing = [name for name in BAR_COLUMNS if name not in table.columns]
    if missing:
        raise BarsError(f"{where} has no column {', '.join(missing)}; {_REMEDY}")
    for name in VALUES:
        _require_numbers(table[name], name, where)
    return table.select(BAR_COLUMNS)


def _require_numbers(column: pl.Series, name: str, where: str) -> None:
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise BarsError(f"{where}: {name} is {column.dtype}, expected numbers; {_REMEDY}")
    if column.dtype.is_integer():
        back = column.cast(pl.Float64).cast(column.dtype, strict=False)
        if not back.eq_missing(column).all():
            raise BarsError(f"{where}: {name} is beyond what a float holds exactly; {_REMEDY}")
