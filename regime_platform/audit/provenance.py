"""How far numbers computed now are backed by a record of then: recipe against record.

Without a record the status is UNRECORDED; where parameters, eras or code differ, the reason names
them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from regime_platform.audit.compute_record import ComputeRecord
from regime_platform.manifests.recipe import Recipe
from regime_platform.model.digests import document_digest


class ProvenanceStatus(StrEnum):
    """How far numbers computed now are backed by what was recorded then."""

    PROVEN = "proven"  # the record is of these very bars and these very numbers
    SAME_TERMS = "same_terms"  # same parameters, eras and code; the record is of other bars
    OTHER_TERMS = "other_terms"  # parameters, eras or code of then are not those used here
    DIFFERENT = "different"  # same recipe as the record, other numbers: a defect or a damage
    UNRECORDED = "unrecorded"  # no record of then
    UNKNOWN = "unknown"  # the numbers of then cannot be computed


@dataclass(frozen=True)
class Provenance:
    """The status, and why."""

    status: ProvenanceStatus
    reason: str
    differs: tuple[str, ...] = ()  # parts of the recipe that are not those of the record


def provenance_of(
    record: ComputeRecord | None, recipe: Recipe, tables: Mapping[str, str]
) -> Provenance:
    """The provenance of numbers made by ``recipe``.

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
    others = tuple(_other_parts(record, recipe))
    if others:
        return Provenance(ProvenanceStatus.OTHER_TERMS, f"{', '.join(others)} in {record}", others)
    if record.recipe_digest != recipe.digest:
        reason = f"parameters, eras and code are those of {record}, which is of other bars"
        return Provenance(ProvenanceStatus.SAME_TERMS, reason, ("bars",))
    if document_digest(tables) == record.content_digest:
        return Provenance(ProvenanceStatus.PROVEN, f"every number is the one recorded in {record}")
    reason = f"numbers differ from {record}, made from the same bars, parameters, eras and code"
    return Provenance(ProvenanceStatus.DIFFERENT, f"{reason}; `regime verify` shows more")


def _other_parts(record: ComputeRecord, recipe: Recipe) -> Iterator[str]:
    if record.params_fingerprint != recipe.params_fingerprint:
        yield f"the parameters were others ({record.params_fingerprint[:12]})"
    if record.eras != recipe.eras.version:
        yield f"the eras were {record.eras}"
    if record.code["compute_digest"] != recipe.compute_digest:
        commit = record.code.get("commit") or "of no commit"
        name = f"{record.code['package']}, {commit}, {record.code['compute_digest'][:12]}"
        yield f"the code was another ({name})"
