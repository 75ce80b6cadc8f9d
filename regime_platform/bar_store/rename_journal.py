"""renames.json in the data root: every rename, written before it begins and marked when it is done.

The next edit of the universe finishes what a killed process began. A run that loaded the universe
before a rename asks here, so that it does not fetch the old symbol into a new folder.
"""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import ConfigError
from regime_platform.files import read_json, write_json
from regime_platform.model.document import Array, Document, first_fault


class Rename(Document):
    """One rename of a symbol."""

    former: str
    symbol: str
    renamed_at: str  # ISO 8601 UTC
    instrument: dict[str, Any]  # the entry of the universe from then on
    is_finished: bool = False

    def describe(self) -> str:
        """What happened, and what to do where the former symbol is asked for."""
        if not self.is_finished:
            return (
                f"renaming {self.former} to {self.symbol} was begun at {self.renamed_at} and not "
                f"finished; `regime universe rename {self.former} {self.symbol}` finishes it"
            )
        return (
            f"{self.former} was renamed to {self.symbol} at {self.renamed_at}; "
            f"ask for {self.symbol}, and give another instrument another symbol"
        )

    def is_same(self, other: "Rename") -> bool:
        """True of the same rename, finished or not."""
        return self == other.model_copy(update={"is_finished": self.is_finished})


class _Journal(Document, extra="ignore"):
    renames: Array[Rename]


def renames(root: DataRoot) -> tuple[Rename, ...]:
    """All renames, the oldest first.

    Raises:
        ConfigError: the file is damaged.
    """
    document = read_json(_path(root))
    try:
        return () if document is None else _Journal.model_validate(document).renames
    except ValidationError as error:
        raise ConfigError(
            f"{_path(root)} is no list of renames ({first_fault(error)}); restore it from a "
            "backup, or remove it once `regime universe check` finds nothing",
            code="rename-journal-damaged",
        ) from error


def record(root: DataRoot, rename: Rename) -> None:
    """Adds a rename, or replaces the same one in an earlier state."""
    others = [each for each in renames(root) if not each.is_same(rename)]
    write_json(_path(root), _Journal(renames=(*others, rename)).model_dump(mode="json"))


def moved_away(root: DataRoot, symbol: str) -> Rename | None:
    """The rename that took a symbol's folder elsewhere, or is about to; None where there is none.

    Where nothing was ever renamed it only looks whether the journal exists.
    """
    if not _path(root).exists():
        return None
    about = [rename for rename in renames(root) if symbol in (rename.former, rename.symbol)]
    return about[-1] if about and about[-1].former == symbol else None


def _path(root: DataRoot) -> Path:
    return root.path / "renames.json"
