"""Which era set was in force since when: adopted.yaml, and the log beside it, a link per adoption.

The log is only ever appended to, and each link names the digest of the one before it; so an
adoption that was removed from either file is found.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from regime_platform.compute.eras.files import load_document
from regime_platform.errors import ConfigError
from regime_platform.model.digests import document_digest
from regime_platform.model.document import Array, Document, Instant, first_fault

_REMEDY = (
    "restore it from a backup, or adopt an era set again: `regime eras adopt VERSION --reason "
    "TEXT` writes it again with the adoptions of eras/adoptions.jsonl"
)
_Text = Annotated[str, Field(min_length=1)]


class Adoption(Document, extra="ignore"):
    """From when on a set was in force, who adopted it and why."""

    version: _Text
    digest: _Text  # of the set adopted
    since: Instant
    by: _Text
    reason: _Text


class AdoptionLink(Adoption):
    """An adoption in the log."""

    number: int
    replaces: str | None  # the seal of the link before it
    seal: str  # SHA-256 over all else


class _AdoptedFile(Document, extra="ignore"):
    in_force: str
    adoptions: Annotated[Array[Adoption], Field(min_length=1)]


def write_adoptions(adoptions: Sequence[Adoption]) -> str:
    """The text of adopted.yaml for all adoptions, oldest first."""
    keys = ("version", "since", "by", "reason", "digest")
    documents = [adoption.model_dump(mode="json") for adoption in adoptions]
    entries = [{name: document[name] for name in keys} for document in documents]
    return yaml.safe_dump(
        {"in_force": adoptions[-1].version, "adoptions": entries},
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )


def read_adoptions(text: str, where: str) -> tuple[Adoption, ...]:
    """The inverse of ``write_adoptions``.

    Args:
        text: the YAML text.
        where: the file's name, for error messages.

    Raises:
        ConfigError: the text is damaged, or contradicts itself on which set is in force.
    """
    document = load_document(text, where, _REMEDY, "adoptions-damaged")
    try:
        file = _AdoptedFile.model_validate(document)
    except ValidationError as error:
        raise _damaged(where, first_fault(error)) from error
    if file.in_force != file.adoptions[-1].version:
        raise _damaged(where, "in_force is not the last adoption")
    return file.adoptions


def adoption_links(adoptions: Sequence[Adoption], known: int) -> list[AdoptionLink]:
    """The links of the adoptions after the first ``known``, for the log."""
    links: list[AdoptionLink] = []
    for number, adoption in enumerate(adoptions, 1):
        facts = {
            "number": number,
            "replaces": links[-1].seal if links else None,
            **adoption.model_dump(mode="json"),
        }
        links.append(AdoptionLink.model_validate({**facts, "seal": document_digest(facts)}))
    return links[known:]


def read_adoption_links(lines: Sequence[Any], where: str) -> tuple[Adoption, ...]:
    """The adoptions of the log.

    Args:
        lines: the JSON value of each line.
        where: the file's name, for error messages.

    Raises:
        ConfigError: a link was changed, left out or put elsewhere.
    """
    try:
        adoptions = tuple(Adoption.model_validate(line) for line in lines)
    except ValidationError as error:
        raise _damaged(where, first_fault(error)) from error
    links = [link.model_dump(mode="json") for link in adoption_links(adoptions, 0)]
    if links != list(lines):
        raise ConfigError(
            f"{where} was changed after it was written; {_REMEDY}", code="adoptions-damaged"
        )
    return adoptions


def _damaged(where: str, reason: str) -> ConfigError:
    return ConfigError(
        f"{where} is damaged ({reason}), so the eras in force are unknown; {_REMEDY}",
        code="adoptions-damaged",
    )
