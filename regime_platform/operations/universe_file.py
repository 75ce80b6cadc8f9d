"""The universe file of a data root: its path, its lock against other edits, its writing.

The tracked universe is never written: the first edit in a data root copies it there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from regime_platform.bar_store.locks import locked
from regime_platform.errors import ConfigError
from regime_platform.files import write_text
from regime_platform.model.universe.universe import Universe, parse_universe
from regime_platform.settings import TRACKED_UNIVERSE, Settings, read_universe

_LOCK = ".universe.lock"
#: Seconds; a rename waits for the writer of its symbol, all else takes milliseconds.
_PATIENCE = 30.0


@dataclass(frozen=True)
class UniverseEdit:
    """What an edit did, or would do."""

    path: Path
    before: Universe
    after: Universe
    is_first: bool  # the file is made by this edit, from the tracked universe
    is_written: bool  # False where nothing changed, or nothing was to be written
    carried_on: tuple[str, ...] = ()  # renames of killed processes that this edit finished


@dataclass(frozen=True)
class EditableUniverse:
    """What the next edit starts from."""

    path: Path  # where it is written; it need not exist yet
    text: str
    universe: Universe

    def store(self, text: str, *, dry_run: bool = False) -> UniverseEdit:
        """Writes a valid ``text`` where it differs; hold the lock unless ``dry_run``."""
        after, is_first = parse_universe(text, str(self.path)), not self.path.exists()
        is_written = text != self.text and not dry_run
        if is_written:
            write_text(self.path, text)
        return UniverseEdit(self.path, self.universe, after, is_first, is_written)


def read_editable(settings: Settings) -> EditableUniverse:
    """The universe that edits change; ConfigError where an edit would have no effect."""
    path = _editable(settings)
    text = read_universe(path if path.exists() else TRACKED_UNIVERSE)
    return EditableUniverse(path, text, parse_universe(text, str(path)))


@contextmanager
def editing(settings: Settings) -> Iterator[None]:
    """Locks the universe against other edits; ConfigError where that takes half a minute."""
    folder = _editable(settings).parent

    def busy(reason: str) -> ConfigError:
        return ConfigError(f"the universe in {folder} is being edited by {reason}", code="locked")

    with locked(folder / _LOCK, _PATIENCE, busy):
        yield


def _editable(settings: Settings) -> Path:
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
