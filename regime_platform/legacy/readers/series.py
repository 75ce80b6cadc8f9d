"""Bars of version 1, one series of them: a Parquet file, or a folder of day files, as it lies.

Their mark is a time without a zone beside a whole-number volume; files of this platform name the
instant and their version. For whoever only asks or evaluates: `legacy.migration.migration` brings
them in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.errors import BarsError
from regime_platform.legacy.readers.parquet import ParquetPart
from regime_platform.legacy.readers.source import OldRows, known_timeframe, zone_of
from regime_platform.legacy.readers.times import Opens, local_times, opens
from regime_platform.model.bar_schema import BAR_SCHEMA, BARS_SCHEMA_VERSION
from regime_platform.model.timeframes import is_intraday

_VERSION = b"bars_schema_version"


@dataclass(frozen=True)
class OldSeries:
    """Bars of version 1, understood."""

    bars: pl.DataFrame  # ``BAR_SCHEMA``, ascending
    read_as: str  # that they are of version 1, and what was assumed of their times


def is_old_file(file: Path) -> bool:
    """True of a Parquet file of version 1; False of any other, of none and of a damaged one.

    Raises:
        BarsError: the file names a version of bars that is not known here.
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
                f"version {BARS_SCHEMA_VERSION}; use the release that wrote it"
            )
        return False
    kinds = {field.name: field.type for field in schema}
    ts, volume = kinds.get("ts", pa.null()), kinds.get("volume", pa.null())
    return bool(pa.types.is_timestamp(ts) and ts.tz is None and pa.types.is_integer(volume))


def old_folders(bars: Path, timeframe: str) -> list[Path]:
    """The folders of one series below the ``bars`` of a symbol, where version 1 wrote it."""
    found = sorted(bars.iterdir()) if bars.is_dir() else []
    return [one for one in found if known_timeframe(one.name) == timeframe and is_old_folder(one)]


def is_old_folder(folder: Path) -> bool:
    """True where the first Parquet file is one of version 1.

    Raises:
        BarsError: it names a version of bars that is not known here.
    """
    first = next(iter(sorted(folder.glob("*.parquet")) or sorted(folder.glob("*/*.parquet"))), None)
    return first is not None and is_old_file(first)


def read_old_series(
    places: Sequence[Path], symbol: str, timeframe: str, asset_class: str | None
) -> OldSeries:
    """The bars of one file, or of the folders of one series; of a bar told twice, the last.

    Args:
        places: one file, or folders with Parquet files a day's folder deep at most.
        symbol: for messages.
        timeframe: canonical.
        asset_class: tells the zone of the times; None: not known, and they are taken as UTC.

    Raises:
        BarsError: a file is torn, or a time means no instant or two; names the first.
    """
    part = ParquetPart(tuple(places), symbol, timeframe)
    rows = part.read()
    if rows.said.dtype not in (pl.Datetime, pl.Date) or getattr(rows.said.dtype, "time_zone", None):
        raise BarsError(
            f"{part.name}: ts is {rows.said.dtype}, expected times without a zone as in version 1"
        )
    zone = "UTC" if asset_class is None else zone_of(asset_class, timeframe)
    times = local_times(rows.said, zone)
    found = opens(times, order_tells=rows.order_tells, needs_time=is_intraday(timeframe))
    _require_all(part, rows, found, zone)
    bars = pl.DataFrame([found.ts, *rows.values.get_columns()], schema=BAR_SCHEMA)
    once = bars.unique("ts", keep="last", maintain_order=True).sort("ts")
    twice = bars.height - once.height
    repeated = f"; {twice:,} bars are told again, the last one counts" if twice else ""
    return OldSeries(once, f"{part.name}: {_read_as(timeframe, zone, asset_class)}{repeated}")


def _require_all(part: ParquetPart, rows: OldRows, found: Opens, zone: str) -> None:
    if found.refused is None:
        return
    first = int(found.refused.is_not_null().arg_true()[0])
    raise BarsError(
        f"{part.name}: ts {rows.said[first]} in {zone}: {found.refused[first]}; give the series as "
        "UTC instants, or migrate it, which tells and leaves out such bars"
    )


def _read_as(timeframe: str, zone: str, asset_class: str | None) -> str:
    if not is_intraday(timeframe):
        return "bars of version 1, dates as they stand"
    if asset_class is None:
        return "bars of version 1; no universe tells the class, so times are read as UTC"
    return f"bars of version 1, times read as {zone} ({asset_class})"
