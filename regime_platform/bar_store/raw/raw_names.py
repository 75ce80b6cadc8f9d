"""The files of a raw log and what their names state, without opening one.

A file holds one batch (what one fetch brought)::

    {sequence}-{fetched_at}-{hash of its bytes}.parquet      .legacy.parquet where it was migrated

or, after compaction, several that came one after the other::

    {first sequence}-{last sequence}-{sum of the batches}-{hash of its bytes}.parquet

A file that was set aside because the clock was ahead when it was fetched (see ``compaction``) ends
in ``.ahead.parquet`` and is no longer part of the log.

Names sort in order of arrival, and the hash in them reveals damage. A compacted file supersedes
every file whose sequence lies in its range: the range leads from an earlier name to the file with
its rows now, and a compaction killed between writing and removing changes nothing for a reader.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from regime_platform.errors import BarsError
from regime_platform.revisions.fold import LEGACY_SUFFIX

_NAME = re.compile(
    r"(?P<first>\d{6})-"
    r"(?:(?P<moment>\d{8}T\d{6}Z)|(?P<last>\d{6})-(?P<sum>[0-9a-f]{16}))-"
    r"(?P<hash>[0-9a-f]{8})(?P<legacy>\.legacy)?(?P<ahead>\.ahead)?\.parquet"
)
_AHEAD = ".ahead.parquet"
_SUMS = 1 << 64


@dataclass(frozen=True)
class RawName:
    """The parts of a file name."""

    text: str
    first: int  # sequence of its first batch
    last: int  # and of its last
    weight: int  # sum over its batches of the hashes of their names, modulo 2**64
    hash: str  # of its bytes
    is_legacy: bool  # migrated: never merged with another file
    fetched_at: str  # as ``moment_text`` has it; empty for a compacted file
    is_aside: bool  # no part of the log any more

    def supersedes(self, other: "RawName") -> bool:
        """True where this is a compacted file with all batches of ``other``."""
        within = self.first <= other.first and other.last <= self.last
        return self != other and not self.fetched_at and within


def parsed(name: str) -> RawName | None:
    """The parts of a name; None where it is not one of a raw log."""
    match = _NAME.fullmatch(name)
    if match is None or (match["last"] and match["legacy"]):
        return None
    return RawName(
        text=name,
        first=int(match["first"]),
        last=int(match["last"] or match["first"]),
        weight=int(match["sum"] or hashlib.sha256(name.encode()).hexdigest()[:16], 16),
        hash=match["hash"],
        is_legacy=match["legacy"] is not None,
        fetched_at=match["moment"] or "",
        is_aside=match["ahead"] is not None,
    )


def moment_text(instant: dt.datetime) -> str:
    """An instant as names have it, to the second; such texts sort by time."""
    return instant.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def batch_name(sequence: int, fetched_at: dt.datetime, data: bytes, *, is_legacy: bool) -> RawName:
    """The name of a file of one batch."""
    suffix = LEGACY_SUFFIX if is_legacy else ".parquet"
    return _named(f"{sequence:06d}-{moment_text(fetched_at)}-{short_hash(data)}{suffix}")


def compacted_name(merged: Sequence[RawName], data: bytes) -> RawName:
    """The name of the file that replaces ``merged``, which are in order of arrival."""
    first, last = merged[0].first, merged[-1].last
    return _named(f"{first:06d}-{last:06d}-{digest_of(merged)}-{short_hash(data)}.parquet")


def aside_name(text: str) -> str:
    """The name of a file of the log once it is set aside."""
    return text.removesuffix(".parquet") + _AHEAD


def name_before(text: str) -> str:
    """The name that a file had in the log before it was set aside, if it was."""
    return text.replace(_AHEAD, ".parquet")


def short_hash(data: bytes) -> str:
    """The hash of a file's bytes as it is in its name."""
    return hashlib.sha256(data).hexdigest()[:8]


@dataclass(frozen=True)
class RawListing:
    """The files of one raw log, as its folder was listed once.

    Stages hand it on, so that a run lists each folder once. Under the symbol's lock it stays
    current; without it, a reader that misses a file lists the folder again.
    """

    folder: Path
    files: tuple[RawName, ...] = ()  # of the log, in order of arrival
    superseded: tuple[RawName, ...] = ()  # left behind by a compaction that was killed
    aside: tuple[RawName, ...] = ()  # set aside: no part of the log any more

    @property
    def names(self) -> tuple[str, ...]:
        """The file names of the log in order of arrival."""
        return tuple(file.text for file in self.files)

    @property
    def digest(self) -> str:
        """Changes whenever a batch is added, and not when files are compacted."""
        return digest_of(self.files)

    @property
    def next_sequence(self) -> int:
        """The sequence number of the next batch."""
        return max((file.last for file in self.files), default=0) + 1

    def with_file(self, added: RawName, *, instead_of: Sequence[RawName] = ()) -> "RawListing":
        """After ``added`` was written, in place of other files or none."""
        others = (file for file in self.files if file not in instead_of)
        return replace(self, files=tuple(sorted((*others, added), key=_arrival)))


#: A raw log: its folder, or a listing of it that the caller made before.
RawLog = Path | RawListing


def list_raw(log: RawLog) -> RawListing:
    """The files of a raw log; a listing is returned as it is, a missing folder is an empty log.

    Raises:
        BarsError: the folder contains something that is no file of a raw log.
    """
    if isinstance(log, RawListing):
        return log
    live: list[RawName] = []
    superseded: list[RawName] = []
    names = _files(log) if log.is_dir() else []
    for name in (name for name in names if not name.is_aside):
        is_superseded = bool(live) and live[-1].supersedes(name)
        (superseded if is_superseded else live).append(name)
    aside = tuple(name for name in names if name.is_aside)
    return RawListing(log, tuple(live), tuple(superseded), aside)


def digest_of(names: Iterable[RawName]) -> str:
    """Identifies the batches of a log, independent of the files that they are in."""
    return f"{sum(name.weight for name in names) % _SUMS:016x}"


def _arrival(name: RawName) -> tuple[int, int, str]:
    """Of two files with the same first batch the longer comes first, to supersede the other."""
    return name.first, -name.last, name.text


def _files(folder: Path) -> list[RawName]:
    names = []
    for path in folder.iterdir():
        name = parsed(path.name)
        if name is not None:
            names.append(name)
        elif not path.name.startswith("."):
            raise BarsError(
                f"{path} is no file of the raw log; move it out of there", code="foreign-file"
            )
    return sorted(names, key=_arrival)


def _named(text: str) -> RawName:
    name = parsed(text)
    assert name is not None
    return name
