"""Rewrites a raw log: merges its files, and sets batches aside that a clock ahead stamped.

Compaction loses nothing: a merged file keeps batch and fetch time of each row, and is written and
read back before those it replaces are removed. After a kill the log consists of either. Migrated
files are never merged.

The true fetch time of a batch that was stamped in the future is unknown, and so whether its bars
were finished: its file is renamed and never read again, which changes the digest of the log. The
caller has to make sure that the present clock is not behind.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from pathlib import Path

import polars as pl

from regime_platform.bar_store.raw.raw_file import (
    ALL_COLUMNS,
    compacted_bytes,
    open_raw,
    read_footer,
    read_rows,
)
from regime_platform.bar_store.raw.raw_names import (
    RawListing,
    RawLog,
    RawName,
    aside_name,
    compacted_name,
    digest_of,
    list_raw,
    moment_text,
    name_before,
    parsed,
)
from regime_platform.errors import BarsError
from regime_platform.files import move, write_bytes
from regime_platform.model.instants import MOST_AHEAD

#: An append merges files at the end of the log when there are more than this.
MOST_FILES = 8
#: It leaves out a file that is so many times larger than all younger ones together: rewriting it
#: for a few rows, and reading it for the overlap of the next page, would cost more than it saves.
_LARGE = 4


@dataclass(frozen=True)
class Compaction:
    """The result of compacting one log."""

    replaced: tuple[tuple[str, str], ...]  # old name -> new name, in order of arrival
    files: int  # of the log now
    bytes_before: int
    bytes_after: int


def merge_small_files(log: RawListing) -> RawListing:
    """The log after too many small files at its end became one; hold the lock."""
    tail = list(takewhile(lambda name: not name.is_legacy, reversed(log.files)))
    if len(tail) <= MOST_FILES:
        return log
    sizes = [_size(log.folder, [name]) for name in tail]
    small = 2
    while small < len(tail) and sizes[small] <= _LARGE * sum(sizes[:small]):
        small += 1
    return _merged(log, tail[:small][::-1])


def is_compact(log: RawLog) -> bool:
    """True where ``compact`` would do nothing; needs no lock."""
    listed = list_raw(log)
    return not listed.superseded and not any(_runs(listed.files))


def compact(folder: Path) -> Compaction:
    """Merges all files that can be merged; hold the lock. Writes nothing if there are none.

    Raises:
        BarsError: a file is damaged; the log stays as it is.
    """
    log = list_raw(folder)
    before = _size(folder, [*log.files, *log.superseded])
    log = sweep_superseded(log)
    replaced: list[tuple[str, str]] = []
    for run in list(_runs(log.files)):
        log = _merged(log, run)
        merged = next(file.text for file in log.files if file.supersedes(run[0]))
        replaced += [(name.text, merged) for name in run]
    return Compaction(tuple(replaced), len(log.files), before, _size(folder, log.files))


def sweep_superseded(log: RawListing) -> RawListing:
    """Removes files whose rows are in a compacted one; hold the lock."""
    for name in log.superseded:
        (log.folder / name.text).unlink(missing_ok=True)
    return replace(log, superseded=())


def locate(folder: Path, name: str) -> str:
    """The file that now has the rows of the file ``name`` of an earlier manifest.

    Raises:
        BarsError: no file of the log has them; restore it from a backup.
    """
    if parsed(name) is None:
        raise BarsError(
            f"{name} is no file name of a raw log; check the manifest that names it",
            code="no-raw-file-name",
        )
    file = locate_all(folder, [name])[name]
    if file is None:
        raise BarsError(
            f"{folder} no longer has the rows of {name}; restore it from a backup",
            code="raw-file-lost",
        )
    return file


def locate_all(log: RawLog, names: Iterable[str]) -> dict[str, str | None]:
    """The same for many names, opening each file once; None where no file has the rows.

    Files that were set aside count. For a compacted file that was divided then, one of the files
    that together have its batches is returned.

    Raises:
        BarsError: a compacted file is damaged, or the folder has a file of another kind.
    """
    listed = list_raw(log)
    aside = {name_before(name.text): name for name in listed.aside}
    live = [*listed.files, *listed.aside]
    present = {name.text for name in live}
    batches: dict[RawName, list[RawName]] = {}

    def batches_of(file: RawName) -> list[RawName]:
        if file not in batches:
            batches[file] = _batches(listed.folder, file)
        return batches[file]

    def now(name: str) -> str | None:
        wanted = parsed(name)
        if wanted is None or name in present:
            return None if wanted is None else name
        if name in aside:
            return aside[name].text
        for file in (file for file in live if file.supersedes(wanted)):
            if _has(batches_of(file), wanted):
                return file.text
        if wanted.fetched_at:
            return None
        parts = [file for file in live if file.first <= wanted.last and wanted.first <= file.last]
        joined = {batch for file in parts for batch in batches_of(file)}
        return parts[0].text if joined and _has(list(joined), wanted) else None

    return {name: now(name) for name in names}


def files_ahead(log: RawLog, now: dt.datetime) -> list[RawName]:
    """The files of the log with batches that were fetched later than ``now``, by their names.

    The name of a compacted file has no fetch times: its modification time is used. Migrated files
    are left out, since no source can bring them again.
    """
    bound = now + MOST_AHEAD
    text, seconds = moment_text(bound), bound.timestamp()
    listed = list_raw(log)

    def is_ahead(name: RawName) -> bool:
        if name.fetched_at:
            return name.fetched_at > text
        try:
            return (listed.folder / name.text).stat().st_mtime > seconds
        except FileNotFoundError:  # compacted since it was listed
            return False

    return [name for name in listed.files if not name.is_legacy and is_ahead(name)]


def set_aside(folder: Path, now: dt.datetime) -> None:
    """Sets batches fetched later than ``now`` aside; hold the lock; raises as `compact`."""
    for name in files_ahead(folder, now):
        if name.fetched_at:
            move(folder / name.text, folder / aside_name(name.text))
        else:
            _divide(folder, name, now + MOST_AHEAD)


def _divide(folder: Path, name: RawName, bound: dt.datetime) -> None:
    """Writes a compacted file again, without the batches that were fetched after ``bound``.

    Those are written first, and the old file is removed last: a process killed in between leaves a
    log that reads as before or as after.
    """
    file = open_raw(folder, name)
    rows, version = file.rows(ALL_COLUMNS), file.version
    is_ahead = rows["fetched_at"] > bound
    if not is_ahead.any():
        return
    for part, is_aside in ((rows.filter(is_ahead), True), (rows.filter(~is_ahead), False)):
        if part.height:
            batches = _named_batches(part)
            replaces, new = [batch.text for batch in batches], part["ts"].n_unique()
            data = compacted_bytes(part, replaces, new, version)
            text = compacted_name(batches, data).text
            write_bytes(folder / (aside_name(text) if is_aside else text), data)
    (folder / name.text).unlink()


def _has(batches: list[RawName], wanted: RawName) -> bool:
    """True where ``wanted``, or every batch of it, is among ``batches``."""
    if wanted.fetched_at:
        return wanted in batches
    # compacted: the batches in its range must have the sum in its name
    within = (batch for batch in batches if wanted.supersedes(batch))
    return digest_of(within) == digest_of([wanted])


def _batches(folder: Path, name: RawName) -> list[RawName]:
    """The names of the files in which the batches of a file arrived."""
    if name.fetched_at:  # of one batch
        batch = parsed(name_before(name.text))
        return [] if batch is None else [batch]
    return _named_batches(read_rows(folder, name, ["batch"]))


def _named_batches(rows: pl.DataFrame) -> list[RawName]:
    texts = rows["batch"].unique().sort()
    return [batch for text in texts if (batch := parsed(text)) is not None]


def _runs(files: Sequence[RawName]) -> Iterator[list[RawName]]:
    """Groups of two or more consecutive files that can be merged."""
    for is_legacy, group in groupby(files, key=lambda name: name.is_legacy):
        run = list(group)
        if not is_legacy and len(run) > 1:
            yield run


def _merged(log: RawListing, run: list[RawName]) -> RawListing:
    """The log after ``run`` was merged into one file, read back before the others are removed."""
    folder = log.folder
    rows = pl.concat([read_rows(folder, name, ALL_COLUMNS) for name in run], rechunk=True)
    footers = [read_footer(folder / name.text) for name in run]
    new, version = sum(footer.new for footer in footers), max(footer.version for footer in footers)
    data = compacted_bytes(rows, [name.text for name in run], new, version)
    target = compacted_name(run, data)
    write_bytes(folder / target.text, data)
    if not read_rows(folder, target, ALL_COLUMNS).equals(rows):
        (folder / target.text).unlink()
        raise BarsError(
            f"{folder / target.text} does not read as it was written; nothing was removed: "
            "check the disk, then compact again",
            code="write-not-verified",
        )
    return sweep_superseded(replace(log.with_file(target, instead_of=run), superseded=tuple(run)))


def _size(folder: Path, names: Sequence[RawName]) -> int:
    return sum((folder / name.text).stat().st_size for name in names)
