"""The universe file of a data root: its path, its lock against other edits, its writing.

The tracked universe is never written: the first edit in a data root copies it there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from regime_platform.bar_store.locks import holder_of, sign
from regime_platform.errors import ConfigError
from regime_platform.files import write_text
from regime_platform.model.universe.universe import Universe, parse_universe
from regime_platform.settings import TRACKED_UNIVERSE, Settings, read_universe

_LOCK = ".universe.lock"
_PATIENCE = (
    30.0  # seconds; a rename waits for the writer of its symbol, all else takes milliseconds
)


@dataclass(frozen=True)
class UniverseEdit:
    """What an edit did, or would do."""

    path: Path
    before: Universe
    after: Universe
    is_first: bool  # the file is made by this edit, from the tracked universe
    is_written: bool  # False where nothing changed, or nothing was to be written
    carried_on: tuple[str, ...] = ()  # renames of killed processes that this edit finished


def editable(settings: Settings) -> Path:
    """The file that edits go to; it need not exist yet.

    Raises:
        ConfigError: an edit there would have no effect, or would change the tracked universe.
    """
    own = settings.own_universe()
    if settings.universe is not None and settings.universe.resolve() != own.resolve():
        raise ConfigError(
            f"REGIME_UNIVERSE names {settings.universe}, so an edit of {own} would have no effect; "
            "unset it, or change that file by hand and run `regime universe check`",
            code="universe-elsewhere",
        )
    if own.resolve() == TRACKED_UNIVERSE.resolve():
        raise ConfigError(
            f"{own} is the sample universe that ships with the package and is not edited; "
            "set REGIME_DATA_ROOT to a folder of your own, the first edit copies it there",
            code="tracked-universe",
        )
    return own


def current_text(settings: Settings) -> str:
    """The text that the next edit starts from.

    Raises:
        ConfigError: see ``editable``; or it cannot be read.
    """
    own = editable(settings)
    return read_universe(own if own.exists() else TRACKED_UNIVERSE)


def load_editable(settings: Settings) -> Universe:
    """The universe that the next edit starts from.

    Raises:
        ConfigError: see ``editable``; or it is invalid.
    """
    return parse_universe(current_text(settings), str(editable(settings)))


def store(settings: Settings, text: str, *, dry_run: bool = False) -> UniverseEdit:
    """Writes ``text`` where it differs from the file; hold the lock unless ``dry_run``.

    Raises:
        ConfigError: the text is no valid universe; nothing is written.
    """
    path, text_before = editable(settings), current_text(settings)
    before, after = load_editable(settings), parse_universe(text, str(path))
    is_first, is_written = not path.exists(), text != text_before and not dry_run
    if is_written:
        write_text(path, text)
    return UniverseEdit(path, before, after, is_first, is_written)


@contextmanager
def editing(settings: Settings) -> Iterator[None]:
    """Holds the lock of the universe file, so that edits do not overlap.

    Raises:
        ConfigError: see ``editable``; or another process holds it for half a minute.
    """
    folder = editable(settings).parent
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _LOCK
    lock = FileLock(path, _PATIENCE, poll_interval=0.02, fallback_to_soft=False, on_acquired=sign)
    try:
        lock.acquire()
    except Timeout as error:
        raise ConfigError(
            f"the universe in {folder} is being edited by {holder_of(path)} for more than "
            f"{_PATIENCE:g} s; wait for it or end it, then try again (the lock frees itself)",
            code="locked",
        ) from error
    try:
        yield
    finally:
        lock.release()
