"""Era sets as YAML text.

In a file eras are half-open dates: ``from`` belongs to the era, ``until`` to the next one, and null
means open. A digest over the eras shows whether a set was edited after it was written.
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
from regime_platform.model.digests import document_digest
from regime_platform.model.yaml_text import YamlTextError, load_yaml

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = ("adopted", FIXED_VERSION)
_EPOCH = dt.date(1970, 1, 1)
_RESTORE = "restore it from a backup; an era set is written once and never edited"


@dataclass(frozen=True)
class EraSetFile:
    """An era set, and what each of its classes was made from."""

    eras: EraSet
    origins: Mapping[str, Mapping[str, Any]]  # class -> benchmark and bars, or the set kept from
    absent: Mapping[str, str] = field(default_factory=dict)  # class -> why it has no eras here
    parameters: Mapping[str, Any] = field(default_factory=dict)


def require_new_version(version: str) -> None:
    """Refuses a version that cannot name a new set.

    Raises:
        UsageError: it is no safe file name, or means something already.
    """
    if not _VERSION.fullmatch(version) or version in _RESERVED:
        raise UsageError(
            f"era set version {version!r} cannot be used; take 1 to 64 of A-Z a-z 0-9 . _ -, "
            f"starting with a letter or digit, and neither of {', '.join(_RESERVED)}",
            code="era-set-version",
        )


def era_set_digest(eras: EraSet) -> str:
    """SHA-256 hex over version, date and all eras of a set."""
    return document_digest(eras.facts())


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
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def read_era_set(text: str, where: str) -> EraSetFile:
    """The inverse of ``write_era_set``.

    Args:
        text: the YAML text.
        where: the file's name, for error messages.

    Raises:
        ConfigError: the text is damaged, or its eras are not those that were written.
    """
    document = load_document(text, where, _RESTORE, "era-set-damaged")
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
        file = EraSetFile(eras, origins, dict(document["absent"]), dict(document["parameters"]))
    except (AttributeError, KeyError, TypeError, ValueError, ConfigError) as error:
        raise ConfigError(
            f"{where} is damaged ({_error_text(error)}); {_RESTORE}", code="era-set-damaged"
        ) from error
    if document.get("digest") != era_set_digest(eras):
        raise ConfigError(
            f"{where} was changed after it was written; {_RESTORE}", code="era-set-damaged"
        )
    return file


def load_document(text: str, where: str, restore: str, code: str) -> Mapping[str, Any]:
    """The mapping in a YAML text.

    Args:
        text: the YAML text.
        where: the file's name, for error messages.
        restore: the remedy that an error names.
        code: of the error.

    Raises:
        ConfigError: there is none.
    """
    try:
        document = load_yaml(text)
    except YamlTextError as error:
        raise ConfigError(
            f"{where} is not valid YAML ({_error_text(error)}); {restore}", code=code
        ) from error
    if not isinstance(document, Mapping):
        raise ConfigError(f"{where} is damaged (it holds no mapping); {restore}", code=code)
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


def _error_text(error: Exception) -> str:
    """The message of an error of YAML or of a missing key, in one line."""
    text = " ".join(str(error).split())  # YAML tells its errors over several lines
    return f"{text} missing" if isinstance(error, KeyError) else text
