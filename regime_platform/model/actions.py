"""Corporate actions on record for a symbol: splits that its source does not adjust bars for.

A record only grows: an action is withdrawn by another entry that names it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, model_validator

from regime_platform.errors import UsageError
from regime_platform.model.document import Date, Document, Instant, Word, is_absent
from regime_platform.model.ratios import Ratio, ratio_text


class ActionKind(StrEnum):
    """What an entry does."""

    SPLIT = "split"
    UNDO = "undo"  # withdraws an earlier entry


@dataclass(frozen=True)
class DeclaredSplit:
    """A split as a source or a file declares it."""

    date: dt.date  # the first session that trades on the new basis
    ratio: Fraction  # new shares for one old
    source: str  # where it is published


class Action(Document):
    """One entry."""

    id: int  # 1, 2, 3 in the order of entry
    kind: Word[ActionKind]
    date: Date  # the first session that trades on the new basis
    ratio: Ratio  # prices before it are divided by it, volumes multiplied
    reason: Annotated[str, Field(min_length=1)]
    by: str  # an operator, or the source that declares it
    at: Instant
    source: str | None = Field(default=None, exclude_if=is_absent)  # where it is published
    undoes: int | None = Field(default=None, exclude_if=is_absent)

    @model_validator(mode="after")
    def _require_undone(self) -> Self:
        if (self.kind is ActionKind.UNDO) != (self.undoes is not None):
            raise ValueError("undo names an entry, and nothing else does")
        return self

    def __str__(self) -> str:
        undone = f"undo {self.undoes}: " if self.undoes else ""
        return f"{undone}split {ratio_text(self.ratio)} on {self.date}"


def in_force(entries: Sequence[Action]) -> tuple[Action, ...]:
    """The splits that no entry withdrew, in order of entry."""
    undone = {entry.undoes for entry in entries}
    return tuple(
        entry for entry in entries if entry.kind is ActionKind.SPLIT and entry.id not in undone
    )


def with_added(symbol: str, entries: Sequence[Action], *new: Action) -> tuple[Action, ...]:
    """``entries`` and ``new``, numbered; `UsageError` where a split of the date is in force."""
    added = list(entries)
    for entry in new:
        same = next((each for each in in_force(added) if each.date == entry.date), None)
        if same is not None:
            raise UsageError(
                f"{symbol} action {same.id} is a {same} already (by {same.by}: {same.reason}); "
                f"`regime actions undo {symbol} {same.id} --reason TEXT` withdraws it",
                code="action-exists",
            )
        added.append(entry.model_copy(update={"id": len(added) + 1}))
    return tuple(added)


def with_withdrawn(
    entries: Sequence[Action], number: int, *, reason: str, by: str, at: dt.datetime
) -> tuple[Action, ...]:
    """``entries`` with one that withdraws ``number``; `UsageError` if that is not in force."""
    by_id = {entry.id: entry for entry in in_force(entries)}
    if number not in by_id:
        known = ", ".join(map(str, by_id)) or "none"
        raise UsageError(
            f"action {number} is not in force; in force: {known}", code="action-not-in-force"
        )
    undo = {"id": len(entries) + 1, "kind": ActionKind.UNDO, "undoes": number}
    undo |= {"reason": reason, "by": by, "at": at, "source": None}
    return (*entries, by_id[number].model_copy(update=undo))
