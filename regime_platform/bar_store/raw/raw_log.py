"""The append-only raw log of one series: the new rows of every fetch, in order of arrival.

Only ``append`` needs a lock: a reader lists the folder again where a compaction removes a file.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.proven import is_proven
from regime_platform.bar_store.raw.compaction import merge_small_files, sweep_superseded
from regime_platform.bar_store.raw.raw_file import (
    ORIGIN_COLUMNS,
    Footer,
    batch_bytes,
    file_origins,
    read_footer,
    read_rows,
    read_whole,
)
from regime_platform.bar_store.raw.raw_names import (
    RawListing,
    RawLog,
    RawName,
    batch_name,
    list_raw,
    parsed,
)
from regime_platform.errors import BarsError
from regime_platform.files import write_bytes
from regime_platform.manifests.bar_manifest import Origins, SeriesBars
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.digests import canonical_json
from regime_platform.model.instants import iso
from regime_platform.revisions.fold import PageDiff, diff_page
from regime_platform.validation.rules.series import GATE_SCHEMA

#: Begins the source of files that a migration brought; these are never merged with others.
LEGACY = "legacy:"

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class FetchOrigin:
    """Where a page came from, stored in the metadata of its file."""

    fetched_at: dt.datetime  # aware
    source: str
    timeframe: str
    asset_class: str
    price_basis: str  # as_served, split_adjusted, unadjusted
    instrument_digest: str
    window: tuple[dt.datetime, dt.datetime] | None = None  # requested opens, half-open
    instrument: Mapping[str, str] = field(default_factory=dict)  # what names it at the source

    def texts(self) -> dict[str, str]:
        """The origin as Parquet metadata, in the order of the fields."""
        return {
            **vars(self),
            "fetched_at": iso(self.fetched_at),
            "window": "/".join(map(iso, self.window or ())),
            "instrument": canonical_json(dict(self.instrument)),
        }


@dataclass(frozen=True)
class LogUpdate:
    """What a page adds to the log, or added."""

    diff: PageDiff
    listed: RawListing  # the log that the page was compared with; after an append, the new one
    file: str | None = None  # the file written, if any


@dataclass(frozen=True)
class LogExtent:
    """First and last open in the log of a series, and its number of finished bars."""

    first: dt.datetime
    last: dt.datetime
    rows: int


def read_raw(
    log: RawLog, as_of: dt.datetime | None = None, columns: Sequence[str] = tuple(GATE_SCHEMA)
) -> pl.DataFrame:
    """All revisions in order of arrival; ``as_of`` leaves out what was fetched later.

    ``columns`` are those of ``GATE_SCHEMA``, or more of ``ORIGIN_COLUMNS``.

    Raises:
        BarsError: a file is damaged or of another version; names it.
    """
    rows = _steadily(log, lambda listed: _read(listed.folder, listed.files, columns))
    return rows if as_of is None else rows.filter(pl.col("fetched_at") <= as_of)


def read_origins(log: RawLog) -> pl.DataFrame:
    """One row per batch as it arrived: name, ``fetched_at`` and origin; raises as `read_raw`."""
    rows = read_raw(log, columns=("batch", "fetched_at", *ORIGIN_COLUMNS))
    return rows.unique("batch", keep="first", maintain_order=True)


def origins(log: RawLog, validated: Sequence[str], known: SeriesBars | None) -> Origins:
    """Sources and price basis of the files that were ``validated``; some may be compacted by now.

    ``known`` is the series in an earlier bar manifest, whose files are not opened again.

    Raises:
        BarsError: a file is damaged; names it.
    """
    missing, sources, bases = set(validated), set[str](), set[str]()
    if known is not None and known.sources and missing.issuperset(known.raw_files):
        missing -= set(known.raw_files)
        sources, bases = set(known.sources), set(known.price_basis)
    listed, names = list_raw(log), [name for name in map(parsed, missing) if name is not None]
    files = [
        file
        for file in listed.files
        if any(file == name or file.supersedes(name) for name in names)
    ]
    for source, basis in file_origins(listed.folder, files, ("source", "price_basis")):
        sources.add(source)
        bases.add(basis)
    return Origins(tuple(sorted(sources)), tuple(sorted(bases)))


def compare(log: RawLog, bars: pl.DataFrame, origin: FetchOrigin) -> LogUpdate:
    """What ``append`` would do now; writes nothing, needs no lock, and raises as it."""
    if bars.schema != BAR_SCHEMA:
        raise BarsError(
            f"a page of {origin.source} is {bars.schema}, expected {BAR_SCHEMA}", code="page-schema"
        )
    if origin.fetched_at.tzinfo is None:
        raise BarsError(
            f"fetched_at {origin.fetched_at} of {origin.source} names no zone; pass UTC",
            code="naive-time",
        )

    def compared(listed: RawListing) -> LogUpdate:
        diff = diff_page(
            _around(listed, bars["ts"]),
            bars,
            fetched_at=origin.fetched_at,
            timeframe=origin.timeframe,
            asset_class=origin.asset_class,
        )
        return LogUpdate(diff, listed)

    return _steadily(log, compared)


def append(
    log: RawLog, bars: pl.DataFrame, origin: FetchOrigin, compared: LogUpdate | None = None
) -> LogUpdate:
    """Adds the new rows of ``bars`` (as served, in ``BAR_SCHEMA``) as one file; hold the lock.

    Rows that the log has bit for bit are not stored again; without new rows no file is written.
    ``compared`` is what ``compare`` returned for the same page; used unless the log grew since.

    Raises:
        BarsError: the bars have another shape, or the log is damaged.
    """
    listed = list_raw(log)
    if compared is None or compared.listed.files != listed.files:
        compared = compare(listed, bars, origin)
    diff = compared.diff
    if diff.is_empty:
        return compared
    data = batch_bytes(diff.rows, {**origin.texts(), "same": str(diff.same)}, diff.new)
    is_legacy = origin.source.startswith(LEGACY)
    name = batch_name(listed.next_sequence, origin.fetched_at, data, is_legacy=is_legacy)
    write_bytes(listed.folder / name.text, data)
    listed = merge_small_files(sweep_superseded(listed.with_file(name)))
    return replace(compared, file=name.text, listed=listed)


def extent(log: RawLog) -> LogExtent | None:
    """The extent of the log, from the footers of its files alone; None where it is empty."""
    spans = _steadily(log, lambda listed: [_footer(listed.folder, name) for name in listed.files])
    firsts = [span.first for span in spans if span.first is not None]
    lasts = [span.last for span in spans if span.last is not None]
    return LogExtent(min(firsts), max(lasts), sum(span.new for span in spans)) if firsts else None


def _steadily(log: RawLog, answer: Callable[[RawListing], _Answer]) -> _Answer:
    """Calls ``answer`` with the log's files, again where they were compacted meanwhile."""
    listed = list_raw(log)
    while True:
        try:
            return answer(listed)
        except FileNotFoundError:
            moved_on = list_raw(listed.folder)
            if moved_on.files == listed.files:
                raise
            listed = moved_on


