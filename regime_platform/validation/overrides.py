"""Overrides: bars that an operator excluded and findings that one accepted, in decisions.yaml.

The file only grows: an override is withdrawn by another entry that names it.
"""

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.document import Array, Document, Word, first_fault, is_absent
from regime_platform.model.instants import instant, iso
from regime_platform.model.timeframes import DURATION
from regime_platform.model.yaml_text import load_yaml

ANY_RULE = "any"


class OverrideKind(StrEnum):
    """What an entry does."""

    EXCLUDE = "exclude"  # the bar is kept out of the canonical bars
    ACCEPT = "accept"  # the extreme or the gap is true and no finding
    WITHDRAW = "withdraw"  # what was fetched of the bars by then is no bar
    UNDO = "undo"  # withdraws an earlier entry


def _known(timeframe: str) -> str:
    if timeframe not in DURATION:
        raise ValueError(f"{timeframe!r} is no known timeframe")
    return timeframe


def _utc(text: str) -> str:
    opens = instant(text)
    try:
        return iso(opens if opens.tzinfo else opens.replace(tzinfo=dt.UTC))
    except OverflowError as error:
        raise ValueError(f"{text} is no date") from error


def _is_instant(text: str) -> str:
    instant(text)
    return text


_Instant = Annotated[str, AfterValidator(_utc)]


