"""The keys of a mapping: what each states, and which values it may have.

====================  =============================================================================
``columns``           bar column -> column of the file, of ts also several, joined by spaces. Where
                      ts and all prices are named, no other is looked for. Columns without a name
                      have their numbers from 1.
``zone``              zone of times that name no offset; ``America/New_York+7h`` is a clock seven
                      hours beside that of New York, as MetaTrader brokers have it
``time_format``       of strftime
``label``             whether labels are the open or the close, of all timeframes or of some
``rolling``           true: the start of the files moves
``delimiter``         between fields: a character, ``tab``, or ``space`` for runs of spaces
``header``            false: the first row is one of bars
``skip_lines``        how many lines before the header (or the first row) say something else
``comment``           what lines begin with that are skipped
``encoding``          of the text, such as cp1251
``decimal``           decimal mark
``thousands``         mark between thousands
``strip``             what is removed from numbers, such as $; one text or several
``nulls``             texts that stand for no number; one or several
``scale``             what prices are divided by: 10000 where 1012500 means 101.25
``multiplier``        what volumes are multiplied by: 100 where they are lots of 100
``epoch``             unit of times that are numbers since 1970: s, ms, us or ns
``where``             column -> value or values of the rows that are read; others are skipped
``symbol_column``     column with the symbol, in a file of several
``week_label``        open or close: whether the day that names a week begins or ends it, where that
                      is another side than ``label``
``date_zone``         zone whose dates the labels of days with a time are
====================  =============================================================================
"""

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from regime_platform.errors import ConfigError
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.calendar.labels import CLOSE, OPEN
from regime_platform.model.timeframes import DURATION, known_bar_length
from regime_platform.sources.files.zones import split_zone

_DELIMITERS = {"tab": "\t", "\\t": "\t", "space": " ", "spaces": " "}
_MARKS = (",", ".", " ", "'", "\u2019", "\u00a0", "\u202f", "_")
_UNITS = ("s", "ms", "us", "ns")


@dataclass(frozen=True)
class _Key:
    parse: Callable[[Any], Any]  # the value as the mapping has it; None: it is wrong
    expected: str
    code: str = "mapping-value"
    field: str = ""  # of the mapping, where it has another name than the key


def parsed_value(key: str, value: Any, origin: str) -> Any:
    """A value as the mapping has it; ``ConfigError`` names origin, key and what is expected."""
    rules = KEYS[key]
    if key == "columns":
        value = value or {}
        problem = _problem_of(value)
        if problem is not None:
            raise ConfigError(f"{origin}: {problem}", code=rules.code)
    parsed = rules.parse(value)
    if parsed is None:
        message = f"{origin}: {key} is {value!r}; expected {rules.expected}"
        raise ConfigError(message, code=rules.code)
    return parsed


def _problem_of(columns: Any) -> str | None:
    """What is wrong with the value of ``columns``, and the remedy."""
    if not isinstance(columns, Mapping):
        return f"columns is {columns!r}; expected pairs such as close: Last"
    unknown = [str(name) for name in columns if name not in BAR_COLUMNS]
    if unknown:
        return f"columns: {', '.join(unknown)} unknown; expected {', '.join(BAR_COLUMNS)}"
    for column, name in columns.items():
        names = name if isinstance(name, list) else [name]
        if not names or not all(type(each) in (str, int) for each in names):
            remedy = "give a name in quotes, or the number of a column of a file without header"
            return f"columns: {column} is {name!r}; {remedy}"
        if len(names) > 1 and column != "ts":
            return f"columns: {column} has several names; only ts may"
    return None


def _columns(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        column: tuple(str(each) for each in (name if isinstance(name, list) else [name]))
        for column, name in given.items()
    }


def _zone(zone: Any) -> str | None:
    try:
        split_zone(zone)
    except (KeyError, OSError, TypeError, ValueError):
        return None
    return str(zone)


