"""The append-only raw log: one immutable Parquet file per fetch that brought something.

A file is named ``{sequence}-{fetched_at}-{hash of its bytes}.parquet``, so names sort in order of
arrival and tell on damage. What a page adds is decided in ``revisions``; who may write, in
``locks``. Compare without the lock first: a page without news writes nothing at all.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.bars.parquet import damaged, decode_table, encode
from regime_platform.bars.revisions import News, news
from regime_platform.errors import BarsError
from regime_platform.files import write_bytes
from regime_platform.model.bar_schema import BAR_SCHEMA, BARS_SCHEMA_DIGEST, BARS_SCHEMA_VERSION
from regime_platform.model.series import instant, iso
from regime_platform.validation.series_rules import GATE_SCHEMA

_NAME = re.compile(r"(?P<sequence>\d{6})-\d{8}T\d{6}Z-(?P<hash>[0-9a-f]{8})\.parquet")


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class FetchFacts:
    """Where a page came from, kept in the metadata of its file."""

    fetched_at: dt.datetime  # aware
    source: str
    timeframe: str
    asset_class: str
    price_basis: str  # as_served, split_adjusted, unadjusted
    instrument_digest: str
    window: tuple[dt.datetime, dt.datetime] | None = None  # requested opens, half-open

    def texts(self) -> dict[str, str]:
        """The facts as Parquet metadata."""
        return {
            "fetched_at": iso(self.fetched_at),
            "source": self.source,
            "timeframe": self.timeframe,
            "asset_class": self.asset_class,
            "price_basis": self.price_basis,
            "instrument_digest": self.instrument_digest,
            "window": "" if self.window is None else "/".join(iso(end) for end in self.window),
            "bars_schema_version": str(BARS_SCHEMA_VERSION),
            "bars_schema_digest": BARS_SCHEMA_DIGEST,
        }


@dataclass(frozen=True)
class Merge:
    """What a page brings, and against which state of the log that was found."""

    news: News
    log: tuple[str, ...]
    file: str | None = None  # the file written, if any

    @property
    def new(self) -> int:
        """Finished bars that the log did not hold as finished."""
        return self.news.new

    @property
    def revised(self) -> int:
        """Finished bars that differ from what the log holds."""
        return self.news.revised

    @property
    def same(self) -> int:
        """Finished bars that tell nothing."""
        return self.news.same

    @property
    def provisional(self) -> int:
        """Bars that were still forming."""
        return self.news.provisional

    @property
    def held(self) -> pl.DataFrame:
        """The finished bars that were in force where the page lies: for ``splits.detect_split``."""
        return self.news.held

    @property
    def stored(self) -> int:
        """Rows that the log lacks, forming ones included."""
        return self.news.rows.height


@dataclass(frozen=True)
class Extent:
    """What the log holds of a series: first and last open, and how many finished bars."""

    first: dt.datetime
    last: dt.datetime
    rows: int


def names(folder: Path) -> list[str]:
    """The files of the log in order of arrival.

    Raises:
        BarsError: the folder holds something that is no file of a raw log.
    """
    if not folder.is_dir():
        return []
    found = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    for name in found:
        if not _NAME.fullmatch(name):
            raise BarsError(f"{folder / name} is no file of the raw log; move it out of there")
    return found


def log_digest(folder: Path) -> str:
    """Changes whenever the log does: names tell the contents, so no file is opened."""
    return hashlib.sha256("\n".join(names(folder)).encode()).hexdigest()


def read_raw(folder: Path, as_of: dt.datetime | None = None) -> pl.DataFrame:
    """All revisions in order of arrival: ``BAR_SCHEMA``, ``fetched_at`` and ``batch``.

    Args:
        folder: the log of one series; a missing one is an empty log.
        as_of: leaves out what was fetched later.

    Raises:
        BarsError: a file is damaged or of another version; names it.
    """
    rows = _read(folder, names(folder))
    return rows if as_of is None else rows.filter(pl.col("fetched_at") <= as_of)


def compare(folder: Path, bars: pl.DataFrame, facts: FetchFacts) -> Merge:
    """What ``append`` would do now; touches nothing and needs no lock.

    Raises:
        BarsError: the bars have another shape, or the log is damaged.
    """
    if bars.schema != BAR_SCHEMA:
        raise BarsError(f"a page of {facts.source} is {bars.schema}, expected {BAR_SCHEMA}")
    if facts.fetched_at.tzinfo is None:
        raise BarsError(f"fetched_at {facts.fetched_at} of {facts.source} names no zone; pass UTC")
    log = tuple(names(folder))
    told = news(
        _around(folder, log, bars["ts"]),
        bars,
        fetched_at=facts.fetched_at,
        timeframe=facts.timeframe,
        asset_class=facts.asset_class,
    )
    return Merge(told, log)


def append(
    folder: Path, bars: pl.DataFrame, facts: FetchFacts, compared: Merge | None = None
) -> Merge:
    """Adds the news in ``bars`` (as served, in ``BAR_SCHEMA``) as one file; hold the lock.

    Rows that the log holds bit for bit are not stored again; without news no file is written.

    Args:
        folder: the log of one series.
        bars: the page.
        facts: where it came from.
        compared: what ``compare`` said of the same page; it holds unless the log grew since.

    Raises:
        BarsError: the bars have another shape, or the log is damaged.
    """
    if compared is None or compared.log != tuple(names(folder)):
        compared = compare(folder, bars, facts)
    if compared.stored == 0:
        return compared
    data = encode(compared.news.rows, {**facts.texts(), "new": str(compared.news.new)})
    sequence = max((int(name[:6]) for name in compared.log), default=0) + 1
    moment = facts.fetched_at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{sequence:06d}-{moment}-{_short_hash(data)}.parquet"
    write_bytes(folder / name, data)
    return replace(compared, file=name)


def held(folder: Path) -> Extent | None:
    """The extent of the log, from the footers of its files alone; None where it is empty."""
    spans = [span for name in names(folder) if (span := _span(folder / name)) is not None]
    if not spans:
        return None
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    return Extent(first, last, sum(span.rows for span in spans))


def _around(folder: Path, log: Sequence[str], opens: pl.Series) -> pl.DataFrame:
    """The raw rows that a page with these opens can be about."""
    low, high = opens.min(), opens.max()
    near = [name for name in log if opens.len() and _may_hold(folder / name, low, high)]
    around = pl.col("ts").is_between(pl.lit(low), pl.lit(high)) | pl.col("ts").is_null()
    return _read(folder, near).filter(around)


def _may_hold(path: Path, low: Any, high: Any) -> bool:
    span = _span(path)
    return span is None or low is None or (span.first <= high and span.last >= low)


def _span(path: Path) -> Extent | None:
    """The opens of one file; None where some or all are missing."""
    try:
        footer = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise damaged(str(path), str(error)) from error
    opens: Any = footer.row_group(0).column(0).statistics
    if opens is None or not opens.has_min_max or opens.null_count:
        return None
    # raw microseconds: pyarrow would import pandas to make datetimes of them
    first, last = (
        _EPOCH + dt.timedelta(microseconds=raw) for raw in (opens.min_raw, opens.max_raw)
    )
    return Extent(first, last, int((footer.metadata or {}).get(b"new", b"0")))


def _read(folder: Path, log: Sequence[str]) -> pl.DataFrame:
    if not log:
        return pl.DataFrame(schema=GATE_SCHEMA)
    table = pa.concat_tables([_batch(folder / name) for name in log])
    return pl.DataFrame(pl.from_arrow(table))


def _batch(path: Path) -> pa.Table:
    """The rows of one file, once its bytes are found to be those that its name promises."""
    data = path.read_bytes()
    named = _NAME.fullmatch(path.name)
    if named is None or _short_hash(data) != named["hash"]:
        raise damaged(str(path), "its bytes are not those its name promises")
    table, facts = decode_table(data, str(path))
    if facts.get("bars_schema_digest") != BARS_SCHEMA_DIGEST:
        version = facts.get("bars_schema_version", "unknown")
        raise BarsError(
            f"{path} has bars of schema version {version}, this is version {BARS_SCHEMA_VERSION}; "
            "migrate the data root or use the release that wrote it"
        )
    fetched_at = pa.scalar(instant(facts["fetched_at"]), pa.timestamp("us", "UTC"))
    return table.append_column("fetched_at", pa.repeat(fetched_at, len(table))).append_column(
        "batch", pa.repeat(pa.scalar(path.name, pa.large_string()), len(table))
    )


def _short_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:8]
