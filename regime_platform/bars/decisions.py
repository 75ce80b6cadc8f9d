"""decisions.yaml on disk: what persons decided about single bars of a symbol."""

from collections.abc import Sequence

from regime_platform.bars.layout import SymbolPaths
from regime_platform.files import write_text
from regime_platform.regular_files import read_text
from regime_platform.validation.decisions import Decision
from regime_platform.validation.decisions import read_decisions as parsed
from regime_platform.validation.decisions import write_decisions as text_of


def read_decisions(paths: SymbolPaths) -> tuple[Decision, ...]:
    """All entries in order; none where nobody decided anything.

    Raises:
        ConfigError: the file is damaged; names it.
    """
    try:
        text = read_text(paths.decisions)
    except FileNotFoundError:
        return ()
    return parsed(text, paths.folder.name, str(paths.decisions))


def write_decisions(paths: SymbolPaths, entries: Sequence[Decision]) -> None:
    """Puts the entries in force; hold the lock."""
    write_text(paths.decisions, text_of(paths.folder.name, entries))
