"""bundle.json: the snapshot of a bundle, and every file in it with its length and SHA-256."""

from typing import Annotated

from pydantic import Field

from regime_platform.model.document import Array, Document

BUNDLE_VERSION = 1
INDEX = "bundle.json"
#: Bytes of a file; the results of a symbol take a tenth of it.
LARGEST_FILE = 1024**3


class ListedFile(Document, extra="ignore"):
    """One file of a bundle."""

    bytes: Annotated[int, Field(ge=0, le=LARGEST_FILE)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BundleIndex(Document, extra="ignore"):
    """The document."""

    bundle_version: int = BUNDLE_VERSION
    snapshot: str  # the name of its file
    snapshot_digest: str
    rebuilt: Array[str]  # symbols that had changed since and were made again as of the snapshot
    files: dict[str, ListedFile]
