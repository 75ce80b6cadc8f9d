"""Compaction: many files of a raw log become few, and no row, revision or fetch time is lost.

Files that came one after the other are merged into one that keeps each row's batch and fetch time,
so that the log reads the same before and after, for every moment of the past. The merged file is
written and read back before those it replaces are removed; whenever a process is killed, either
they or it are what the log consists of. Migrated files are never merged.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, takewhile
from pathlib import Path

import polars as pl
import pyarrow as pa

from regime_platform.bars.raw_file import (
    ORIGIN_COLUMNS,
    compacted_bytes,
    read_footer,
    read_rows,
)
from regime_platform.bars.raw_names import (
    AHEAD,
    RawName,
    compacted_name,
    digest_of,
    listing,
    names_aside,
    parsed,
)
from regime_platform.errors import BarsError
from regime_platform.files import write_bytes
from regime_platform.validation.series_rules import GATE_SCHEMA

#: Where more files than this stand at the end of a log, whoever appends to it merges some.
MOST_FILES = 8
#: A file so many times as large as all younger ones together is left alone then: rewriting it for a
#: few rows, and reading it whole for the overlap of the next page, would cost more than it saves.
_LARGE = 4

_COLUMNS = (*GATE_SCHEMA, *ORIGIN_COLUMNS)


@dataclass(frozen=True)
class Compaction:
    """What became of one log."""

    replaced: tuple[tuple[str, str], ...]  # old name -> new name, in order of arrival
    files: int  # of the log now
    bytes_before: int
    bytes_after: int


def relieve(folder: Path) -> None:
    """Merges the small files at the end of the log where they became too many; hold the lock.

    Raises:
        BarsError: a file is damaged; the log stays as it is.
    """
    youngest_first = takewhile(lambda name: not name.is_legacy, reversed(listing(folder)[0]))
    tail = list(youngest_first)
    if len(tail) <= MOST_FILES:
        return
    small, total = tail[:2], _size(folder, tail[:2])
    for name in tail[2:]:
        size = _size(folder, [name])
        if size > _LARGE * total:
            break
        small.append(name)
        total += size
    _merge(folder, small[::-1])
    sweep_superseded(folder, small)


def is_compact(folder: Path) -> bool:
    """True where ``compact`` would do nothing; needs no lock."""
    live, superseded = listing(folder)
    return not superseded and not any(_runs(live))


def compact(folder: Path) -> Compaction:
    """Merges all that can be merged; hold the lock. Where nothing can be, nothing is written.

    Raises:
        BarsError: a file is damaged; the log stays as it is.
    """
    live, superseded = listing(folder)
    before = _size(folder, [*live, *superseded])
    sweep_superseded(folder, superseded)
    replaced: list[tuple[str, str]] = []
    for run in _runs(live):
        merged = _merge(folder, run)
        sweep_superseded(folder, run)
        replaced += [(name.text, merged) for name in run]
    now = listing(folder)[0]
    return Compaction(tuple(replaced), len(now), before, _size(folder, now))


def sweep_superseded(folder: Path, superseded: list[RawName]) -> None:
    """Removes files whose rows lie in a compacted one; hold the lock."""
    for name in superseded:
        (folder / name.text).unlink(missing_ok=True)


def locate(folder: Path, name: str) -> str:
    """The file that holds now what the file ``name`` held when a manifest named it.

    Raises:
        BarsError: no file of the log holds it; restore it from a backup.
    """
    if parsed(name) is None:
        raise BarsError(f"{name} is no file name of a raw log; check the manifest that names it")
    found = locate_all(folder, [name])[name]
    if found is None:
        raise BarsError(f"{folder} has no longer what {name} held; restore it from a backup")
    return found


def locate_all(folder: Path, names: Iterable[str]) -> dict[str, str | None]:
    """The same for many, each file opened once; None where no file holds it.

    A file that was set aside (see ``ahead``) still holds what it held. Of a compacted file that was
    divided then, any of the files that together have its batches is named.

    Raises:
        BarsError: a compacted file is damaged, or the folder has what is no file of a raw log.
    """
    aside = names_aside(folder) if folder.is_dir() else {}
    live = [*listing(folder)[0], *aside.values()]
    held = {one.text for one in live}
    batches: dict[str, list[RawName]] = {}

    def batches_of(file: RawName) -> list[RawName]:
        if file.text not in batches:
            batches[file.text] = _batches(folder, file)
        return batches[file.text]

    def now(name: str) -> str | None:
        wanted = parsed(name)
        if wanted is None or name in held:
            return None if wanted is None else name
        if name in aside:
            return aside[name].text
        for one in (one for one in live if one.supersedes(wanted)):
            if _has(batches_of(one), wanted):
                return one.text
        overlapping = [] if wanted.fetched_at else [one for one in live if _overlap(one, wanted)]
        parts = {batch for one in overlapping for batch in batches_of(one)}
        return overlapping[0].text if parts and _has(list(parts), wanted) else None

    return {name: now(name) for name in names}


def _has(batches: list[RawName], wanted: RawName) -> bool:
    """Whether ``wanted`` is among the batches of a file, with the bytes that its name promises."""
    if not wanted.fetched_at:  # compacted: the batches in its range are what its sum says
        return digest_of(one for one in batches if wanted.supersedes(one)) == digest_of([wanted])
    return wanted in batches


def _overlap(file: RawName, wanted: RawName) -> bool:
    return file.first <= wanted.last and wanted.first <= file.last


def _batches(folder: Path, name: RawName) -> list[RawName]:
    """The files in which the batches of a file arrived."""
    if name.fetched_at:  # of one batch; its name in the log is that of the batch
        batch = parsed(name.text.replace(AHEAD, ".parquet"))
        return [] if batch is None else [batch]
    texts = pl.Series(read_rows(folder, name, ["batch"])["batch"]).unique()
    return [one for text in texts if (one := parsed(text)) is not None]


def _runs(live: list[RawName]) -> Iterator[list[RawName]]:
    """Two or more files next to each other that may become one."""
    for is_legacy, group in groupby(live, key=lambda name: name.is_legacy):
        run = list(group)
        if not is_legacy and len(run) > 1:
            yield run


def _merge(folder: Path, run: list[RawName]) -> str:
    table = pa.concat_tables([read_rows(folder, name, _COLUMNS) for name in run])
    new = sum(read_footer(folder / name.text).new for name in run)
    data = compacted_bytes(table, [name.text for name in run], new)
    target = compacted_name(run, data)
    write_bytes(folder / target, data)
    written = parsed(target)
    if written is None or not read_rows(folder, written, _COLUMNS).equals(table):
        (folder / target).unlink()
        raise BarsError(
            f"{folder / target} did not come back as it was written; nothing was removed: "
            "check the disk, then compact again"
        )
    return target


def _size(folder: Path, names: list[RawName]) -> int:
    return sum((folder / name.text).stat().st_size for name in names)
