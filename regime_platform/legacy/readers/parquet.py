"""Old stores in Parquet: one folder per day below a series, in two layouts, read and never touched.

``bars-v1`` is ``assets/{SYMBOL}/bars/{timeframe}/date=YYYY-MM-DD/*.parquet`` or plain date folders,
``bars-root`` the older ``bars/{SYMBOL}/{timeframe}/`` with either, or files of its own. Times are
naive and local, volume is a whole number. The files of a series are read and decoded many at a
time, since opening them one after another takes most of the time; only those among which one cannot
be read so are opened one by one, and the culprit named.
"""

import datetime as dt
import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.errors import BarsError, UsageError
from regime_platform.legacy.readers.source import (
    NO_TIMEFRAME,
    VALUES,
    Extent,
    OldRows,
    OldStore,
    Unread,
    known_timeframe,
)
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.regular_files import IrregularFileError, require_regular

_ROOTS = {
    "bars-v1": ("data/assets", "assets", "."),
    "bars-root": ("data/bars", "bars", "."),
}
_MOST = 1 << 30  # bytes of a file
_BATCH = 250  # files
_BATCHES_AT_ONCE = 4  # the decoder of a batch waits between its files, even on a single core
_one_reads = Lock()  # threads that read small files side by side wait at every one of them
_REMEDY = "restore it, or move it away so that the rest can be migrated without it"


@dataclass(frozen=True)
class ParquetPart:
    """One series, in folders of day files or in a single file."""

    places: tuple[Path, ...]  # the file, or one folder per word that means its timeframe
    symbol: str
    timeframe: str
    rows: int | None = None  # opening thousands of files to count costs as much as reading them

    @property
    def name(self) -> str:
        """The folders."""
        return " and ".join(str(place) for place in self.places)

    def extent(self) -> Extent:
        """Its files as they lie there now.

        Raises:
            BarsError: there are none.
        """
        files = self._files()
        states = [Path(file).stat() for file in files]
        written = max(state.st_mtime for state in states)
        return Extent(files, sum(state.st_size for state in states), _instant(written))

    def read(self) -> OldRows:
        """Its rows, file by file in the order of their paths.

        Raises:
            BarsError: a file is torn, lacks a column or holds what is no number; names it. Or there
                is none, or they do not go together.
        """
        files = self._files()
        batches = [files[at : at + _BATCH] for at in range(0, len(files), _BATCH)]
        try:
            with ThreadPoolExecutor(_BATCHES_AT_ONCE) as pool:
                tables, written = zip(*pool.map(_batch, batches), strict=True)
            table = pl.concat(tables, how="vertical_relaxed", rechunk=True)
        except pl.exceptions.PolarsError as error:
            reason = f"files of different kinds ({error}); {_REMEDY}"
            raise BarsError(f"{self.name}: {reason}") from error
        return OldRows(
            table["ts"],
            table.select(pl.col(VALUES).cast(pl.Float64)),
            _instant(max(written)),
            order_tells=True,
            has_integers=table["volume"].dtype.is_integer(),
        )

    def _files(self) -> tuple[str, ...]:
        found: list[str] = []
        for place in self.places:
            found += [str(place)] if place.is_file() else sorted(_parquet_files(place))
        if not found:
            raise BarsError(f"{self.name} has no Parquet file; {_REMEDY}")
        return tuple(found)


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
    parts = tuple(
        ParquetPart(tuple(within), *series)
        for series, within in folders.items()
        if any(next(_parquet_files(folder), None) for folder in within)
    )
    if not parts:
        raise UsageError(
            f"{place} has no series of the layout {kind}; name the folder that holds the old data"
        )
    return OldStore(parts, tuple(unread))


def _series(kind: str, place: Path) -> Iterator[tuple[str, Path]]:
    within = "*/bars/*" if kind == "bars-v1" else "*/*"
    for root in _ROOTS[kind]:
        found = sorted(path for path in (place / root).glob(within) if path.is_dir())
        known = [one for one in found if known_timeframe(one.name) is not None]
        if known:
            for folder in found:
                yield (folder.parent.parent if kind == "bars-v1" else folder.parent).name, folder
            return


def _parquet_files(folder: Path | str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _parquet_files(entry.path)
            elif entry.name.endswith(".parquet") and not entry.name.startswith("."):
                yield entry.path


def _batch(files: Sequence[str]) -> tuple[pl.DataFrame, float]:
    """Their rows, and when the youngest was written."""
    try:
        with _one_reads:
            contents, written = zip(*map(_content, files), strict=True)
        # within a file of few rows there is nothing to share out
        table = pl.read_parquet(list(contents), parallel="none").rechunk()
        return _checked(table, files[0]), max(written)
    except (pl.exceptions.PolarsError, OSError, BarsError):
        tables = [_one(file) for file in files]
        written_at = max(Path(file).stat().st_mtime for file in files)
        return pl.concat(tables, how="vertical_relaxed"), written_at


def _content(file: str) -> tuple[bytes, float]:
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would wait for its writer
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise BarsError(f"{file} is no file; {_REMEDY}")
        return os.read(descriptor, state.st_size), state.st_mtime
    finally:
        os.close(descriptor)


def _one(file: str) -> pl.DataFrame:
    try:
        require_regular(Path(file), _MOST)
        table = pl.DataFrame(pl.from_arrow(pq.ParquetFile(file).read()))
    except (IrregularFileError, pa.ArrowException, OSError) as error:
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


def _instant(stamp: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(stamp, dt.UTC)
