"""Compaction: many files of a raw log become few, and no row, revision or fetch time is lost.

Consecutive files are merged into one that keeps the batch and fetch time of each row, so that the
log reads the same before and after, as of every moment of the past. The merged file is written and
read back before the files it replaces are removed; if the process is killed, the log consists of
either. Migrated files are never merged.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from pathlib import Path

import polars as pl
import pyarrow as pa

from regime_platform.bar_store.raw.raw_file import (
    ORIGIN_COLUMNS,
    compacted_bytes,
    read_footer,
    read_rows,
)
from regime_platform.bar_store.raw.raw_names import (
    RawListing,
    RawLog,
    RawName,
    compacted_name,
    digest_of,
    list_raw,
    name_before,
    parsed,
)
from regime_platform.errors import BarsError
from regime_platform.files import write_bytes
from regime_platform.validation.rules.series import GATE_SCHEMA

#: An append merges files at the end of the log when there are more than this.
MOST_FILES = 8
#: It leaves out a file that is so many times larger than all younger ones together: rewriting it
#: for a few rows, and reading it for the overlap of the next page, would cost more than it saves.
_LARGE = 4

_COLUMNS = (*GATE_SCHEMA, *ORIGIN_COLUMNS)


@dataclass(frozen=True)
class Compaction:
    """The result of compacting one log."""

    replaced: tuple[tuple[str, str], ...]  # old name -> new name, in order of arrival
    files: int  # of the log now
    bytes_before: int
    bytes_after: int


def merge_small_files(log: RawListing) -> RawListing:
    """Merges small files at the end of the log if there are too many; hold the lock.

    Returns:
        The log after it.

    Raises:
        BarsError: a file is damaged; the log stays as it is.
    """
    youngest_first = takewhile(lambda name: not name.is_legacy, reversed(log.files))
    tail = list(youngest_first)
    if len(tail) <= MOST_FILES:
        return log
    small, total = tail[:2], _size(log.folder, tail[:2])
    for name in tail[2:]:
        size = _size(log.folder, [name])
        if size > _LARGE * total:
            break
        small.append(name)
        total += size
    return _merged(log, small[::-1])


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
        replaced += [(name.text, _file_with(log, name)) for name in run]
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

    Files that were set aside (see ``ahead``) count. For a compacted file that was divided then, one
    of the files that together have its batches is returned.

    Raises:
        BarsError: a compacted file is damaged, or the folder has a file of another kind.
    """
    listed = list_raw(log)
    aside = {name_before(name.text): name for name in listed.aside}
    live = [*listed.files, *listed.aside]
    present = {name.text for name in live}
    batches: dict[str, list[RawName]] = {}

    def batches_of(file: RawName) -> list[RawName]:
        if file.text not in batches:
            batches[file.text] = _batches(listed.folder, file)
        return batches[file.text]

    def now(name: str) -> str | None:
        wanted = parsed(name)
        if wanted is None or name in present:
            return None if wanted is None else name
        if name in aside:
            return aside[name].text
        for file in (file for file in live if file.supersedes(wanted)):
            if _has(batches_of(file), wanted):
                return file.text
        overlapping = [] if wanted.fetched_at else [file for file in live if _overlap(file, wanted)]
        parts = {batch for file in overlapping for batch in batches_of(file)}
        return overlapping[0].text if parts and _has(list(parts), wanted) else None

    return {name: now(name) for name in names}


def _has(batches: list[RawName], wanted: RawName) -> bool:
    """True where ``wanted``, or every batch of it, is among ``batches``."""
    if not wanted.fetched_at:  # compacted: the batches in its range must have the sum in its name
        within = (batch for batch in batches if wanted.supersedes(batch))
        return digest_of(within) == digest_of([wanted])
    return wanted in batches


def _overlap(file: RawName, wanted: RawName) -> bool:
    return file.first <= wanted.last and wanted.first <= file.last


def _batches(folder: Path, name: RawName) -> list[RawName]:
    """The names of the files in which the batches of a file arrived."""
    if name.fetched_at:  # of one batch
        batch = parsed(name_before(name.text))
        return [] if batch is None else [batch]
    texts = pl.Series(read_rows(folder, name, ["batch"])["batch"]).unique()
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
    table = pa.concat_tables([read_rows(folder, name, _COLUMNS) for name in run])
    new = sum(read_footer(folder / name.text).new for name in run)
    data = compacted_bytes(table, [name.text for name in run], new)
    target = compacted_name(run, data)
    write_bytes(folder / target.text, data)
    if not read_rows(folder, target, _COLUMNS).equals(table):
        (folder / target.text).unlink()
        raise BarsError(
            f"{folder / target.text} does not read as it was written; nothing was removed: "
            "check the disk, then compact again",
            code="write-not-verified",
        )
    return sweep_superseded(replace(log.with_file(target, instead_of=run), superseded=tuple(run)))


def _file_with(log: RawListing, name: RawName) -> str:
    return next(file.text for file in log.files if file.supersedes(name))


def _size(folder: Path, names: Sequence[RawName]) -> int:
    return sum((folder / name.text).stat().st_size for name in names)
