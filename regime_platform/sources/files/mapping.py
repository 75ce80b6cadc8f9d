"""mapping.yaml: what the columns, numbers and times of bar files mean, where that has to be stated.

It is in the folder of the files, or in the folder above for all folders without one::

    columns: {ts: [Date, Time], open: Open, high: High, low: Low, close: Last, volume: Vol}
    zone: America/New_York
    time_format: "%m/%d/%Y %H:%M"
    label: {1h: close, 1week: open}
    timeframes: {1day: {date_zone: UTC}}
    symbols: {AAPL: {scale: 10000}}

What is not stated is taken from the file. ``mapping_keys`` has the meaning of each key;
``timeframes`` and ``symbols`` state keys of one timeframe or symbol, that of the symbol last.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from regime_platform.errors import ConfigError, nearest
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.calendar.labels import OPEN
from regime_platform.model.digests import document_digest
from regime_platform.model.timeframes import known_bar_length
from regime_platform.model.yaml_text import load_yaml
from regime_platform.regular_files import read_text
from regime_platform.sources.files.mapping_keys import KEYS, NAMED_TEXTS, parsed_value

MAPPING_FILE = "mapping.yaml"
SECTIONS = ("timeframes", "symbols")
_EXPECTED = ", ".join((*KEYS, *SECTIONS))

#: Fields of a mapping by their names, as a section states them.
Fields = Mapping[str, Any]


@dataclass(frozen=True)
class FileMapping:
    """What is stated about the files of a folder; an empty value states nothing."""

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # bar -> file columns
    zone: str = ""  # of times that name no offset
    time_format: str | None = None  # of strftime
    origin: str = ""  # path of the mapping file
    labels: Mapping[str, str] = field(default_factory=dict)  # timeframe -> open or close
    is_rolling: bool = False  # the start of the files moves, so older bars are not lost
    delimiter: str = ""  # " ": runs of spaces
    header: bool | None = None
    skip_lines: int | None = None
    comment: str = ""
    encoding: str = ""
    decimal: str = ""
    thousands: str = ""
    strip: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    scale: float | None = None
    multiplier: float = 1.0
    epoch: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # column -> values
    symbol_column: str = ""
    week_label: str = ""
    date_zone: str = ""
    timeframes: Mapping[str, Fields] = field(default_factory=dict)
    symbols: Mapping[str, Fields] = field(default_factory=dict)

    @property
    def names_all_columns(self) -> bool:
        """Whether the columns are stated, so that none is recognised by its name."""
        return all(name in self.columns for name in ("ts", *PRICE_COLUMNS))

    @property
    def names_times(self) -> bool:
        """Whether the form of the times is stated."""
        return bool(self.time_format or self.epoch)

    def for_series(self, timeframe: str, symbol: str) -> "FileMapping":
        """The mapping with what its sections state about one series."""
        stated = {**self.timeframes.get(timeframe, {}), **self.symbols.get(symbol, {})}
        return replace(self, **stated) if stated else self

    def stating(self, document: Mapping[str, Any], origin: str) -> Self:
        """The mapping with the keys of ``document`` in place of its own.

        ``ConfigError`` names ``origin``, the key and what is expected of it.
        """
        stated = {**_fields(document, origin, SECTIONS), "origin": origin}
        given = [name for name in SECTIONS if name in document]
        stated |= {name: _section(document[name], name, origin) for name in given}
        return replace(self, **stated)

    def reading(self, label: str) -> str:
        """The digest of what the mapping means, for bars with this label; equal for equal meanings.

        UTC and the open are meant where nothing is stated. How the text is laid out (delimiter,
        header, skipped lines, comments, encoding) has no part in what its bars mean.
        """
        meant = {
            "columns": self.columns,
            "zone": self.zone.removeprefix("UTC"),
            "time_format": self.time_format,
            "label": label.removeprefix(OPEN),
            "decimal": self.decimal.removeprefix("."),
            **{name: getattr(self, name) for name in ("thousands", "strip", "nulls", "epoch")},
            **{name: getattr(self, name) for name in ("where", "symbol_column")},
            **{name: getattr(self, name) for name in ("week_label", "date_zone")},
            **{name: (getattr(self, name) or 1) - 1 for name in ("scale", "multiplier")},
        }
        return document_digest({name: value for name, value in meant.items() if value})


AS_NAMED = FileMapping()


def read_mapping(folder: Path) -> FileMapping:
    """The mapping for the files in ``folder``: its own, else that of the folder above, else none.

    ``ConfigError`` names file, key and remedy of an invalid one.
    """
    for place in (folder / MAPPING_FILE, folder.parent / MAPPING_FILE):
        if place.exists():
            try:
                return _parsed(read_text(place), str(place))
            except UnicodeDecodeError as error:
                raise _no_yaml(place, error) from error
    return AS_NAMED


@lru_cache(maxsize=64)  # a folder of many files has one for all of them
def _parsed(text: str, origin: str) -> FileMapping:
    try:
        document = load_yaml(text)
    except ValueError as error:
        raise _no_yaml(origin, error) from error
    return AS_NAMED.stating(_mapping(document, origin), origin)


def _no_yaml(origin: object, error: ValueError) -> ConfigError:
    message = f"{origin} is not YAML in UTF-8: {error}; correct that line"
    return ConfigError(message, code="mapping-yaml")


def parsed_setting(text: str) -> tuple[str, Any]:
    """Key and value of ``KEY=VALUE``, as ``stating`` takes them; the value is YAML, or plain text
    where the key names a text."""
    key, mark, value = text.partition("=")
    if not mark or key not in KEYS:
        message = f"--set {text}: expected KEY=VALUE with a key of {_EXPECTED}{nearest(key, KEYS)}"
        raise ConfigError(message, code="mapping-key")
    if key in NAMED_TEXTS and value[:1] not in ("'", '"'):
        return key, value
    try:
        return key, load_yaml(value)
    except ValueError as error:
        message = f"--set {text}: the value is not YAML: {error}; put it in quotes"
        raise ConfigError(message, code="mapping-yaml") from error


def _mapping(document: Any, origin: str) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        message = f"{origin}: expected a mapping with {_EXPECTED}"
        raise ConfigError(message, code="mapping-form")
    return document


def _fields(
    document: Mapping[str, Any], origin: str, further: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The values of the keys, by the names of the fields of a mapping."""
    unknown = [str(key) for key in document if key not in (*KEYS, *further)]
    if unknown:
        close = nearest(unknown[0], (*KEYS, *further))
        message = f"{origin}: unknown key {', '.join(unknown)}{close}; expected {_EXPECTED}"
        raise ConfigError(message, code="mapping-key")
    return {
        KEYS[key].field or key: parsed_value(key, value, origin)
        for key, value in document.items()
        if key in KEYS
    }


def _section(given: Any, name: str, origin: str) -> Mapping[str, Fields]:
    section: dict[str, Fields] = {}
    for key, stated in _mapping(given, f"{origin}: {name}").items():
        word = known_bar_length(str(key)) if name == "timeframes" else str(key)
        if word is None:
            message = f"{origin}: {name}: {key!r} is no timeframe; expected one such as 1day"
            raise ConfigError(message, code="mapping-timeframe")
        place = f"{origin}: {name}.{key}"
        section[word] = _fields(_mapping(stated, place), place)
    return section
