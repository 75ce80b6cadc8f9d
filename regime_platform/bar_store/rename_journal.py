"""renames.json in the data root: every rename, written before it begins and marked when it is done.

The next edit of the universe finishes what a killed process began, and a run that loaded the
universe before a rename does not fetch the old symbol into a new folder.
"""

from typing import Any

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.session import read_document
from regime_platform.errors import BarsError, ConfigError
from regime_platform.files import write_json
from regime_platform.model.document import Array, Document


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
    """All renames, the oldest first; raises ConfigError where the file is damaged."""
    remedy = "restore it from a backup, or remove it once `regime universe check` finds nothing"
    code = "rename-journal-damaged"
    journal = read_document(root.renames, _Journal.model_validate, remedy, code, ConfigError)
    return () if journal is None else journal.renames


def record(root: DataRoot, rename: Rename) -> None:
    """Adds a rename, or replaces the same one in an earlier state."""
    others = [each for each in renames(root) if not each.is_same(rename)]
    write_json(root.renames, _Journal(renames=(*others, rename)).model_dump(mode="json"))


def require_at_rest(root: DataRoot, symbol: str) -> None:
    """Refuses a symbol whose folder a rename took elsewhere, or has begun to relabel.

    A damaged journal hides no symbol; `regime doctor` reports it.

    Raises:
        BarsError: the message names the rename and the command that finishes it.
    """
    try:
        moved = moved_away(root, symbol)
    except ConfigError:
        return
    if moved is not None:
        raise BarsError(moved.describe(), code="renamed")


def moved_away(root: DataRoot, symbol: str) -> Rename | None:
    """The rename that took a symbol's folder elsewhere, or is about to; None where there is none.

    Where nothing was ever renamed it only looks whether the journal exists.
    """
    about = [rename for rename in renames(root) if symbol in (rename.former, rename.symbol)]
    return about[-1] if about and about[-1].former == symbol else None
