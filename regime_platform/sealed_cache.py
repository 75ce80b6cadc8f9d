"""I/O: files of this user's cache that begin with the digest of their name and content.

Whatever else lies there counts as absent: it is computed and written again. So does what another
user may have written, since compiled code is among it. Files are published by a rename: several
processes can write and read at the same time.
"""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from platformdirs import user_cache_path

from regime_platform.files import write_cache
from regime_platform.temporary_files import is_private_to_write

_SEAL_BYTES = sha256().digest_size


def _ignored(_problem: str) -> None:
    """Reports nothing: the content is computed again in no time."""


class SealedCache:
    """A folder whose files hold what takes long to compute; ``report`` gets what is wrong there."""

    def __init__(self, folder: Path, report: Callable[[str], object] = _ignored) -> None:
        self.folder = folder
        self._report = report

    def read(self, name: str) -> bytes | None:
        """What was kept under a name; None where there is nothing, or nothing to rely on."""
        path = self.folder / name
        try:
            with path.open("rb") as stream:
                is_private = is_private_to_write(os.fstat(stream.fileno()))
                data = stream.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._report(f"{path} cannot be read ({error.strerror})")
            return None
        seal, body = data[:_SEAL_BYTES], data[_SEAL_BYTES:]
        if is_private and seal == _seal(path, body):
            return body
        self._report(f"{path} {'is damaged' if is_private else 'can be changed by other users'}")
        return None

    def keep(self, name: str, body: bytes) -> None:
        """Writes it, where the folder can be written."""
        path = self.folder / name
        try:
            write_cache(path, _seal(path, body) + body)
        except OSError as error:  # the result matters more than the time of the next process
            self._report(f"{path} cannot be written ({error.strerror})")


def cache_folder(kind: str, *determining: str) -> Path:
    """The folder of one kind, named by the digest of the texts that determine its content."""
    digest = sha256("\n".join(determining).encode()).hexdigest()[:16]
    return user_cache_path("regime_platform") / kind / digest


def _seal(path: Path, body: bytes) -> bytes:
    """The digest of name and content: a file of another name or folder does not match."""
    return sha256(f"{path.parent.name}/{path.name}\n".encode() + body).digest()
