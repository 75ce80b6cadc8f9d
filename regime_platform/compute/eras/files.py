"""Era sets and their adoptions as text.

In the YAML of a set eras are half-open dates: ``from`` belongs to the era, ``until`` to the next
one, and null means open; a digest shows whether it was edited. The log beside adopted.yaml has a
link per adoption, each naming the one before: one that was removed from either file is found.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import Field, ValidationError

from regime_platform.compute.eras.eras import (
    FIXED_VERSION,
    OPEN_END,
    OPEN_START,
    Era,
    EraSet,
    midnight_us,
)
from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.digests import document_digest
from regime_platform.model.document import Array, Document, Instant, first_fault
from regime_platform.model.yaml_text import YamlTextError, load_yaml

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = ("adopted", FIXED_VERSION)
_EPOCH = dt.date(1970, 1, 1)
_RESTORE = "restore it from a backup; an era set is written once and never edited"
_ADOPT = (
    "restore it from a backup, or adopt an era set again: `regime eras adopt VERSION --reason "
    "TEXT` writes it again with the adoptions of eras/adoptions.jsonl"
)
_UNKNOWN = f", so the eras in force are unknown; {_ADOPT}"
_Text = Annotated[str, Field(min_length=1)]
_File = TypeVar("_File", bound=Document)


@dataclass(frozen=True)
class EraSetFile:
    """An era set, and what each of its classes was made from."""

    eras: EraSet
    origins: Mapping[str, Mapping[str, Any]]  # class -> benchmark and bars, or the set kept from
    absent: Mapping[str, str] = field(default_factory=dict)  # class -> why it has no eras here
    parameters: Mapping[str, Any] = field(default_factory=dict)


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


class _DatedEra(Document):
    start: dt.date | None = Field(alias="from")
    end: dt.date | None = Field(alias="until")


class _DatedClass(Document, extra="allow"):
    eras: Array[_DatedEra]


class _SetFile(Document, extra="ignore"):
    version: _Text
    effective_from: dt.date
    digest: str
    parameters: dict[str, Any]
    classes: dict[str, _DatedClass]
    absent: dict[str, str]


class _AdoptedFile(Document, extra="ignore"):
    in_force: str
    adoptions: Annotated[Array[Adoption], Field(min_length=1)]


def require_new_version(version: str) -> None:
    """Raises UsageError where a version is no safe file name, or means something already."""
    if not _VERSION.fullmatch(version) or version in _RESERVED:
        raise UsageError(
            f"era set version {version!r} cannot be used; take 1 to 64 of A-Z a-z 0-9 . _ -, "
            f"starting with a letter or digit, and neither of {', '.join(_RESERVED)}",
            code="era-set-version",
        )


def era_set_digest(eras: EraSet) -> str:
    """SHA-256 hex over version, date and all eras of a set."""
    facts = {
        "version": eras.version,
        "effective_from": eras.effective_from.isoformat(),
        "tiles": True,  # of every set
        "classes": {
            name: [[era.index, era.start_us, era.end_us] for era in eras_of_class]
            for name, eras_of_class in eras.by_class.items()
        },
    }
    return document_digest(facts)


def date_of(midnight: int) -> dt.date:
    """The inverse of `compute.eras.eras.midnight_us` for dates."""
    return _EPOCH + dt.timedelta(microseconds=midnight)


def write_era_set(file: EraSetFile) -> str:
    """The text of a set."""
    eras = file.eras
    classes = {
        name: {**file.origins[name], "eras": [_dates(era) for era in eras_of_class]}
        for name, eras_of_class in eras.by_class.items()
    }
    document = {
        "version": eras.version,
        "effective_from": eras.effective_from,
        "digest": era_set_digest(eras),
        "parameters": dict(file.parameters),
        "classes": classes,
        "absent": dict(file.absent),
    }
    return _yaml(document)


def read_era_set(text: str, where: str) -> EraSetFile:
    """The inverse of ``write_era_set``; ``where`` is the file's name, for error messages.

    Raises:
        ConfigError: the text is damaged, or its eras are not those that were written.
    """
    file = _parsed(text, where, _SetFile, f"; {_RESTORE}", "era-set-damaged")
    by_class = {
        name: tuple(
            Era(index, _midnight(era.start, OPEN_START), _midnight(era.end, OPEN_END))
            for index, era in enumerate(dated.eras)
        )
        for name, dated in file.classes.items()
    }
    try:
        eras = EraSet(file.version, file.effective_from, by_class)
    except ConfigError as error:
        raise ConfigError(
            f"{where} is damaged ({error}); {_RESTORE}", code="era-set-damaged"
        ) from error
    if file.digest != era_set_digest(eras):
        raise ConfigError(
            f"{where} was changed after it was written; {_RESTORE}", code="era-set-damaged"
        )
    origins = {name: dict(dated.model_extra or {}) for name, dated in file.classes.items()}
    return EraSetFile(eras, origins, file.absent, file.parameters)


def write_adoptions(adoptions: Sequence[Adoption]) -> str:
    """The text of adopted.yaml for all adoptions, oldest first."""
    keys = ("version", "since", "by", "reason", "digest")
    documents = [adoption.model_dump(mode="json") for adoption in adoptions]
    entries = [{name: document[name] for name in keys} for document in documents]
    return _yaml({"in_force": adoptions[-1].version, "adoptions": entries})


def read_adoptions(text: str, where: str) -> tuple[Adoption, ...]:
    """The inverse of ``write_adoptions``; ``where`` is the file's name, for error messages.

    Raises:
        ConfigError: the text is damaged, or contradicts itself on which set is in force.
    """
    file = _parsed(text, where, _AdoptedFile, _UNKNOWN, "adoptions-damaged")
    if file.in_force != file.adoptions[-1].version:
        raise ConfigError(
            f"{where} is damaged (in_force is not the last adoption){_UNKNOWN}",
            code="adoptions-damaged",
        )
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
    """The adoptions of the log, from the JSON value of each line.

    Raises:
        ConfigError: a link was changed, left out or put elsewhere; names the file, ``where``.
    """
    try:
        adoptions = tuple(Adoption.model_validate(line) for line in lines)
    except ValidationError as error:
        raise ConfigError(
            f"{where} is damaged ({first_fault(error)}){_UNKNOWN}", code="adoptions-damaged"
        ) from error
    links = [link.model_dump(mode="json") for link in adoption_links(adoptions, 0)]
    if links != list(lines):
        raise ConfigError(
            f"{where} was changed after it was written; {_ADOPT}", code="adoptions-damaged"
        )
    return adoptions


def _parsed(text: str, where: str, document: type[_File], remedy: str, code: str) -> _File:
    try:
        return document.model_validate(load_yaml(text))
    except YamlTextError as error:
        reason = " ".join(str(error).split())  # YAML reports its errors over several lines
        raise ConfigError(f"{where} is not valid YAML ({reason}){remedy}", code=code) from error
    except ValidationError as error:
        raise ConfigError(
            f"{where} is damaged ({first_fault(error)}){remedy}", code=code
        ) from error


def _yaml(document: Mapping[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _dates(era: Era) -> dict[str, dt.date | None]:
    return {
        "from": None if era.start_us == OPEN_START else date_of(era.start_us),
        "until": None if era.end_us == OPEN_END else date_of(era.end_us),
    }


def _midnight(date: dt.date | None, absent: int) -> int:
    return absent if date is None else midnight_us(date)
