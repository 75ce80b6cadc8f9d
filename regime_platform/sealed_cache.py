"""I/O: files of this user's cache that begin with the digest of their content.

Whatever else lies there counts as absent: it is computed and written again.
"""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from platformdirs import user_cache_path

from regime_platform.files import write_cache

_SEAL_BYTES = sha256().digest_size


class SealedCache:
    """A folder whose files hold what takes long to compute."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> bytes | None:
        """What was kept under a name; None where there is nothing, or the file is damaged."""
        try:
            data = (self.folder / name).read_bytes()
        except OSError:
            return None
        body = data[_SEAL_BYTES:]
        return body if sha256(body).digest() == data[:_SEAL_BYTES] else None

    def keep(self, name: str, body: bytes) -> None:
        """Writes it, where the folder can be written."""
        with suppress(OSError):
            write_cache(self.folder / name, sha256(body).digest() + body)


def cache_folder(kind: str, *determining: str) -> Path:
    """The folder of one kind, named by the digest of the texts that determine its content."""
    digest = sha256("\n".join(determining).encode()).hexdigest()[:16]
    return user_cache_path("regime_platform") / kind / digest
