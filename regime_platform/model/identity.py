"""The instrument that stored bars are of, and when two descriptions of it contradict each other.

A description has the source and, as far as known, symbol, market and type there. A field that only
one of two descriptions has is no contradiction.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import ConfigDict

from regime_platform.model.document import Document, Word
from regime_platform.model.instruments import WITHOUT_EXCHANGE, Instrument

#: Fields that an answer of a source names beyond those of the request.
ANSWERED = ("mic_code", "exchange")


class Identity(Document):
    """An instrument as its source identifies it, by ``provider_symbol``, ``mic_code``, ..."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str]

    source: str = ""

    @property
    def fields(self) -> Mapping[str, str]:
        """All but the source."""
        return self.__pydantic_extra__

    def contradicts(self, other: "Identity") -> bool:
        """True where both are of the same source and have different values of a field."""
        return self.source == other.source and any(
            text.casefold() != other.fields.get(name, text).casefold()
            for name, text in self.fields.items()
        )

    def with_fields(self, more: Mapping[str, str]) -> Self:
        """A copy with the fields of ``more`` that it lacks."""
        return self.model_copy(update={**more, **self.fields})

    def __str__(self) -> str:
        named = dict(self.fields)
        symbol = named.pop("provider_symbol", "")
        market = [f"{name} {text}" for name, text in sorted(named.items())]
        return ", ".join([f"{self.source} {symbol}".strip(), *market])


class Because(StrEnum):
    """Why an instrument is known to be the one of stored bars."""

    STORED = "stored"  # bars of it were stored
    RENAMED = "renamed"  # its symbol was renamed
    SAME = "same"  # an operator declared it the same as those before


class KnownIdentity(Document):
    """An instrument that the stored bars of a symbol are of; an entry of identity.json."""

    identity: Identity
    since: str  # ISO 8601 UTC; empty where no time is recorded
    because: Word[Because]
    by: str = ""  # who declared it the same instrument as those before
    reason: str = ""

    def follows(self, earlier: "KnownIdentity") -> bool:
        """True where this is ``earlier``, with missing fields or the time possibly filled in."""
        before = earlier.identity
        filled = earlier.model_copy(
            update={"identity": self.identity, "since": earlier.since or self.since}
        )
        is_filled_in = before.fields.items() <= self.identity.fields.items()
        return self == filled and self.identity.source == before.source and is_filled_in


def identity_of(instrument: Instrument, answered: Mapping[str, str] | None = None) -> Identity:
    """The identity of an entry of the universe, with the fields that an answer added.

    Pairs and world prices have no market; the one that an answer names for them may vary, so it is
    ignored.
    """
    identity = Identity.model_validate({"source": instrument.source, **instrument.identity})
    if instrument.asset_class in WITHOUT_EXCHANGE:
        return identity
    return identity.with_fields(answered or {})


def followed_rename(known: Identity, instrument: Instrument) -> Identity:
    """``known`` with the present symbol, where its source renamed it as ``formerly`` says."""
    former, present = known.fields.get("provider_symbol"), instrument.provider_symbol
    if former in instrument.formerly and present == instrument.symbol:
        return known.model_copy(update={"provider_symbol": present})
    return known


def contradicted(
    known: tuple[KnownIdentity, ...], instrument: Instrument, answered: Mapping[str, str]
) -> KnownIdentity | None:
    """The newest instrument of the stored bars, where all of them contradict the universe.

    None where one agrees with the entry and the fields ``ANSWERED`` of an answer, or none is of
    the same source.
    """
    meant = identity_of(instrument, answered)
    same_source = [record for record in known if record.identity.source == meant.source]
    for record in same_source:
        if not followed_rename(record.identity, instrument).contradicts(meant):
            return None
    return same_source[-1] if same_source else None


def with_identity(
    known: tuple[KnownIdentity, ...], new: KnownIdentity
) -> tuple[KnownIdentity, ...]:
    """``known`` with ``new`` added, or merged into the one that it does not contradict."""
    for place, record in enumerate(known):
        before, added = record.identity, new.identity
        if before.source == added.source and not before.contradicts(added):
            filled = record.model_copy(update={"identity": before.with_fields(added.fields)})
            return (*known[:place], filled, *known[place + 1 :])
    return (*known, new)
