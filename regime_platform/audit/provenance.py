"""Whether numbers computed now stand for those of then: recipe against record, in words.

Nothing is taken for granted: without a record the answer says so, with other code it names which.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from regime_platform.manifests.recipe import recipe_digest
from regime_platform.model.digests import facts_digest
from regime_platform.pipeline.publish.records import Record


class ProvenanceStatus(StrEnum):
    """How far numbers computed now are backed by what was recorded then."""

    PROVEN = "proven"  # the record is of these very bars and these very numbers
    SAME_TERMS = "same_terms"  # same parameters, eras and code; the record is of other bars
    OTHER_TERMS = "other_terms"  # parameters, eras or code of then are not those used here
    DIFFERENT = "different"  # same recipe as the record, other numbers: a defect or a damage
    UNRECORDED = "unrecorded"  # nothing tells what was in force then


@dataclass(frozen=True)
class Provenance:
    """The standing, and why."""

    standing: ProvenanceStatus
    reason: str
    differs: tuple[str, ...] = ()  # parts of the recipe that are not those of the record

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "standing": self.standing.value,
            "reason": self.reason,
            "differs": list(self.differs),
        }


def provenance_of(
    record: Record | None, recipe: Mapping[str, Any], tables: Mapping[str, str]
) -> Provenance:
    """What a record says of numbers made by ``recipe``.

    Args:
        record: the compute manifest in force then.
        recipe: by which the numbers were computed now.
        tables: table -> content digest of what was computed.
    """
    if record is None:
        return Provenance(
            ProvenanceStatus.UNRECORDED,
            "no compute manifest of then is on record: parameters and code are those installed now",
        )
    others = tuple(_other_terms(record, recipe))
    if others:
        return Provenance(ProvenanceStatus.OTHER_TERMS, f"{', '.join(others)} in {record}", others)
    if record.recipe_digest != recipe_digest(recipe):
        reason = f"parameters, eras and code are those of {record}, which is of other bars"
        return Provenance(ProvenanceStatus.SAME_TERMS, reason, ("bars",))
    if facts_digest(tables) == record.content_digest:
        return Provenance(ProvenanceStatus.PROVEN, f"every number is the one recorded in {record}")
    reason = f"numbers differ from {record}, made from the same bars, parameters, eras and code"
    return Provenance(ProvenanceStatus.DIFFERENT, f"{reason}; `regime verify` tells more")


def _other_terms(record: Record, recipe: Mapping[str, Any]) -> Iterator[str]:
    if record.params_fingerprint != recipe["params_fingerprint"]:
        yield f"the parameters were others ({record.params_fingerprint[:12]})"
    if record.eras != recipe["eras"]["version"]:
        yield f"the eras were {record.eras}"
    if record.code["compute_digest"] != recipe["compute_digest"]:
        commit = record.code.get("commit") or "of no commit"
        told = f"{record.code['package']}, {commit}, {record.code['compute_digest'][:12]}"
        yield f"the code was another ({told})"
