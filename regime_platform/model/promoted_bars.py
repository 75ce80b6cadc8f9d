"""The pointer to the canonical bars of one series (symbol + timeframe), kept in its verdict.

A bars file that no pointer names is not read by anything.
"""

from regime_platform.model.document import Array, Document


class StoredFile(Document):
    """One Parquet file of canonical bars."""

    name: str
    rows: int
    bytes: int
    sha256: str


class PromotedBars(Document):
    """The canonical bars of one series: their content digest and the files they are stored in."""

    digest: str  # model.digests.frame_digest of the bars in order
    rows: int
    min_ts: str  # ISO 8601 UTC
    max_ts: str
    files: Array[StoredFile]
