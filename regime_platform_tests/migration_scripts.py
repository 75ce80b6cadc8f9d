"""The migrations of Dagster's tables, imported once."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from alembic.config import Config
from alembic.script import ScriptDirectory

_FROM_CONFIG = ScriptDirectory.from_config
_SCRIPTS: dict[str, ScriptDirectory] = {}


@contextmanager
def scripts_read_once() -> Iterator[None]:
    """Within the block.

    Dagster imports them with every database that it opens, which takes 0.1 s, and each time alembic
    registers an exit handler, which stays until the process ends.
    """
    with mock.patch.object(ScriptDirectory, "from_config", staticmethod(_scripts_of)):
        yield


def _scripts_of(config: Config) -> ScriptDirectory:
    folder = config.get_main_option("script_location") or ""
    return _SCRIPTS.get(folder) or _SCRIPTS.setdefault(folder, _FROM_CONFIG(config))
