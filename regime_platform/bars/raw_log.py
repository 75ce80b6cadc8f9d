"""The append-only raw log: what every fetch brought that was news, in order of arrival.

How its files are named is told by ``raw_names``, what is in one by ``raw_file``, what a page adds
by ``revisions``, who may write by ``locks``. Compare without the lock first: a page without news
writes nothing at all. Readers need no lock either: where a compaction takes files away under
their hands, they look again. Reading and appending stand together because a page is compared
with what is read.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import polars as pl
import pyarrow as pa

from regime_platform.bars.compaction import relieve, sweep_superseded
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.proven import is_proven
from regime_platform.bars.raw_file import (
    ORIGIN_COLUMNS,
    Footer,
    batch_bytes,
    read_footer,
    read_rows,
    read_whole,
)
from regime_platform.bars.raw_names import RawName, batch_name, digest_of, listing
from regime_platform.bars.revisions import News, news
from regime_platform.errors import BarsError
from regime_platform.files import write_bytes
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.digests import canonical_json
from regime_platform.model.series import iso
from regime_platform.validation.series_rules import GATE_SCHEMA

#: A source of this kind brings what another system had stored; its files stay as they came.
LEGACY = "legacy:"

_Answer = TypeVar("_Answer")


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
    instrument: Mapping[str, str] = field(default_factory=dict)  # what names it at the source

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
            "instrument": canonical_json(dict(self.instrument)),
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
    return [name.text for name in listing(folder)[0]]


def log_digest(folder: Path) -> str:
    """Changes whenever a batch is added, and not when files are compacted; opens no file."""
    return digest_of(listing(folder)[0])


def read_raw(
    folder: Path,
    as_of: dt.datetime | None = None,
    columns: Sequence[str] = tuple(GATE_SCHEMA),
) -> pl.DataFrame:
    """All revisions in order of arrival.

    Args:
        folder: the log of one series; a missing one is an empty log.
        as_of: leaves out what was fetched later.
        columns: ``BAR_SCHEMA``, ``fetched_at`` and ``batch``, or more of ``ORIGIN_COLUMNS``.

    Raises:
        BarsError: a file is damaged or of another version; names it.
    """
    rows = _steadily(folder, lambda log: _read(folder, log, columns))
    return rows if as_of is None else rows.filter(pl.col("fetched_at") <= as_of)


def read_origins(folder: Path) -> pl.DataFrame:
    """One row per batch in order of arrival: its name, ``fetched_at`` and the facts of its fetch.

    Raises:
        BarsError: a file is damaged or of another version; names it.
    """
    columns = ("batch", "fetched_at", *ORIGIN_COLUMNS)
    rows = _steadily(folder, lambda log: _read(folder, log, columns))
    return rows.unique("batch", keep="first", maintain_order=True)


def compare(folder: Path, bars: pl.DataFrame, facts: FetchFacts) -> Merge:
    """What ``append`` would do now; touches nothing and needs no lock.

    Raises:
        BarsError: the bars have another shape, or the log is damaged.
    """
    if bars.schema != BAR_SCHEMA:
        raise BarsError(f"a page of {facts.source} is {bars.schema}, expected {BAR_SCHEMA}")
    if facts.fetched_at.tzinfo is None:
        raise BarsError(f"fetched_at {facts.fetched_at} of {facts.source} names no zone; pass UTC")

    def compared(log: Sequence[RawName]) -> Merge:
        told = news(
            _around(folder, log, bars["ts"]),
            bars,
            fetched_at=facts.fetched_at,
            timeframe=facts.timeframe,
            asset_class=facts.asset_class,
        )
        return Merge(told, tuple(name.text for name in log))

    return _steadily(folder, compared)


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
    live, superseded = listing(folder)
    if compared is None or compared.log != tuple(name.text for name in live):
        compared = compare(folder, bars, facts)
    if compared.stored == 0:
        return compared
    origin = {**facts.texts(), "same": str(compared.same)}
    data = batch_bytes(compared.news.rows, origin, compared.new)
    sequence = max((name.last for name in live), default=0) + 1
    is_legacy = facts.source.startswith(LEGACY)
    name = batch_name(sequence, facts.fetched_at, data, is_legacy=is_legacy)
    write_bytes(folder / name, data)
    sweep_superseded(folder, superseded)
    relieve(folder)
    return replace(compared, file=name)


def held(folder: Path) -> Extent | None:
    """The extent of the log, from the footers of its files alone; None where it is empty."""
    spans = _steadily(folder, lambda log: [_footer(folder, name) for name in log])
    firsts = [span.first for span in spans if span.first is not None]
    lasts = [span.last for span in spans if span.last is not None]
    if not firsts:
        return None
    return Extent(min(firsts), max(lasts), sum(span.new for span in spans))


def _steadily(folder: Path, answer: Callable[[Sequence[RawName]], _Answer]) -> _Answer:
    """What ``answer`` makes of the log's files, asked again where they were compacted meanwhile."""
    log = listing(folder)[0]
    while True:
        try:
            return answer(log)
        except FileNotFoundError:
            moved_on = listing(folder)[0]
            if moved_on == log:
                raise
            log = moved_on


def _around(folder: Path, log: Sequence[RawName], opens: pl.Series) -> pl.DataFrame:
    """The raw rows that a page with these opens can be about."""
    low, high = opens.min(), opens.max()
    near = [name for name in log if opens.len() and _footer(folder, name).may_hold(low, high)]
    rows = _read(folder, near)
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
    folder: Path, log: Sequence[RawName], columns: Sequence[str] = tuple(GATE_SCHEMA)
) -> pl.DataFrame:
    if not log:
        return pl.DataFrame(schema={one: GATE_SCHEMA.get(one, pl.String()) for one in columns})
    table = pa.concat_tables([read_rows(folder, name, columns) for name in log])
    return pl.DataFrame(pl.from_arrow(table))
