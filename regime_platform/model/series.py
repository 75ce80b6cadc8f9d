"""What is known of one series (symbol + timeframe) on disk, as values that go into JSON.

``Promoted`` is the pointer that makes canonical bars real: a bars file that no pointer names does
not exist for any reader.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class FileFacts:
    """One Parquet file of canonical bars."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Promoted:
    """The canonical bars of one series: their content digest and the files that hold them."""

    digest: str  # model.digests.frame_digest of the bars in order
    rows: int
    min_ts: str  # ISO 8601 UTC
    max_ts: str
    files: tuple[FileFacts, ...]

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "files": [asdict(file) for file in self.files]}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Promoted":
        """The inverse of ``facts``."""
        files = tuple(FileFacts(**file) for file in facts["files"])
        return cls(**{**facts, "files": files})


def iso(instant: dt.datetime) -> str:
    """ISO 8601 in UTC with a Z, the one text form of an instant in manifests and JSON."""
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> dt.datetime:
    """The inverse of ``iso``."""
    return dt.datetime.fromisoformat(text)
