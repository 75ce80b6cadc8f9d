"""Which instrument a source means, and where two descriptions of it contradict each other.

A description names the source and, as far as it goes, symbol, market and type there. A field that
only one of two descriptions has is no contradiction: it was filled in later, or left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from regime_platform.model.instruments import WITHOUT_EXCHANGE, Instrument

#: What an answer of a source names beyond what it was asked for.
ANSWERED = ("mic_code", "exchange")


@dataclass(frozen=True)
class Identity:
    """An instrument as its source names it."""

    source: str
    fields: Mapping[str, str] = field(default_factory=dict)  # provider_symbol, mic_code, ...

    def contradicts(self, other: "Identity") -> bool:
        """True where both are of one source and name a field differently."""
        return self.source == other.source and any(
            text.casefold() != other.fields.get(name, text).casefold()
            for name, text in self.fields.items()
        )

    def with_fields(self, more: Mapping[str, str]) -> "Identity":
        """With the fields of ``more`` that it lacks."""
        return replace(self, fields={**more, **self.fields})

    def __str__(self) -> str:
        named = dict(self.fields)
        symbol = named.pop("provider_symbol", "")
        market = [f"{name} {text}" for name, text in sorted(named.items())]
        return ", ".join([f"{self.source} {symbol}".strip(), *market])


@dataclass(frozen=True)
class KnownIdentity:
    """An instrument that the stored bars of a symbol are of, and why that is so."""

    identity: Identity
    since: str  # ISO 8601 UTC
    because: str  # stored, renamed or same
    by: str = ""  # who decided that it is the same instrument as those before
    reason: str = ""

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        source, fields = self.identity.source, dict(self.identity.fields)
        return {**vars(self), "identity": {"source": source, **fields}}

    def follows(self, earlier: "KnownIdentity") -> bool:
        """True where this is ``earlier``, of which fields or the time may have been filled in."""
        named, before = self.identity.fields, earlier.identity.fields
        filled = replace(earlier, identity=self.identity, since=earlier.since or self.since)
        is_filled_in = dict(before).items() <= dict(named).items()
        return self == filled and self.identity.source == earlier.identity.source and is_filled_in

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "KnownIdentity":
        """The inverse of ``facts``; raises KeyError or TypeError on anything else."""
        fields = dict(facts["identity"])
        return cls(**{**facts, "identity": Identity(fields.pop("source"), fields)})


def identity_of(instrument: Instrument, answered: Mapping[str, str] | None = None) -> Identity:
    """What an entry of the universe means, with what an answer to it added.

    Pairs and world prices have no market of their own; what an answer names for them may vary.
    """
    meant = Identity(instrument.source, dict(instrument.identity))
    return (
        meant if instrument.asset_class in WITHOUT_EXCHANGE else meant.with_fields(answered or {})
    )


def followed_rename(known: Identity, instrument: Instrument) -> Identity:
    """``known`` under the present symbol, where its source took over the rename of ``formerly``."""
    former, present = known.fields.get("provider_symbol"), instrument.identity["provider_symbol"]
    if former in instrument.formerly and present == instrument.symbol:
        return replace(known, fields={**known.fields, "provider_symbol": present})
    return known


def contradicted(
    known: tuple[KnownIdentity, ...], instrument: Instrument, answered: Mapping[str, str]
) -> KnownIdentity | None:
    """The newest instrument of the stored bars, where none of them can be the one meant.

    Args:
        known: what the stored bars are of.
        instrument: the entry of the universe.
        answered: what its source named when it answered, ``ANSWERED`` at most.
    """
    meant = identity_of(instrument, answered)
    same_source = [record for record in known if record.identity.source == meant.source]
    if any(
        not followed_rename(record.identity, instrument).contradicts(meant)
        for record in same_source
    ):
        return None
    return same_source[-1] if same_source else None


def with_identity(
    known: tuple[KnownIdentity, ...], new: KnownIdentity
) -> tuple[KnownIdentity, ...]:
    """``known`` and ``new``: fields that one of them lacks are filled in, else it is added."""
    for place, record in enumerate(known):
        if record.identity.source == new.identity.source and not record.identity.contradicts(
            new.identity
        ):
            filled = replace(record, identity=record.identity.with_fields(new.identity.fields))
            return (*known[:place], filled, *known[place + 1 :])
    return (*known, new)