def _around(log: RawListing, opens: pl.Series) -> pl.DataFrame:
    """The raw rows that a page with these opens can be about."""
    low, high = opens.min(), opens.max()
    near = [
        name for name in log.files if opens.len() and _footer(log.folder, name).may_hold(low, high)
    ]
    rows = _read(log.folder, near)
    # numbers compare in a tenth of the time of instants
    ticks, bounds = rows["ts"].to_physical(), opens.to_physical().drop_nulls()
    if bounds.is_empty():
        return rows.filter(ticks.is_null())
    return rows.filter((ticks >= bounds.min()) & (ticks <= bounds.max()) | ticks.is_null())


def _footer(folder: Path, name: RawName) -> Footer:
    """The footer of a file whose bytes were proven, now or since they last changed."""
    paths = SymbolPaths(folder.parent.parent)
    if not is_proven(paths, f"raw/{folder.name}/{name.text}", name.hash):
        read_whole(folder, name)
    return read_footer(folder / name.text)


def _read(
    folder: Path, files: Sequence[RawName], columns: Sequence[str] = tuple(GATE_SCHEMA)
) -> pl.DataFrame:
    if not files:
        return pl.DataFrame(schema={name: GATE_SCHEMA.get(name, pl.String()) for name in columns})
    return pl.concat([read_rows(folder, name, columns) for name in files], rechunk=True)
