"""The append-only raw log of one series: the new rows of every fetch, in order of arrival.

Only ``append`` needs a lock: a reader lists the folder again where a compaction removes a file.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.proven import is_proven
from regime_platform.bar_store.raw.compaction import merge_small_files, sweep_superseded
from regime_platform.bar_store.raw.page_update import FetchOrigin, LogUpdate, page_update
from regime_platform.bar_store.raw.raw_file import (
    MARKED_VERSION,
    ORIGIN_COLUMNS,
    Footer,
    RawFile,
    batch_bytes,
    file_origins,
    open_raw,
    read_footer,
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
from regime_platform.model.bar_schema import BAR_SCHEMA, BARS_SCHEMA_VERSION
from regime_platform.model.instants import ticks_of
from regime_platform.revisions.fold import LEGACY_SUFFIX
from regime_platform.revisions.withdrawals import (
    MARK_SCHEMA,
    STATED,
    WITHDRAWN,
    Current,
    Withdrawal,
    current,
    reach,
    without,
)
from regime_platform.validation.rules.bar import NO_TICKS, ticks
from regime_platform.validation.rules.series import GATE_SCHEMA

#: Begins the source of files that a migration brought; these are never merged with others.
LEGACY = "legacy:"

_Answer = TypeVar("_Answer")


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

    ``columns`` are those of ``GATE_SCHEMA``, or more of ``ORIGIN_COLUMNS``. Rows with marks are
    left out unless it has ``mark``.

    Raises:
        BarsError: a file is damaged or of another version; names it.
    """
    rows = _steadily(log, lambda listed: _bars(_opened(listed), columns))
    return rows if as_of is None else rows.filter(pl.col("fetched_at") <= as_of)


def read_current(
    log: RawLog, as_of: dt.datetime | None = None, columns: Sequence[str] = tuple(GATE_SCHEMA)
) -> Current:
    """The same without what marks and readings took back by ``as_of``; raises as `read_raw`.

    In a log without them these are all revisions, and no further column is read.
    """

    def answer(listed: RawListing) -> Current:
        files = _opened(listed)
        is_plain = all(file.version == BARS_SCHEMA_VERSION for file in files)
        needed = () if is_plain else STATED
        rows = _bars(files, list(dict.fromkeys([*columns, "fetched_at", *needed])))
        if as_of is not None:
            rows = rows.filter(pl.col("fetched_at") <= as_of)
        known = Current(rows) if is_plain else current(rows)
        return replace(known, rows=known.rows.select(columns))

    return _steadily(log, answer)


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


def compare(
    log: RawLog,
    bars: pl.DataFrame,
    origin: FetchOrigin,
    by_operator: tuple[Withdrawal, ...] = (),
    *,
    again: bool = False,
) -> LogUpdate:
    """What ``append`` would do now; writes nothing, needs no lock, and raises as it.

    Bars ``by_operator`` withdrawn count as not stored. With ``again``, rows that the log has are
    stored again, to show which bars came back.
    """
    if bars.schema != BAR_SCHEMA:
        raise BarsError(
            f"a page of {origin.source} is {bars.schema}, expected {BAR_SCHEMA}", code="page-schema"
        )
    if origin.fetched_at.tzinfo is None:
        raise BarsError(
            f"fetched_at {origin.fetched_at} of {origin.source} names no zone; pass UTC",
            code="naive-time",
        )

    def answer(listed: RawListing) -> LogUpdate:
        is_near = origin.window is None or not bars.is_empty()
        footers = {name: _footer(listed.folder, name) for name in listed.files if is_near}
        readings: dict[str, str] = {}
        for footer in footers.values():
            readings |= footer.readings
        stored = _around(listed, footers, bars["ts"], origin)
        update = page_update(
            listed,
            without(stored, by_operator),
            bars,
            origin,
            reading=readings.get(origin.source, ""),
            fetched=partial(_of_source, listed, origin.source),
            again=again,
        )
        return replace(update, by_operator=by_operator)

    return _steadily(log, answer)


