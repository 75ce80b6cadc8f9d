"""Legacy stores in Parquet: one folder per day below a series, in two layouts; read-only.

``bars-v1`` is ``assets/{SYMBOL}/bars/{timeframe}/date=YYYY-MM-DD/*.parquet`` or plain date folders,
``bars-root`` the older ``bars/{SYMBOL}/{timeframe}/`` with either, or with files directly in it.
Times are naive and local, volume is a whole number: by both, bars of version 1 are recognised.
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
from regime_platform.legacy.store import (
    NO_TIMEFRAME,
    VALUES,
    LegacyPart,
    LegacyRows,
    LegacyStore,
    PartFiles,
    UnreadSeries,
    strict_bars,
)
from regime_platform.legacy.times import zone_of
from regime_platform.model.bar_schema import BAR_COLUMNS, BARS_SCHEMA_VERSION
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import is_intraday, known_timeframe
from regime_platform.regular_files import IrregularFileError, require_regular

_ROOTS = {
    "bars-v1": ("data/assets", "assets", "."),
    "bars-root": ("data/bars", "bars", "."),
}
_MOST = 1 << 30  # bytes of a file
_BATCH = 250  # files that are opened together, since opening them singly takes most of the time
_BATCHES_AT_ONCE = 4  # decoding a batch waits between its files, even on a single core
_read_lock = Lock()  # reading small files in several threads at once is slower
_REMEDY = "restore it, or move it away so that the rest can be migrated without it"


@dataclass(frozen=True)
class ParquetPart(LegacyPart):
    """One series, in folders of day files or in a single file."""

    locations: tuple[Path, ...]  # the file, or one folder per spelling of the timeframe

    def files(self) -> PartFiles:
        """List the files that exist now; ``BarsError`` where there are none."""
        files = self._files()
        states = [Path(file).stat() for file in files]
        written = max(state.st_mtime for state in states)
        return PartFiles(files, sum(state.st_size for state in states), _instant(written))

    def read(self) -> LegacyRows:
        """Read all rows, file by file in the order of their paths.

        Raises:
            BarsError: names a file that is truncated, lacks a column or has a value that is not a
                number; or there is no file, or their columns differ.
        """
        files = self._files()
        batches = [files[at : at + _BATCH] for at in range(0, len(files), _BATCH)]
        try:
            with ThreadPoolExecutor(_BATCHES_AT_ONCE) as pool:
                tables, written = zip(*pool.map(_batch, batches), strict=True)
            table = pl.concat(tables, how="vertical_relaxed", rechunk=True)
        except pl.exceptions.PolarsError as error:
            reason = f"files with different columns ({error}); {_REMEDY}"
            raise BarsError(f"{self.name}: {reason}", code="legacy-files-differ") from error
        return LegacyRows(
            table["ts"],
            table.select(pl.col(VALUES).cast(pl.Float64)),
            _instant(max(written)),
            is_chronological=True,
            has_integers=table["volume"].dtype.is_integer(),
        )

    def _files(self) -> tuple[str, ...]:
        files: list[str] = []
        for location in self.locations:
            files += [str(location)] if location.is_file() else sorted(_parquet_files(location))
        if not files:
            raise BarsError(f"{self.name} has no Parquet file; {_REMEDY}", code="no-legacy-files")
        return tuple(files)


def parquet_store(kind: str, folder: Path) -> LegacyStore:
    """List all series in one of the two layouts; ``UsageError`` where there are none."""
    folders: dict[tuple[str, str], list[Path]] = {}
    unread: list[UnreadSeries] = []
    for symbol, location in _series(kind, folder):
        timeframe = known_timeframe(location.name)
        if timeframe is None:
            unread.append(UnreadSeries(symbol, location.name, str(location), None, NO_TIMEFRAME))
        else:
            folders.setdefault((symbol, timeframe), []).append(location)
    parts = tuple(
        _part(locations, *series)
        for series, locations in folders.items()
        if any(next(_parquet_files(location), None) for location in locations)
    )
    if not parts:
        message = f"{folder} has no series in the layout {kind}; name the folder of the legacy data"
        raise UsageError(message, code="no-legacy-store")
    return LegacyStore(parts, tuple(unread))


def is_version_1(place: Path) -> bool:
    """True for a Parquet file of version 1, or a folder of such files at most one folder deep.

    False for a missing or damaged one; ``BarsError`` for an unknown version of bars.
    """
    if place.is_dir():
        files = sorted(place.glob("*.parquet")) or sorted(place.glob("*/*.parquet"))
        return bool(files) and is_version_1(files[0])
    try:
        schema = pq.read_schema(place)
    except (pa.ArrowException, OSError):
        return False
    version = (schema.metadata or {}).get(b"bars_schema_version", b"").decode()
    if version not in {"", str(BARS_SCHEMA_VERSION)}:
        raise BarsError(
            f"{place} has bars of version {version}; readable are version 1 and "
            f"version {BARS_SCHEMA_VERSION}; use the release that wrote it",
            code="unknown-version",
        )
    kinds = {field.name: field.type for field in schema}
    ts, volume = kinds.get("ts", pa.null()), kinds.get("volume", pa.null())
    is_local = pa.types.is_timestamp(ts) and ts.tz is None
    return bool(not version and is_local and pa.types.is_integer(volume))


def version_1_folders(bars: Path, timeframe: str) -> list[Path]:
    """Folders with version 1 bars of one series, below the ``bars`` folder of a symbol."""
    folders = sorted(bars.iterdir()) if bars.is_dir() else []
    named = [folder for folder in folders if known_timeframe(folder.name) == timeframe]
    return [folder for folder in named if folder.is_dir() and is_version_1(folder)]


def read_version_1(
    places: Sequence[Path], symbol: str, timeframe: str, market: Market | None
) -> tuple[pl.DataFrame, str]:
    """Read the bars of one file, or of the folders of one series; of a repeated bar, the last row.

    The asset class determines the zone of the times; without one they are read as UTC.

    Returns:
        Bars in ``BAR_SCHEMA``, ascending, and how they were read: version and time zone.

    Raises:
        BarsError: a file is truncated, or a time means no instant or two; names the first.
    """
    part = _part(places, symbol, timeframe)
    rows = part.read()
    dtype = rows.raw_ts.dtype
    if dtype not in (pl.Datetime, pl.Date) or getattr(dtype, "time_zone", None):
        raise BarsError(
            f"{part.name}: ts is {dtype}, expected times without a zone as in version 1",
            code="not-version-1",
        )
    zone, intraday = "UTC", is_intraday(timeframe)
    read_as = f"{part.name}: bars of version 1"
    if not intraday:
        read_as += ", dates as stored"
    elif market is None:
        read_as += "; the universe has no asset class for it, so times are read as UTC"
    else:
        zone = zone_of(market, timeframe)
        read_as += f", times read as {zone} ({market.name})"
    bars = strict_bars(part, rows, zone, needs_time=intraday, code="ambiguous-times")
    distinct = bars.unique("ts", keep="last", maintain_order=True).sort("ts")
    if repeated := bars.height - distinct.height:
        read_as += f"; {repeated:,} bars occur again, the last row counts"
    return distinct, read_as


def _part(locations: Sequence[Path], symbol: str, timeframe: str) -> ParquetPart:
    # counting rows of thousands of files costs as much as reading them
    return ParquetPart(symbol, timeframe, " and ".join(map(str, locations)), None, tuple(locations))


def _series(kind: str, folder: Path) -> Iterator[tuple[str, Path]]:
    pattern = "*/bars/*" if kind == "bars-v1" else "*/*"
    for root in _ROOTS[kind]:
        locations = sorted(path for path in (folder / root).glob(pattern) if path.is_dir())
        if any(known_timeframe(path.name) is not None for path in locations):
            for path in locations:
                yield (path.parent.parent if kind == "bars-v1" else path.parent).name, path
            return


def _parquet_files(folder: Path | str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _parquet_files(entry.path)
            elif entry.name.endswith(".parquet") and not entry.name.startswith("."):
                yield entry.path


def _batch(files: Sequence[str]) -> tuple[pl.DataFrame, float]:
    """Rows of the files, and the time of the last write to any of them.

    Only a batch that cannot be read is opened file by file, to name the damaged one.
    """
    try:
        with _read_lock:
            contents, written = zip(*map(_content, files), strict=True)
        # files of few rows are not worth several threads
        table = pl.read_parquet(list(contents), parallel="none").rechunk()
        return _checked(table, files[0]), max(written)
    except (pl.exceptions.PolarsError, OSError, BarsError):
        tables = [_single_file(file) for file in files]
        written_at = max(Path(file).stat().st_mtime for file in files)
        return pl.concat(tables, how="vertical_relaxed"), written_at


def _content(file: str) -> tuple[bytes, float]:
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would wait for its writer
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise BarsError(f"{file} is not a regular file; {_REMEDY}", code="irregular-file")
        return os.read(descriptor, state.st_size), state.st_mtime
    finally:
        os.close(descriptor)


def _single_file(file: str) -> pl.DataFrame:
    try:
        require_regular(Path(file), _MOST)
        table = pl.DataFrame(pl.from_arrow(pq.ParquetFile(file).read()))
    except (IrregularFileError, pa.ArrowException, OSError) as error:
        message = f"{file} cannot be read ({error}); {_REMEDY}"
        raise BarsError(message, code="legacy-file-damaged") from error
    return _checked(table, file)


def _checked(table: pl.DataFrame, file: str) -> pl.DataFrame:
    missing = [name for name in BAR_COLUMNS if name not in table.columns]
    if missing:
        message = f"{file} has no column {', '.join(missing)}; {_REMEDY}"
        raise BarsError(message, code="missing-columns")
    for column in table.select(VALUES):
        problem = None
        if not (column.dtype.is_numeric() or column.dtype == pl.Null):
            problem = f"is {column.dtype}, expected numbers"
        elif column.dtype.is_integer():
            back = column.cast(pl.Float64).cast(column.dtype, strict=False)
            if not back.eq_missing(column).all():
                problem = "has a value that no float holds exactly"
        if problem is not None:
            raise BarsError(f"{file}: {column.name} {problem}; {_REMEDY}", code="not-numbers")
    return table.select(BAR_COLUMNS)


def _instant(stamp: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(stamp, dt.UTC)
