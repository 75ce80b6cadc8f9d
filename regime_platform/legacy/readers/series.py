"""One series of version 1 bars, read without importing it: a Parquet file or a folder of day files.

Version 1 is recognised by times without a zone and a whole-number volume; files of this platform
have UTC instants and name their version. Used by queries and evaluation; a migration imports them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.errors import BarsError
from regime_platform.legacy.readers.parquet import ParquetPart
from regime_platform.legacy.readers.source import LegacyRows, known_timeframe, zone_of
from regime_platform.legacy.readers.times import Opens, local_times, opens
from regime_platform.model.bar_schema import BAR_SCHEMA, BARS_SCHEMA_VERSION
from regime_platform.model.timeframes import is_intraday

_VERSION = b"bars_schema_version"


@dataclass(frozen=True)
class LegacySeries:
    """Bars of version 1 with their times as UTC instants."""

    bars: pl.DataFrame  # ``BAR_SCHEMA``, ascending
    read_as: str  # a sentence: that they are of version 1, and the assumed time zone


def is_legacy_file(file: Path) -> bool:
    """True for a Parquet file of version 1; False for any other, a missing or a damaged one.

    Raises:
        BarsError: the file names an unknown version of bars.
    """
    try:
        schema = pq.read_schema(file)
    except (pa.ArrowException, OSError):
        return False
    version = (schema.metadata or {}).get(_VERSION)
    if version is not None:
        if version.decode() != str(BARS_SCHEMA_VERSION):
            raise BarsError(
                f"{file} has bars of version {version.decode()}; readable are version 1 and "
                f"version {BARS_SCHEMA_VERSION}; use the release that wrote it",
                code="unknown-version",
            )
        return False
    kinds = {field.name: field.type for field in schema}
    ts, volume = kinds.get("ts", pa.null()), kinds.get("volume", pa.null())
    return bool(pa.types.is_timestamp(ts) and ts.tz is None and pa.types.is_integer(volume))


def legacy_folders(bars: Path, timeframe: str) -> list[Path]:
    """Folders with version 1 bars of one series, below the ``bars`` folder of a symbol."""
    folders = sorted(bars.iterdir()) if bars.is_dir() else []
    return [
        folder
        for folder in folders
        if known_timeframe(folder.name) == timeframe and is_legacy_folder(folder)
    ]


def is_legacy_folder(folder: Path) -> bool:
    """True where the first Parquet file is one of version 1.

    Raises:
        BarsError: it names an unknown version of bars.
    """
    first = next(iter(sorted(folder.glob("*.parquet")) or sorted(folder.glob("*/*.parquet"))), None)
    return first is not None and is_legacy_file(first)


def read_legacy_series(
    places: Sequence[Path], symbol: str, timeframe: str, asset_class: str | None
) -> LegacySeries:
    """Read the bars of one file, or of the folders of one series; of a repeated bar, the last row.

    Args:
        places: one file, or folders with Parquet files at most one folder deep.
        symbol: for messages.
        timeframe: canonical.
        asset_class: determines the zone of the times; None: unknown, times are read as UTC.

    Raises:
        BarsError: a file is truncated, or a time means no instant or two; names the first.
    """
    part = ParquetPart(tuple(places), symbol, timeframe)
    rows = part.read()
    dtype = rows.raw_ts.dtype
    if dtype not in (pl.Datetime, pl.Date) or getattr(dtype, "time_zone", None):
        raise BarsError(
            f"{part.name}: ts is {dtype}, expected times without a zone as in version 1",
            code="not-version-1",
        )
    zone = "UTC" if asset_class is None else zone_of(asset_class, timeframe)
    times = local_times(rows.raw_ts, zone)
    parsed = opens(times, is_chronological=rows.is_chronological, needs_time=is_intraday(timeframe))
    _require_all(part, rows, parsed, zone)
    bars = pl.DataFrame([parsed.ts, *rows.values.get_columns()], schema=BAR_SCHEMA)
    distinct = bars.unique("ts", keep="last", maintain_order=True).sort("ts")
    repeated = bars.height - distinct.height
    note = f"; {repeated:,} bars occur again, the last row counts" if repeated else ""
    return LegacySeries(distinct, f"{part.name}: {_read_as(timeframe, zone, asset_class)}{note}")


def _require_all(part: ParquetPart, rows: LegacyRows, parsed: Opens, zone: str) -> None:
    if parsed.refused is None:
        return
    first = int(parsed.refused.is_not_null().arg_true()[0])
    raise BarsError(
        f"{part.name}: ts {rows.raw_ts[first]} in {zone}: {parsed.refused[first]}; give the series "
        "as UTC instants, or migrate it, which reports and leaves out such bars",
        code="ambiguous-times",
    )


def _read_as(timeframe: str, zone: str, asset_class: str | None) -> str:
    if not is_intraday(timeframe):
        return "bars of version 1, dates as stored"
    if asset_class is None:
        return "bars of version 1; the universe has no asset class for it, so times are read as UTC"
    return f"bars of version 1, times read as {zone} ({asset_class})"
