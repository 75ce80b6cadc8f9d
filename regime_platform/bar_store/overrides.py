"""decisions.yaml on disk: what persons decided about single bars of a symbol.

What a verdict was reached by is recorded in it and in the bar manifest. The file is compared with
that whenever it is read: an entry that is lost would let an excluded bar back in unnoticed.
"""

from collections.abc import Sequence

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.recorded import recorded_decisions
from regime_platform.errors import ConfigError
from regime_platform.files import write_text
from regime_platform.regular_files import read_bytes
from regime_platform.validation.overrides import (
    Override,
    gaps,
    lost,
    overrides_text,
    parse_overrides,
)


def read_decisions(paths: SymbolPaths) -> tuple[Override, ...]:
    """All entries in order; none where nothing was decided.

    Raises:
        ConfigError: the file is damaged, or has not all that the verdict recorded; names it.
    """
    entries = stored_decisions(paths)
    reason = why_not_whole(paths, entries, recorded_decisions(paths))
    if reason:
        raise ConfigError(
            f"{paths.decisions} {reason}; `regime repair {paths.symbol}` writes it anew from "
            "what the verdict recorded (`regime bars undo` withdraws a decision)",
            code="overrides-lost",
        )
    return entries


def stored_decisions(paths: SymbolPaths) -> tuple[Override, ...]:
    """The same as the file has it, whatever was recorded.

    Raises:
        ConfigError: the file is damaged; names it.
    """
    try:
        text = read_bytes(paths.decisions)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(
            f"cannot read {paths.decisions}: {error}; mend that first", code="unreadable-file"
        ) from error
    return parse_overrides(text, paths.symbol, str(paths.decisions))


def why_not_whole(
    paths: SymbolPaths, entries: Sequence[Override], recorded: Sequence[Override]
) -> str:
    """How the file differs from what was recorded of it; empty where it has all of that."""
    missing = lost(entries, recorded)
    if not missing:
        return ""
    which = ", ".join(str(entry.id) for entry in missing)
    if not paths.decisions.exists():
        return f"is gone, and with it decision {which}, which the verdict in force obeys"
    return f"no longer has decision {which} as it was recorded in the verdict in force"


def write_decisions(paths: SymbolPaths, entries: Sequence[Override]) -> None:
    """Puts the entries in force; hold the lock."""
    write_text(paths.decisions, overrides_text(paths.symbol, entries, gaps(entries)))