def _plain_zone(zone: Any) -> str | None:
    return zone if _zone(zone) and not split_zone(zone)[1] else None


def _labels(label: Any) -> dict[str, str] | None:
    given = label if isinstance(label, Mapping) else dict.fromkeys(DURATION, label)
    labels = {known_bar_length(str(name)) or "": word for name, word in given.items()}
    is_valid = "" not in labels and all(word in (OPEN, CLOSE) for word in labels.values())
    return labels if is_valid else None


def _encoding(name: Any) -> str | None:
    try:
        encoding = codecs.lookup(name)
        "".encode(encoding.name)  # refuses those between bytes, such as hex
    except (LookupError, TypeError, ValueError):
        return None
    return encoding.name


def _texts(value: Any) -> tuple[str, ...] | None:
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(each, list | dict) for each in values):
        return None
    return tuple("null" if each is None else str(each) for each in values)


def _where(value: Any) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(value, Mapping):
        return None
    where = {str(column): _texts(values) for column, values in value.items()}
    known = {column: texts for column, texts in where.items() if texts}
    return known if len(known) == len(where) else None


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and isfinite(value) and value > 0 else None


def _lines(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _column(value: Any) -> str | None:
    return str(value) if type(value) is int and value > 0 else _text(value)


def _delimiter(value: Any) -> str | None:
    word = _DELIMITERS.get(value, value) if isinstance(value, str) else ""
    return word if len(word) == 1 and not word.isalnum() and word not in '"\r\n' else None


def _format(value: Any) -> str | None:
    return value if isinstance(value, str) and "%" in value else None


def _word(*known: str) -> Callable[[Any], str | None]:
    return lambda value: value if value in known else None


_TEXTS = "a text in quotes, or a list of them"
_NUMBER = "a number above zero"
_ZONE = "an IANA name such as America/New_York"
_LABEL = "open or close, or one of them for each timeframe as in {1h: close}"
_MARK = f"one of {' '.join(map(repr, _MARKS[:4]))}, in quotes"

KEYS: Mapping[str, _Key] = {
    "columns": _Key(_columns, "", "mapping-columns"),
    "zone": _Key(_zone, _ZONE, "mapping-zone"),
    "time_format": _Key(_format, 'a form in quotes as "%d.%m.%Y %H:%M"', "mapping-time-format"),
    "label": _Key(_labels, _LABEL, "mapping-label", "labels"),
    "rolling": _Key(_flag, "true or false", "mapping-rolling", "is_rolling"),
    "delimiter": _Key(_delimiter, 'a mark in quotes as ";", or tab or space'),
    "header": _Key(_flag, "true or false"),
    "skip_lines": _Key(_lines, "a number of lines"),
    "comment": _Key(_text, 'what comments begin with, in quotes as "#"'),
    "encoding": _Key(_encoding, "the name of an encoding such as utf-8, cp1252 or gbk"),
    "decimal": _Key(_word(",", "."), '"," or ".", in quotes'),
    "thousands": _Key(_word(*_MARKS), _MARK),
    "strip": _Key(_texts, _TEXTS),
    "nulls": _Key(_texts, _TEXTS),
    "scale": _Key(_number, _NUMBER),
    "multiplier": _Key(_number, _NUMBER),
    "epoch": _Key(_word(*_UNITS), "s, ms, us or ns"),
    "where": _Key(_where, "columns and values such as {Type: trade}"),
    "symbol_column": _Key(_column, "the name of a column, or its number where there are no names"),
    "week_label": _Key(_word(OPEN, CLOSE), "open or close"),
    "date_zone": _Key(_plain_zone, _ZONE, "mapping-zone"),
}
#: Keys whose value is a text, so that on a command line it needs no quotes of YAML.
NAMED_TEXTS = frozenset(
    (
        *("zone", "time_format", "delimiter", "comment", "encoding", "decimal", "thousands"),
        *("strip", "epoch", "symbol_column", "week_label", "date_zone"),
    )
)