def append(
    log: RawLog,
    bars: pl.DataFrame,
    origin: FetchOrigin,
    compared: LogUpdate | None = None,
    marks: Callable[[LogUpdate], pl.DataFrame] = lambda _: MARK_SCHEMA.to_frame(),
) -> LogUpdate:
    """Adds the new rows of ``bars`` (as served, in ``BAR_SCHEMA``) as one file; hold the lock.

    Rows that the log has bit for bit are not stored again; without new rows or marks no file is
    written. ``compared`` is what ``compare`` returned for the same page; used unless the log grew
    since. ``marks`` returns those to add (``MARK_SCHEMA``) beside the rows.

    Raises:
        BarsError: the bars have another shape, or the log is damaged.
    """
    listed = list_raw(log)
    if compared is None or compared.listed.files != listed.files:
        by_operator = compared.by_operator if compared else ()
        again = compared is not None and compared.again
        compared = compare(listed, bars, origin, by_operator, again=again)
    diff, added = compared.diff, marks(compared)
    if diff.is_empty and added.is_empty():
        return compared
    withdrawn = compared.withdrawn
    if added.height:
        gone = added.filter(mark=WITHDRAWN)["ts"]
        finished = compared.absent.filter("finished")["ts"]
        withdrawn += finished.filter(finished.is_in(gone.implode())).n_unique()
    rows, version = diff.rows, BARS_SCHEMA_VERSION
    if compared.is_other_reading or added.height:
        version = MARKED_VERSION
        rows = pl.concat([rows.with_columns(mark=pl.lit("")), added], how="diagonal")
    facts = {**origin.texts(), "same": str(diff.same - diff.repeated)}
    data = batch_bytes(rows, facts, diff.new - withdrawn, version)
    is_legacy = origin.source.startswith(LEGACY)
    name = batch_name(listed.next_sequence, origin.fetched_at, data, is_legacy=is_legacy)
    write_bytes(listed.folder / name.text, data)
    listed = merge_small_files(sweep_superseded(listed.with_file(name)))
    return replace(compared, file=name.text, listed=listed, withdrawn=withdrawn)


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


def _of_source(log: RawListing, source: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Those of ``rows`` that were fetched from a source; few are asked for."""
    if rows.is_empty():
        return rows
    fetched = rows.filter(~pl.col("batch").str.ends_with(LEGACY_SUFFIX))
    if fetched.is_empty():
        return fetched
    batches = read_raw(log, None, ["batch", "source"]).filter(source=source)["batch"]
    return fetched.filter(pl.col("batch").is_in(batches.unique().implode()))


def _around(
    log: RawListing, footers: Mapping[RawName, Footer], opens: pl.Series, origin: FetchOrigin
) -> Current:
    """The raw rows that a page with these opens can be about: of a source that serves all, all."""
    shared = reach(origin.timeframe)
    low, high = (opens - shared).min(), (opens + shared).max()
    if any(footer.version == MARKED_VERSION for footer in footers.values()):
        stored = read_current(log)
    else:
        is_whole = origin.window is None
        near = [name for name, footer in footers.items() if is_whole or footer.may_hold(low, high)]
        stored = Current(_bars([open_raw(log.folder, name) for name in near]))
    if origin.window is None:
        return stored
    # numbers compare in a tenth of the time of instants
    known = ticks(stored.rows["ts"])
    is_near = known == NO_TICKS
    if isinstance(low, dt.datetime) and isinstance(high, dt.datetime):
        is_near |= (known >= ticks_of(low)) & (known <= ticks_of(high))
    return replace(stored, rows=stored.rows.filter(is_near))


def _footer(folder: Path, name: RawName) -> Footer:
    """The footer of a file whose bytes were proven, now or since they last changed."""
    paths = SymbolPaths(folder.parent.parent)
    if not is_proven(paths, f"raw/{folder.name}/{name.text}", name.hash):
        read_whole(folder, name)
    return read_footer(folder / name.text)


def _opened(log: RawListing) -> list[RawFile]:
    return [open_raw(log.folder, name) for name in log.files]


def _bars(files: Sequence[RawFile], columns: Sequence[str] = tuple(GATE_SCHEMA)) -> pl.DataFrame:
    if not files:
        return pl.DataFrame(schema={name: GATE_SCHEMA.get(name, pl.String()) for name in columns})
    return pl.concat([file.bars(columns) for file in files], rechunk=True)
