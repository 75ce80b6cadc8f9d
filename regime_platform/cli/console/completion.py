"""What the shell completes beside commands and options."""

from regime_platform.errors import RegimeError
from regime_platform.settings import Settings, load_universe


def symbols(incomplete: str) -> list[str]:
    """The symbols of the universe that begin so; none where it cannot be read."""
    try:
        known = load_universe(Settings()).symbols
    except RegimeError:
        return []
    return [symbol for symbol in known if symbol.startswith(incomplete)]
