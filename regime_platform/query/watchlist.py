"""Reads watchlists."""

from pathlib import Path

from regime_platform.errors import RegimeError, UsageError
from regime_platform.model.universe.universe import Universe
from regime_platform.model.watchlist import parse_watchlist
from regime_platform.regular_files import read_text


def read_watchlist(path: Path | str, universe: Universe) -> tuple[str, ...]:
    """The symbols that a text file lists, in its order; see `model.watchlist.parse_watchlist`.

    Raises:
        UsageError: the file cannot be read, names a symbol that is not in the universe, or has
            none.
    """
    try:
        text = read_text(Path(path))
    except (OSError, UnicodeDecodeError, RegimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot read the watchlist {path}: {reason}; give a text file with a symbol a line",
            code="unreadable-file",
        ) from error
    return parse_watchlist(text, str(path), universe)
