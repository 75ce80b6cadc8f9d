"""I/O: the sessions of calendars, kept on this machine between processes.

To import the library of calendars takes half a second, and to compute a calendar as long. The
folder is named by the digest of everything that determines sessions, and a file begins with the
digest of its content: whatever else lies there is computed and written again.
"""

from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files as package_files
from io import BytesIO
from pathlib import Path

import polars as pl
from platformdirs import user_cache_path

from regime_platform.files import write_bytes

_SEAL_BYTES = sha256().digest_size
_LIBRARIES = ("exchange-calendars", "pandas", "polars", "tzdata")
_SOURCES = ("calendar/sessions.py", "exchanges.py")


class CalendarCache:
    """A folder with a file per calendar; see ``model.calendar.sessions.keep_sessions_in``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, calendar: str) -> pl.DataFrame | None:
        """The sessions kept; None where there are none, or the file is damaged."""
        try:
            data = self._path(calendar).read_bytes()
        except OSError:
            return None
        body = data[_SEAL_BYTES:]
        return pl.read_ipc(BytesIO(body)) if sha256(body).digest() == data[:_SEAL_BYTES] else None

    def keep(self, calendar: str, spans: pl.DataFrame) -> None:
        """Writes them, where the folder can be written."""
        body = BytesIO()
        spans.write_ipc(body, compression="zstd")
        with suppress(OSError):
            write_bytes(self._path(calendar), sha256(body.getvalue()).digest() + body.getvalue())

    def _path(self, calendar: str) -> Path:
        return self.folder / f"{calendar}.arrow"


@cache
def calendar_cache() -> CalendarCache:
    """The cache of this process."""
    model = package_files("regime_platform.model")
    parts = [version(name) for name in _LIBRARIES]
    parts += [model.joinpath(name).read_text(encoding="utf-8") for name in _SOURCES]
    digest = sha256("\n".join(parts).encode()).hexdigest()[:16]
    return CalendarCache(user_cache_path("regime_platform") / "calendars" / digest)
