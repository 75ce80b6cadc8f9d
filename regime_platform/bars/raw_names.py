"""What the file names of a raw log tell without opening a file.

A file holds one batch (what one fetch brought)::

    {sequence}-{fetched_at}-{hash of its bytes}.parquet      .legacy.parquet where it was migrated

or, after compaction, several that came one after the other::

    {first sequence}-{last sequence}-{sum of the batches}-{hash of its bytes}.parquet

A file set aside because a clock ahead stamped it (see ``ahead``) ends in ``.ahead.parquet`` and is
no part of the log any more.

Names sort in order of arrival and tell on damage. A compacted file supersedes every file whose
sequence lies in its range: so the range leads from any name of old to the file that holds it now,
and a compaction killed between writing and removing changes nothing for a reader.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from regime_platform.errors import BarsError

_NAME = re.compile(
    r"(?P<first>\d{6})-"
    r"(?:(?P<moment>\d{8}T\d{6}Z)|(?P<last>\d{6})-(?P<sum>[0-9a-f]{16}))-"
    r"(?P<hash>[0-9a-f]{8})(?P<legacy>\.legacy)?(?P<ahead>\.ahead)?\.parquet"
)
_LEGACY = ".legacy.parquet"
#: How the name of a file that was set aside ends.
AHEAD = ".ahead.parquet"
_SUMS = 1 << 64


@dataclass(frozen=True)
class RawName:
    """One file name, taken apart."""

    text: str
    first: int  # sequence of its first batch
    last: int  # and of its last
    weight: int  # sum over its batches of what their names hash to, modulo 2**64
    hash: str  # of its bytes
    is_legacy: bool  # migrated: never merged with another file
    fetched_at: str = ""  # as ``moment_text`` has it; empty for a compacted file
    is_aside: bool = False  # no part of the log any more

    def supersedes(self, other: "RawName") -> bool:
        """True where this is a compacted file that holds all that ``other`` holds."""
        within = self.first <= other.first and other.last <= self.last
        return self != other and not self.fetched_at and within


def parsed(name: str) -> RawName | None:
    """The name taken apart; None where it is none of a raw log."""
    found = _NAME.fullmatch(name)
    if found is None or (found["last"] and found["legacy"]):
        return None
    first, is_aside = int(found["first"]), found["ahead"] is not None
    if found["last"] is None:
        weight = int(hashlib.sha256(name.encode()).hexdigest()[:16], 16)
        is_legacy, moment = found["legacy"] is not None, found["moment"]
        return RawName(name, first, first, weight, found["hash"], is_legacy, moment, is_aside)
    weight = int(found["sum"], 16)
    return RawName(
        name, first, int(found["last"]), weight, found["hash"], is_legacy=False, is_aside=is_aside
    )


def moment_text(instant: dt.datetime) -> str:
    """An instant as names have it, to the second; such texts sort by time."""
    return instant.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def batch_name(sequence: int, fetched_at: dt.datetime, data: bytes, *, is_legacy: bool) -> str:
    """The name of a file of one batch."""
    moment = moment_text(fetched_at)
    suffix = _LEGACY if is_legacy else ".parquet"
    return f"{sequence:06d}-{moment}-{short_hash(data)}{suffix}"


def standing_of(batch: str) -> tuple[bool, str, str]:
    """Sorts the names of batches by how much their word counts, the least first.

    What was fetched counts by arrival. What was migrated counts less, since it may come late, and
    among itself by when the old store was written.
    """
    is_legacy = batch.endswith(_LEGACY)
    return not is_legacy, batch.split("-")[1] if is_legacy else "", batch


def compacted_name(merged: Iterable[RawName], data: bytes) -> str:
    """The name of the file that takes the place of ``merged``, in order of arrival."""
    parts = tuple(merged)
    return (
        f"{parts[0].first:06d}-{parts[-1].last:06d}-{_total(parts):016x}-{short_hash(data)}.parquet"
    )


def aside_name(text: str) -> str:
    """The name of a file of the log once it is set aside."""
    return text.removesuffix(".parquet") + AHEAD


def short_hash(data: bytes) -> str:
    """What a name says of the bytes of its file."""
    return hashlib.sha256(data).hexdigest()[:8]


def listing(folder: Path) -> tuple[list[RawName], list[RawName]]:
    """The files of a log in order of arrival, and those a compaction superseded but left behind.

    Raises:
        BarsError: the folder holds something that is no file of a raw log.
    """
    if not folder.is_dir():
        return [], []
    live: list[RawName] = []
    superseded: list[RawName] = []
    # of two files that begin alike the longer range comes first, so that it meets the shorter one
    for name in sorted(_files(folder), key=lambda one: (one.first, -one.last, one.text)):
        kept = superseded if live and live[-1].supersedes(name) else live
        kept.append(name)
    return live, superseded


def names_aside(folder: Path) -> dict[str, RawName]:
    """The files that were set aside, by the names that they had in the log.

    Raises:
        BarsError: the folder holds something that is no file of a raw log.
    """
    return {name.text.removesuffix(AHEAD) + ".parquet": name for name in _files(folder, aside=True)}


def digest_of(names: Iterable[RawName]) -> str:
    """Says which batches a log holds, whatever files they lie in."""
    return f"{_total(names):016x}"


def _files(folder: Path, *, aside: bool = False) -> list[RawName]:
    found: list[RawName] = []
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        name = parsed(path.name)
        if name is None:
            raise BarsError(f"{path} is no file of the raw log; move it out of there")
        if name.is_aside == aside:
            found.append(name)
    return found


def _total(names: Iterable[RawName]) -> int:
    return sum(name.weight for name in names) % _SUMS
