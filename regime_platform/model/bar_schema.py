"""The columns of bars, the same for every symbol, timeframe and source.

A bar is labelled by its **open**: an intraday bar by the UTC instant at which it opens, a daily or
weekly bar by 00:00 UTC of its date (weekly: the Monday of its week).
"""

from collections.abc import Mapping

import polars as pl

from regime_platform.model.digests import definition_digest
from regime_platform.model.document import Array, Document

BAR_SCHEMA = pl.Schema(
    {
        "ts": pl.Datetime("us", "UTC"),  # open of the bar
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "volume": pl.Float64(),  # null = the source does not report it
    }
)
BAR_COLUMNS = tuple(BAR_SCHEMA)
PRICE_COLUMNS = ("open", "high", "low", "close")


class StoredFile(Document):
    """One Parquet file of canonical bars."""

    name: str
    rows: int
    bytes: int
    sha256: str


class PromotedBars(Document):
    """The canonical bars of a series in its verdict; a file that none names is read by nothing."""

    digest: str  # model.digests.frame_digest of the bars in order
    rows: int
    min_ts: str  # ISO 8601 UTC
    max_ts: str
    files: Array[StoredFile]


def empty_bars() -> pl.DataFrame:
    """A frame of ``BAR_SCHEMA`` without rows."""
    return pl.DataFrame(schema=BAR_SCHEMA)


def version_of(digest: str, versions: Mapping[str, int]) -> int:
    """The version of a table definition, by the digests of all that were ever in use.

    A changed column makes a definition without a version, and importing the schema fails until it
    has one: add a line, a migration, and a line in docs/schemas.md; never change an existing line.
    """
    if digest not in versions:
        raise LookupError(f"the definition {digest} has no version; give it one beside its schema")
    return versions[digest]


BARS_SCHEMA_DIGEST = definition_digest(BAR_SCHEMA)
#: Version 1 is the layout of the legacy engine (naive local ts, integer volume).
BARS_VERSIONS = {"b3954ddc788115e227ec2a1beeee04271f9276d49d7907a1f984af1a43ff23c7": 2}
BARS_SCHEMA_VERSION = version_of(BARS_SCHEMA_DIGEST, BARS_VERSIONS)