class Override(Document):
    """One entry: about the bar or gap at ``ts``, about several, or about all of a range."""

    id: int  # 1, 2, 3 in the order of entry
    kind: Word[OverrideKind]
    timeframe: Annotated[str, AfterValidator(_known)]
    ts: _Instant  # ISO 8601 UTC: the open of the bar or of the gap
    reason: Annotated[str, Field(min_length=1)]
    by: str
    at: Annotated[str, AfterValidator(_is_instant)]  # ISO 8601 UTC
    rule: str = ANY_RULE  # accept: the rule whose finding is true
    undoes: int | None = Field(default=None, exclude_if=is_absent)
    #: Of a range, which begins at ``ts``: the last instant at which a bar of it may open.
    until: _Instant | None = Field(default=None, exclude_if=is_absent)
    others: Array[_Instant] = Field(default=(), exclude_if=is_absent)  # opens beside ``ts``

    @model_validator(mode="after")
    def _require_sense(self) -> Self:
        if (self.kind is OverrideKind.UNDO) != (self.undoes is not None):
            raise ValueError("undo names an entry, and nothing else does")
        if self.until is not None and (self.others or self.last < self.opens):
            raise ValueError("until ends a range that begins at ts, and a range has no others")
        return self

    @model_serializer(mode="wrap")
    def _without_rule(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        entry: dict[str, Any] = dump(self)
        if self.kind is not OverrideKind.ACCEPT:
            entry.pop("rule", None)
        return entry

    @property
    def opens(self) -> dt.datetime:
        """The first or only open."""
        return instant(self.ts)

    @property
    def last(self) -> dt.datetime:
        """The last instant of the range; the open where it is none."""
        return instant(self.until or self.ts)

    @property
    def listed(self) -> tuple[dt.datetime, ...]:
        """Every open that it names; none of a range."""
        return () if self.until else tuple(map(instant, (self.ts, *self.others)))

    def is_about(self, opens: dt.datetime) -> bool:
        """True where it names the open, or its range includes it."""
        return opens in self.listed or (self.until is not None and self.opens <= opens <= self.last)


class _OverridesFile(Document):
    """decisions.yaml; other keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    version: Literal[1]
    symbol: str
    lost: Array[int] = Field(default=(), exclude_if=is_absent)  # ids that are known to be lost
    decisions: Array[Override]


def in_force(entries: Sequence[Override]) -> tuple[Override, ...]:
    """The entries of all other kinds that no entry withdrew, in order of entry."""
    undone = {entry.undoes for entry in entries}
    return tuple(
        entry for entry in entries if entry.kind is not OverrideKind.UNDO and entry.id not in undone
    )


def out_of_force(entries: Sequence[Override]) -> tuple[Override, ...]:
    """The entries that have no effect any more, and those that withdrew them."""
    kept = in_force(entries)
    return tuple(entry for entry in entries if entry not in kept)


def with_added(entries: Sequence[Override], *new: Override) -> tuple[Override, ...]:
    """``entries`` and ``new``; `UsageError` where one repeats an entry in force, or another."""

    def effect(entry: Override) -> tuple[Any, ...]:
        again = entry.at if entry.kind is OverrideKind.WITHDRAW else ""  # bars may have come back
        return entry.kind, entry.timeframe, entry.ts, entry.until, entry.others, entry.rule, again

    effects = {effect(entry): entry for entry in in_force(entries)}
    added = [
        entry.model_copy(update={"id": number})
        for number, entry in enumerate(new, _next_id(entries))
    ]
    for entry in added:
        same = effects.setdefault(effect(entry), entry)
        if same is not entry:
            raise UsageError(
                f"override {same.id} does so already (by {same.by}: {same.reason}); undo it first",
                code="override-exists",
            )
    return (*entries, *added)


def with_withdrawn(
    entries: Sequence[Override], number: int, *, reason: str, by: str, at: str
) -> tuple[Override, ...]:
    """``entries`` with one that withdraws ``number``; `UsageError` if that is not in force."""
    by_id = {entry.id: entry for entry in in_force(entries)}
    if number not in by_id:
        known = ", ".join(map(str, by_id)) or "none"
        raise UsageError(
            f"override {number} is not in force; in force: {known}", code="override-not-in-force"
        )
    undo = {"id": _next_id(entries), "kind": OverrideKind.UNDO, "undoes": number}
    undo |= {"rule": ANY_RULE, "reason": reason, "by": by, "at": at, "until": None, "others": ()}
    return (*entries, Override.model_validate({**by_id[number].model_dump(), **undo}))


def restored(entries: Sequence[Override], recorded: Sequence[Override]) -> tuple[Override, ...]:
    """``recorded``, with those of ``entries`` that have other ids."""
    by_id = {entry.id: entry for entry in (*entries, *recorded)}
    return tuple(by_id[number] for number in sorted(by_id))


def overrides_text(symbol: str, entries: Sequence[Override]) -> str:
    """The text of decisions.yaml; names the ids that a restored record lacks."""
    gone = sorted(set(range(1, _next_id(entries))) - {entry.id for entry in entries})
    file = _OverridesFile(version=1, symbol=symbol, lost=tuple(gone), decisions=tuple(entries))
    document = file.model_dump(mode="json")
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def parse_overrides(text: str | bytes, symbol: str, where: str) -> tuple[Override, ...]:
    """The inverse of ``overrides_text``; `ConfigError` names ``where`` and the fault."""
    try:
        return _entries(load_yaml(text), symbol)
    except ValueError as error:
        fault = first_fault(error) if isinstance(error, ValidationError) else str(error)
        raise ConfigError(
            f"{where} is damaged ({' '.join(fault.split())}); `regime repair {symbol}` writes it "
            "again from what the verdict recorded, or restore it from a backup",
            code="overrides-damaged",
        ) from error


def _entries(document: Any, symbol: str) -> tuple[Override, ...]:
    file = _OverridesFile.model_validate(document)
    if file.symbol != symbol:
        raise ValueError(f"it has the overrides of {file.symbol}, not of {symbol}")
    ids = [entry.id for entry in file.decisions]
    known = sorted([*ids, *file.lost])
    if ids != sorted(ids) or known != list(range(1, _next_id(file.decisions))):
        raise ValueError("the ids are not 1, 2, 3 in order")
    return file.decisions


def _next_id(entries: Sequence[Override]) -> int:
    return max((entry.id for entry in entries), default=0) + 1
