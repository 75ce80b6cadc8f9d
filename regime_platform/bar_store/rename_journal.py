"""renames.json in the data root: every rename, written before it begins and marked when it is done.

An unfinished one is carried on by whoever edits the universe next. A run that loaded the universe
before a rename asks here, so that it does not fetch the old symbol into a folder anew.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import ConfigError
from regime_platform.files import read_json, write_json


@dataclass(frozen=True)
class Rename:
    """One rename of a symbol."""

    former: str
    symbol: str
    renamed_at: str  # ISO 8601 UTC
    instrument: dict[str, Any]  # the entry of the universe from then on
    is_finished: bool = False

    def told(self) -> str:
        """What happened, and what to do where the former symbol is asked for."""
        if not self.is_finished:
            return (
                f"renaming {self.former} to {self.symbol} was begun at {self.renamed_at} and not "
                f"finished; `regime universe rename {self.former} {self.symbol}` carries it on"
            )
        return (
            f"{self.former} was renamed to {self.symbol} at {self.renamed_at}; "
            f"ask for {self.symbol}, and give another instrument another symbol"
        )


def renames(root: DataRoot) -> list[Rename]:
    """All renames, the oldest first.

    Raises:
        ConfigError: the file is damaged.
    """
    facts = read_json(_path(root))
    try:
        return [] if facts is None else [Rename(**rename) for rename in facts["renames"]]
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"{_path(root)} is no list of renames ({error}); restore it from a backup, "
            "or remove it once `regime universe check` finds nothing",
            code="rename-journal-damaged",
        ) from error


def record(root: DataRoot, rename: Rename) -> None:
    """Adds a rename, or puts it in place of the same one in an earlier state."""
    others = [one for one in renames(root) if replace(one, is_finished=False) != _begun(rename)]
    write_json(_path(root), {"renames": [asdict(other) for other in (*others, rename)]})


def moved_away(root: DataRoot, symbol: str) -> Rename | None:
    """The rename that took a symbol's folder elsewhere, or is about to; None where there is none.

    It costs a look at the folder where nothing was ever renamed.
    """
    if not _path(root).exists():
        return None
    about = [rename for rename in renames(root) if symbol in (rename.former, rename.symbol)]
    return about[-1] if about and about[-1].former == symbol else None


def _begun(rename: Rename) -> Rename:
    return replace(rename, is_finished=False)


def _path(root: DataRoot) -> Path:
    return root.path / "renames.json"
