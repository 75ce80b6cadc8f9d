"""Era sets and their adoptions as YAML text; where the text lies is no business of this module.

In a file eras are half-open dates: ``from`` belongs to the era, ``until`` to the next one, and null
means open. A digest over the eras tells a set that was edited after it was written.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from regime_platform.compute.eras.eras import (
    FIXED_VERSION,
    OPEN_END,
    OPEN_START,
    Era,
    EraSet,
    midnight_us,
)
from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.digests import facts_digest
from regime_platform.model.series import instant, iso
from regime_platform.model.yaml_text import YamlTextError, load_yaml

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = ("adopted", FIXED_VERSION)
_EPOCH = dt.date(1970, 1, 1)
_ADOPT = (
    "restore it from a backup, or adopt an era set again: `regime eras adopt VERSION --reason "
    "TEXT` writes it anew with the adoptions of eras/adoptions.jsonl"
)
_RESTORE = "restore it from a backup; an era set is written once and never edited"


@dataclass(frozen=True)
class EraSetFile:
    """An era set, and what each of its classes was made from."""

    eras: EraSet
    origins: Mapping[str, Mapping[str, Any]]  # class -> benchmark and bars, or the set kept from
    absent: Mapping[str, str] = field(default_factory=dict)  # class -> why it has no eras here
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Adoption:
    """From when on a set was in force, by whose decision and why."""

    version: str
    digest: str  # of the set adopted
    since: dt.datetime
    by: str
    reason: str


def require_new_version(version: str) -> None:
    """Refuses a version that cannot name a new set.

    Raises:
        UsageError: it is no safe file name, or means something already.
    """
    if not _VERSION.fullmatch(version) or version in _RESERVED:
        raise UsageError(
            f"era set version {version!r} cannot be used; take 1 to 64 of A-Z a-z 0-9 . _ -, "
            f"starting with a letter or digit, and neither of {', '.join(_RESERVED)}"
        )


def era_set_digest(eras: EraSet) -> str:
    """SHA-256 hex over version, date and all eras of a set."""
    return facts_digest(eras.facts())


def write_era_set(held: EraSetFile) -> str:
    """The text of a set."""
    eras = held.eras
    classes = {
        name: {**held.origins[name], "eras": [_dates(era) for era in found]}
        for name, found in eras.by_class.items()
    }
    document = {
        "version": eras.version,
        "effective_from": eras.effective_from,
        "digest": era_set_digest(eras),
        "parameters": dict(held.parameters),
        "classes": classes,
        "absent": dict(held.absent),
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def read_era_set(text: str, where: str) -> EraSetFile:
    """The inverse of ``write_era_set``.

    Args:
        text: the YAML text.
        where: the file's name, for error messages.

    Raises:
        ConfigError: the text is damaged, or its eras are not those that were written.
    """
    document = _document(text, where)
    try:
        classes = document["classes"]
        eras = EraSet(
            _text(document["version"]),
            _date(document["effective_from"]),
            {name: _eras(asset_class["eras"]) for name, asset_class in classes.items()},
        )
        origins = {
            name: {key: value for key, value in asset_class.items() if key != "eras"}
            for name, asset_class in classes.items()
        }
        found = EraSetFile(eras, origins, dict(document["absent"]), dict(document["parameters"]))
    except (AttributeError, KeyError, TypeError, ValueError, ConfigError) as error:
        raise ConfigError(f"{where} is damaged ({_told(error)}); {_RESTORE}") from error
    if document.get("digest") != era_set_digest(eras):
        raise ConfigError(f"{where} was changed after it was written; {_RESTORE}")
    return found


def write_adoptions(adoptions: Sequence[Adoption]) -> str:
    """The text of all adoptions, oldest first."""
    entries = [
        {
            "version": adoption.version,
            "since": iso(adoption.since),
            "by": adoption.by,
            "reason": adoption.reason,
            "digest": adoption.digest,
        }
        for adoption in adoptions
    ]
    return yaml.safe_dump(
        {"in_force": adoptions[-1].version, "adoptions": entries},
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )


def read_adoptions(text: str, where: str) -> tuple[Adoption, ...]:
    """The inverse of ``write_adoptions``.

    Raises:
        ConfigError: the text is damaged, or contradicts itself on which set is in force.
    """
    document = _document(text, where, _ADOPT)
    try:
        found = tuple(_adoption(adoption) for adoption in document["adoptions"])
        if document["in_force"] != found[-1].version:
            raise ValueError("in_force is not the last adoption")  # noqa: TRY301 - one remedy
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{where} is damaged ({_told(error)}), so the eras in force are unknown; {_ADOPT}"
        ) from error
    return found


def adoption_links(adoptions: Sequence[Adoption], known: int) -> list[dict[str, Any]]:
    """The sealed links of the adoptions after the first ``known``, for the log beside the file."""
    links: list[dict[str, Any]] = []
    for number, adoption in enumerate(adoptions, 1):
        link = {
            "number": number,
            "replaces": links[-1]["seal"] if links else None,
            **vars(adoption),
            "since": iso(adoption.since),
        }
        links.append({**link, "seal": facts_digest(link)})
    return links[known:]


def read_adoption_links(links: Sequence[Any], where: str) -> tuple[Adoption, ...]:
    """The inverse of ``adoption_links`` for all of them.

    Raises:
        ConfigError: a link was changed, left out or put elsewhere.
    """
    try:
        found = tuple(_adoption(link) for link in links)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{where} is damaged ({_told(error)}); {_ADOPT}") from error
    if adoption_links(found, 0) != list(links):
        raise ConfigError(f"{where} was changed after it was written; {_ADOPT}")
    return found


def _adoption(entry: Mapping[str, Any]) -> Adoption:
    texts = {name: _text(entry[name]) for name in ("version", "digest", "by", "reason")}
    return Adoption(**texts, since=instant(_text(entry["since"])))


def _document(text: str, where: str, restore: str = _RESTORE) -> Mapping[str, Any]:
    try:
        document = load_yaml(text)
    except YamlTextError as error:
        raise ConfigError(f"{where} is not valid YAML ({_told(error)}); {restore}") from error
    if not isinstance(document, Mapping):
        raise ConfigError(f"{where} is damaged (it holds no mapping); {restore}")
    return document


def _dates(era: Era) -> dict[str, dt.date | None]:
    return {
        "from": None if era.start_us == OPEN_START else date_of(era.start_us),
        "until": None if era.end_us == OPEN_END else date_of(era.end_us),
    }


def date_of(midnight: int) -> dt.date:
    """The inverse of `compute.eras.eras.midnight_us` for dates."""
    return _EPOCH + dt.timedelta(microseconds=midnight)


def _eras(entries: Sequence[Mapping[str, Any]]) -> tuple[Era, ...]:
    edges = [(entry["from"], entry["until"]) for entry in entries]
    return tuple(
        Era(
            index,
            OPEN_START if start is None else midnight_us(_date(start)),
            OPEN_END if end is None else midnight_us(_date(end)),
        )
        for index, (start, end) in enumerate(edges)
    )


def _date(value: object) -> dt.date:
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise ValueError(f"{value!r} is not a date")  # noqa: TRY004 - a value of a file
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not a text")
    return value


def _told(error: Exception) -> str:
    told = " ".join(str(error).split())  # YAML tells its errors over several lines
    return f"{told} missing" if isinstance(error, KeyError) else told
