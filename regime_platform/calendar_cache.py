"""I/O: the sessions of calendars, kept on this machine between processes.

To import the library of calendars takes half a second, and to compute a calendar as long. The
folder is named by the digest of everything that determines sessions.
"""

from functools import cache
from importlib.metadata import version
from importlib.resources import files as package_files
from io import BytesIO

import polars as pl

from regime_platform.sealed_cache import SealedCache, cache_folder

_LIBRARIES = ("exchange-calendars", "pandas", "polars", "tzdata")
_SOURCES = ("calendar/sessions.py", "exchanges.py")


class CalendarCache:
    """A file per calendar; see ``model.calendar.sessions.SessionStore``."""

    def __init__(self, files: SealedCache) -> None:
        self.files = files

    def read(self, calendar: str) -> pl.DataFrame | None:
        """The sessions kept; None where there are none."""
        kept = self.files.read(f"{calendar}.arrow")
        return None if kept is None else pl.read_ipc(BytesIO(kept))

    def keep(self, calendar: str, spans: pl.DataFrame) -> None:
        """Writes them, where the folder can be written."""
        body = BytesIO()
        spans.write_ipc(body, compression="zstd")
        self.files.keep(f"{calendar}.arrow", body.getvalue())


@cache
def calendar_cache() -> CalendarCache:
    """The cache of this process."""
    model = package_files("regime_platform.model")
    parts = [version(name) for name in _LIBRARIES]
    parts += [model.joinpath(name).read_text(encoding="utf-8") for name in _SOURCES]
    return CalendarCache(SealedCache(cache_folder("calendars", *parts)))
