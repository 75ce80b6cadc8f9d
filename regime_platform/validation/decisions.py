"""What a person decided about single bars, as values and as the text of decisions.yaml.

The file only grows: a decision is withdrawn by another entry that names it, so who decided what and
when stays. In force are the decisions that nothing withdrew.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import yaml

from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.series import instant, iso
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.model.yaml_text import load_yaml

VERSION = 1
ANY_RULE = "any"
#: What a document of another shape makes the readers of it raise.
_DAMAGE = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


class Kind(StrEnum):
    """What may be decided."""

    EXCLUDE = "exclude"  # the bar is kept out, whatever it says
    ACCEPT = "accept"  # the extreme or the gap is a true one
    UNDO = "undo"  # withdraws an earlier entry


@dataclass(frozen=True)
class Decision:
    """One entry."""

    id: int  # 1, 2, 3 in the order of entry
    kind: Kind
    timeframe: str
    ts: str  # ISO 8601 UTC: the open of the bar, or of the one that is missing
    reason: str
    by: str
    at: str  # ISO 8601 UTC
    rule: str = ANY_RULE  # accept: the rule whose finding is true
    undoes: int | None = None

    @property
    def opens(self) -> dt.datetime:
        """The open it is about."""
        return instant(self.ts)

    def facts(self) -> dict[str, Any]:
        """Plain values for YAML and JSON, what does not apply left out."""
        told = {
            "id": self.id,
            "kind": self.kind.value,
            "timeframe": self.timeframe,
            "ts": self.ts,
            "reason": self.reason,
            "by": self.by,
            "at": self.at,
        }
        if self.kind is Kind.ACCEPT:
            told["rule"] = self.rule
        return told | ({} if self.undoes is None else {"undoes": self.undoes})

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Decision":
        """The inverse of ``facts``.

        Raises:
            TypeError, ValueError: the facts are not those of a decision.
        """
        told = cls(**{**facts, "kind": Kind(facts["kind"])})
        texts = (told.ts, told.reason, told.by, told.at, told.rule)
        if type(told.id) is not int or not all(isinstance(text, str) for text in texts):
            raise TypeError(f"entry {told.id!r} has a value of another type")
        if told.timeframe not in TIMEFRAMES or not told.reason:
            raise ValueError(f"entry {told.id} has no known timeframe or no reason")
        if (told.kind is Kind.UNDO) != (told.undoes is not None):
            raise ValueError(f"entry {told.id}: undo names an entry, and nothing else does")
        instant(told.at)
        return replace(told, ts=iso(told.opens))


def in_force(entries: Sequence[Decision]) -> tuple[Decision, ...]:
    """The exclusions and acceptances that nothing withdrew, in order of entry."""
    undone = {one.undoes for one in entries}
    return tuple(one for one in entries if one.kind is not Kind.UNDO and one.id not in undone)


def decided(entries: Sequence[Decision], *new: Decision) -> tuple[Decision, ...]:
    """``entries`` with those of ``new`` as the next ones.

    Raises:
        UsageError: one says what is in force already, or what another one of them says.
    """
    told = {_word(one): one for one in in_force(entries)}
    added = [replace(one, id=number) for number, one in enumerate(new, _next_id(entries))]
    for one in added:
        same = told.setdefault(_word(one), one)
        if same is not one:
            raise UsageError(
                f"decision {same.id} says so already (by {same.by}: {same.reason}); undo it first"
            )
    return (*entries, *added)


def withdrawn(
    entries: Sequence[Decision], number: int, *, reason: str, by: str, at: str
) -> tuple[Decision, ...]:
    """``entries`` with one more that withdraws decision ``number``.

    Raises:
        UsageError: no such decision is in force.
    """
    held = {one.id: one for one in in_force(entries)}
    if number not in held:
        known = ", ".join(str(one) for one in held) or "none"
        raise UsageError(f"decision {number} is not in force; in force: {known}")
    old = held[number]
    new = _next_id(entries)
    undo = Decision(new, Kind.UNDO, old.timeframe, old.ts, reason, by, at, undoes=number)
    return (*entries, undo)


def out_of_force(entries: Sequence[Decision]) -> tuple[Decision, ...]:
    """The entries that decide nothing any more, and those that withdrew them."""
    kept = in_force(entries)
    return tuple(entry for entry in entries if entry not in kept)


def lost(entries: Sequence[Decision], recorded: Sequence[Decision]) -> tuple[Decision, ...]:
    """Those of ``recorded`` that ``entries`` does not have, or has otherwise."""
    return tuple(entry for entry in recorded if entry not in entries)


def restored(entries: Sequence[Decision], recorded: Sequence[Decision]) -> tuple[Decision, ...]:
    """``recorded``, with what ``entries`` has under other ids."""
    by_id = {entry.id: entry for entry in (*entries, *recorded)}
    return tuple(by_id[number] for number in sorted(by_id))


def gaps(entries: Sequence[Decision]) -> list[int]:
    """The ids that a restored record does not have."""
    return sorted(set(range(1, _next_id(entries))) - {entry.id for entry in entries})


def write_decisions(symbol: str, entries: Sequence[Decision], gone: Sequence[int] = ()) -> str:
    """The text of decisions.yaml; ``gone`` are the ids that are known to be lost."""
    document = {
        "version": VERSION,
        "symbol": symbol,
        **({"lost": list(gone)} if gone else {}),
        "decisions": [one.facts() for one in entries],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def read_decisions(text: str | bytes, symbol: str, where: str) -> tuple[Decision, ...]:
    """The inverse of ``write_decisions``.

    Raises:
        ConfigError: the text is damaged, or of another symbol or version; names ``where``.
    """
    try:
        return _entries(load_yaml(text), symbol)
    except _DAMAGE as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(
            f"{where} is damaged ({told}); `regime repair {symbol}` writes it anew from what the "
            "verdict recorded, or restore it from a backup"
        ) from error


def _word(one: Decision) -> tuple[str, ...]:
    return one.kind, one.timeframe, one.ts, one.rule


def _entries(document: Any, symbol: str) -> tuple[Decision, ...]:
    if (document["version"], document["symbol"]) != (VERSION, symbol):
        raise ValueError(f"not decisions of {symbol} in version {VERSION}")
    entries = tuple(Decision.from_facts(one) for one in document["decisions"])
    ids = [entry.id for entry in entries]
    known = sorted([*ids, *document.get("lost", ())])
    if ids != sorted(ids) or known != list(range(1, _next_id(entries))):
        raise ValueError("the ids are not 1, 2, 3 in order")
    return entries


def _next_id(entries: Sequence[Decision]) -> int:
    return max((entry.id for entry in entries), default=0) + 1
