"""The counts at the top of the index, and how `regime status` is shown below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from regime_platform.report.index.changes import TimeframeChanges

#: Rows of `regime status` that are of no use on a page that is read later, unless they are errors.
_MOMENTARY = ("daemon", "runs", "waiting", "disk")
#: Those with a count of its own, and what is counted.
_COUNTED = {
    "blocked": "symbols",
    "failed": "symbols",
    "no bars": "symbols",
    "late bars": "series",
    "results pending": "series",
}


class Item(Protocol):
    """One of what a row of `regime status` counts."""

    @property
    def name(self) -> str:
        """In a few words."""
        ...

    @property
    def reason(self) -> str:
        """More about it; may be empty."""
        ...


class StatusRow(Protocol):
    """A row of `regime status`."""

    @property
    def name(self) -> str:
        """What it is about."""
        ...

    @property
    def status(self) -> str:
        """``error``, ``note`` or ``ok``."""
        ...

    @property
    def detail(self) -> str:
        """The state in words."""
        ...

    @property
    def remedy(self) -> str:
        """What to do; may be empty."""
        ...

    @property
    def more(self) -> str:
        """The command that shows more; may be empty."""
        ...

    @property
    def items(self) -> Sequence[Item]:
        """What is counted."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """The numbers of ``detail``."""
        ...


@dataclass(frozen=True)
class Tile:
    """A count."""

    name: str
    number: int
    note: str
    section: str  # of the page, that says more
    is_alarm: bool = False


def tiles(
    rows: Sequence[StatusRow], board: pl.DataFrame, changes: Sequence[TimeframeChanges]
) -> Sequence[Tile]:
    """The counts, those of `regime status` last.

    Args:
        rows: of `regime status`.
        board: a row per symbol, as ``query.board.board`` has it.
        changes: of the timeframes, daily bars first.
    """
    with_state = board.filter(pl.col("regime_label").is_not_null())
    high = with_state.filter(pl.col("escalation_bucket").cast(pl.String) == "HIGH").height
    shown = [
        Tile("symbols", board.height, f"{with_state.height:,} with a state", "board"),
        Tile("high escalation", high, f"of {with_state.height:,}", "board"),
    ]
    if changes:
        new = changes[0]
        note = f"{new.timeframe}, {new.date}"
        shown += [
            Tile("new regimes", sum(each.size for each in new.regimes), note, "changes"),
            Tile("new buckets", sum(each.size for each in new.buckets), note, "changes"),
        ]
    for row in rows:
        if row.name in _COUNTED:
            is_alarm, number = row.status == "error", len(row.items)
            shown.append(Tile(row.name, number, _COUNTED[row.name], "problems", is_alarm))
        elif row.name == "warnings":
            symbols = row.facts.get("symbols", 0)
            shown.append(Tile("with warnings", symbols, "symbols", "problems"))
    return shown


def problems(rows: Sequence[StatusRow]) -> Sequence[StatusRow]:
    """What failed, is late or is warned of: errors first."""
    errors = [row for row in rows if row.status == "error"]
    notes = [row for row in rows if row.status == "note" and row.items]
    return [*errors, *notes]


def lasting(rows: Sequence[StatusRow]) -> Sequence[StatusRow]:
    """The rows that are still of use when the page is read, as `regime status` orders them."""
    kept = [row for row in rows if row.name not in _MOMENTARY or row.status == "error"]
    return sorted(kept, key=lambda row: ("error", "note", "ok").index(row.status))
