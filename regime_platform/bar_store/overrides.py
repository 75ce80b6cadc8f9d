"""decisions.yaml on disk: the overrides of single bars of a symbol.

The overrides of a verdict are recorded in it and in the bar manifest. The file is compared with
that record whenever it is read: without a lost entry, an excluded bar would pass unnoticed.
"""

from collections.abc import Sequence

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.recorded import recorded_overrides
from regime_platform.bar_store.session import read_once
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


def read_overrides(paths: SymbolPaths) -> tuple[Override, ...]:
    """All entries in order; none without a file.

    Raises:
        ConfigError: the file is damaged or lacks a recorded entry; names it.
    """
    entries = stored_overrides(paths)
    reason = why_not_whole(paths, entries, recorded_overrides(paths))
    if reason:
        raise ConfigError(
            f"{paths.decisions} {reason}; `regime repair {paths.symbol}` writes it again from "
            "the record of the verdict (`regime bars undo` withdraws an override)",
            code="overrides-lost",
        )
    return entries


@read_once("decisions")
def stored_overrides(paths: SymbolPaths) -> tuple[Override, ...]:
    """The entries of the file, not compared with any record.

    Raises:
        ConfigError: the file is damaged; names it.
    """
    try:
        text = read_bytes(paths.decisions)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(
            f"cannot read {paths.decisions}: {error}; correct that first", code="unreadable-file"
        ) from error
    return parse_overrides(text, paths.symbol, str(paths.decisions))


def why_not_whole(
    paths: SymbolPaths, entries: Sequence[Override], recorded: Sequence[Override]
) -> str:
    """Why the file lacks a recorded entry; empty where it lacks none."""
    missing = lost(entries, recorded)
    if not missing:
        return ""
    which = ", ".join(str(entry.id) for entry in missing)
    if not paths.decisions.exists():
        return f"is missing, and with it override {which}, which the verdict in force applies"
    return f"no longer has override {which} as it is recorded in the verdict in force"


def write_overrides(paths: SymbolPaths, entries: Sequence[Override]) -> None:
    """Replaces the entries of the file; hold the lock."""
    write_text(paths.decisions, overrides_text(paths.symbol, entries, gaps(entries)))
