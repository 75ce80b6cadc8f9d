"""How far numbers computed now are backed by a record of then: recipe against record."""

import datetime as dt
from collections.abc import Iterator, Mapping
from enum import StrEnum

from pydantic import Field

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import (
    damaged_chain,
    read_chain,
    whole_compute_manifest,
)
from regime_platform.manifests.chain import LinkStatus, link_status
from regime_platform.manifests.compute_manifest import Recipe
from regime_platform.manifests.manifest import RESULTS, ResultsLink
from regime_platform.model.digests import document_digest
from regime_platform.model.document import Array, Document
from regime_platform.model.instants import instant


class ProvenanceStatus(StrEnum):
    """How far numbers computed now are backed by what was recorded then."""

    PROVEN = "proven"  # the record is of these very bars and these very numbers
    SAME_TERMS = "same_terms"  # same parameters, eras and code; the record is of other bars
    OTHER_TERMS = "other_terms"  # parameters, eras or code of then are not those used here
    DIFFERENT = "different"  # same recipe as the record, other numbers: a defect or a damage
    UNRECORDED = "unrecorded"  # no record of then
    UNKNOWN = "unknown"  # the numbers of then cannot be computed


_IN_CHAIN = {LinkStatus.LAST, LinkStatus.EARLIER}


class Provenance(Document):
    """The status, and why."""

    status: ProvenanceStatus = Field(serialization_alias="standing")
    reason: str
    differs: Array[str] = ()  # parts of the recipe that are not those of the record


def record_by(paths: SymbolPaths, as_of: dt.datetime) -> ResultsLink | None:
    """The link of the compute manifest in force at a moment (aware); None where there was none.

    BarsError where the chain is damaged, or lost the link of the manifest in force: then it may
    have lost that of then, and what it recorded would pass for unrecorded.
    """
    document = whole_compute_manifest(paths)  # first: its link is appended before it is written
    chain = read_chain(paths)
    if document is not None and link_status(chain, document) not in _IN_CHAIN:
        reason = f"it lacks the link of compute manifest {document.number}"
        raise damaged_chain(paths, reason)
    links = [link for link in chain if link.kind == RESULTS]
    by_then = [link for link in links if instant(link.run.written_at) <= as_of]
    return ResultsLink.model_validate(by_then[-1].as_json()) if by_then else None


def provenance_of(
    record: ResultsLink | None, recipe: Recipe, tables: Mapping[str, str]
) -> Provenance:
    """How far ``record``, the link in force then, backs numbers made by ``recipe`` now.

    ``tables``: table -> content digest of what was computed.
    """
    if record is None:
        status, differs = ProvenanceStatus.UNRECORDED, []
        reason = (
            "no compute manifest of then is on record: parameters and code are those installed now"
        )
    elif differs := list(_other_parts(record, recipe)):
        status, reason = ProvenanceStatus.OTHER_TERMS, f"{', '.join(differs)} in {record}"
    elif record.about.recipe_digest != recipe.digest:
        status, differs = ProvenanceStatus.SAME_TERMS, ["bars"]
        reason = f"parameters, eras and code are those of {record}, which is of other bars"
    elif record.about.content_digest == document_digest(tables):
        status, reason = ProvenanceStatus.PROVEN, f"every number is the one recorded in {record}"
    else:
        status = ProvenanceStatus.DIFFERENT
        reason = (
            f"numbers differ from {record}, made from the same bars, parameters, eras and code; "
            "`regime verify` shows more"
        )
    return Provenance(status=status, reason=reason, differs=tuple(differs))


def _other_parts(record: ResultsLink, recipe: Recipe) -> Iterator[str]:
    about, code = record.about, record.about.code
    if about.params_fingerprint != recipe.params_fingerprint:
        yield f"the parameters were others ({about.params_fingerprint[:12]})"
    if about.eras != recipe.eras.version:
        yield f"the eras were {about.eras}"
    if code.compute_digest != recipe.compute_digest:
        commit = code.commit or "of no commit"
        yield f"the code was another ({code.package}, {commit}, {(code.compute_digest or '')[:12]})"
