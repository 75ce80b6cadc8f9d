"""Reads files that list instruments: rows to import, and the listings of a vendor.

Rows come from universe.json of the legacy engine, a plain list of symbols, CSV with a header, or a
universe of this platform. ``model.universe.imports`` decides whether a row identifies an
instrument.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from regime_platform.errors import ConfigError, UsageError
from regime_platform.json_text import load_json
from regime_platform.model.instruments import ENTRY_FIELDS
from regime_platform.model.symbols import parse_symbol
from regime_platform.model.universe.universe import entry_nodes, load_document

_LISTS = ("assets", "instruments", "symbols", "universe")
_SPACE = re.compile(r"[\s,:]*")
_DECODER = json.JSONDecoder()
#: Update frequency of the legacy engine -> tier.
_TIER = {"15min": "core", "1day": "daily", "1d": "daily", "daily": "daily"}
#: Older spellings of the class in the legacy engine, which used "Commodities" for metals only.
_CLASS = {"Energy commodities": "COMMODITY_ENERGY", "Fixed Income": "FIXED_INCOME"}
_METALS = ("XAG", "XAU", "XPD", "XPT")
#: Names of columns, in the header of a CSV file.
_COLUMNS = (*ENTRY_FIELDS, "currency")
_HEADER_WORDS = {*_COLUMNS, "code", "sector", "ticker"}


@dataclass(frozen=True)
class Row:
    """One instrument as listed in a file."""

    line: int
    fields: Mapping[str, Any]  # of an entry of universe.yaml, those that the file gives
    currency: str = ""
    problem: str = ""  # why it cannot be imported
    note: str = ""

    @property
    def symbol(self) -> str:
        """Its symbol, or "(none)"."""
        return str(self.fields.get("symbol") or "(none)")


@dataclass(frozen=True)
class Listing:
    """One instrument on one market."""

    symbol: str
    mic_code: str
    currency: str = ""
    type: str = ""


def file_rows(text: str, name: str) -> list[Row]:
    """The rows of a file in any form; UsageError where it cannot be read or has no symbols."""
    if text.lstrip()[:1] in ("[", "{"):
        return [_legacy(line, key, entry) for line, key, entry in _entries(text, name)]
    if name.endswith((".yaml", ".yml")):
        try:
            root, entries = load_document(text)
        except ConfigError as error:
            raise UsageError(f"{name}{error}", code=error.code) from error
        lines = [node.start_mark.line + 1 for node in entry_nodes(root)]
        return [_own(line, entry) for line, entry in zip(lines, entries, strict=True)]
    return _table(text, name) or list(_words(text))


def listings(text: str, name: str) -> list[Listing]:
    """A vendor's listings: JSON rows, rows under ``data``, or CSV; UsageError where it is none."""
    rows: Any = csv.DictReader(io.StringIO(text, newline=""))
    if text.lstrip()[:1] in ("[", "{"):
        document = _json(text, name)
        rows = document.get("data", []) if isinstance(document, dict) else document
    try:
        return [
            Listing(
                *(str(row[column]).strip() for column in ("symbol", "mic_code")),
                *(str(row.get(column) or "").strip() for column in ("currency", "type")),
            )
            for row in rows
        ]
    except (KeyError, TypeError, AttributeError, csv.Error) as error:
        raise UsageError(
            f"{name} is no list of instruments ({error}); expected rows with symbol and mic_code",
            code="listings-form",
        ) from error


def _table(text: str, name: str) -> list[Row]:
    """The rows below a header; none where the first line is no header."""
    lines = (line for line in text.split("\n") if line.strip() and not line.startswith("#"))
    first = next(lines, "")
    delimiter = next((mark for mark in "\t;" if mark in first), ",")
    named = [cell.strip().strip('"') for cell in first.split(delimiter)]
    header = [cell.lower().replace(" ", "_") for cell in named]
    # a symbol is in capitals, and CODE is one
    if "symbol" not in header and not any(
        cell in _HEADER_WORDS and not word.isupper()
        for cell, word in zip(header, named, strict=True)
    ):
        return []
    if "symbol" not in header:
        raise UsageError(
            f"the header of {name} has no column symbol ({', '.join(header)}); name the columns "
            f"symbol and, where the file has them, {', '.join(_COLUMNS[1:])}",
            code="no-symbol-column",
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cells) and cells[0][:1] != "#"]
    except csv.Error as error:
        raise UsageError(
            f"{name} line {reader.line_num} is no CSV ({error}); correct it", code="no-csv"
        ) from error
    return [_cells_row(line, dict(zip(header, cells, strict=False))) for line, cells in rows[1:]]


def _cells_row(line: int, cells: Mapping[str, str]) -> Row:
    given: dict[str, Any] = {
        name: cells[name].strip() for name in _COLUMNS if cells.get(name, "").strip()
    }
    currency, symbol = given.pop("currency", ""), given.get("symbol", "")
    for name in {"formerly", "timeframes"} & given.keys():
        given[name] = given[name].split()
    at_source = {"provider_symbol": symbol.upper()}
    return _spelled(Row(line, {**at_source, **given, "symbol": symbol}, currency))


def _words(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        for word in line.partition("#")[0].replace(",", " ").split():
            yield _spelled(Row(number, {"symbol": word, "provider_symbol": word.upper()}))


def _spelled(row: Row) -> Row:
    """The row with a symbol that can name a folder, and how it is written where that differs."""
    if not row.fields["symbol"]:
        return row
    try:
        return replace(row, fields={**row.fields, **parse_symbol(row.symbol).fields})
    except UsageError as error:
        return replace(row, problem=str(error))


def _own(line: int, entry: Any) -> Row:
    if isinstance(entry, Mapping):
        return Row(line, dict(entry))
    return Row(line, {}, problem="no mapping; write it as an entry of a universe")


def _legacy(line: int, key: str | None, entry: Any) -> Row:
    if not isinstance(entry, Mapping):
        return Row(line, {}, problem="no object with the fields of an asset; correct or remove it")
    given = {
        name: value.strip()
        for name, value in entry.items()
        if isinstance(value, str) and value.strip()
    }
    symbol, frequency = given.get("symbol", key or ""), given.get("update_frequency", "")
    fields = {
        "symbol": symbol,
        "provider_symbol": given.get("provider_symbol", ""),
        "name": given.get("name", symbol),
        "asset_class": _class(given.get("asset_class", ""), given.get("provider_symbol", "")),
        "exchange": given.get("exchange", ""),
        "tier": _TIER.get(frequency, ""),
        "source": "twelvedata",
    }
    problem = ""
    if entry.get("active") is False:
        problem = "inactive there; add it with `regime universe add` if it is to be tracked"
    elif frequency and frequency not in _TIER:
        problem = f"update_frequency {frequency!r} is no tier; change it to 15min or 1day"
    note = "was not polled there, is polled here" if entry.get("scheduler_enabled") is False else ""
    known = {name: value for name, value in fields.items() if value}
    return Row(line, known, given.get("currency", ""), problem, note)


def _class(name: str, provider_symbol: str) -> str:
    if name == "Commodities" and provider_symbol.startswith(_METALS):
        return "COMMODITY_METALS"
    return _CLASS.get(name, name)


def _json(text: str, name: str) -> Any:
    try:
        return load_json(text)
    except ValueError as error:
        raise UsageError(
            f"{name} is not JSON: {error}; correct the line named", code="not-json"
        ) from error


def _entries(text: str, name: str) -> list[tuple[int, str | None, Any]]:
    """Line, key and value of every entry: of a list, of a list in an object, or of an object."""
    document = _json(text, name)
    start = len(text) - len(text.lstrip())
    lists = [key for key in _LISTS if isinstance(document, dict) and key in document]
    if lists:
        if not isinstance(document[lists[0]], list | dict):
            raise UsageError(f"{name}: {lists[0]} is no list of assets", code="not-json")
        start = next(at for at, key, _value in _children(text, start) if key == lists[0])
    return [(text.count("\n", 0, at) + 1, key, value) for at, key, value in _children(text, start)]


def _children(text: str, start: int) -> Iterator[tuple[int, str | None, Any]]:
    """Offset, key and value of the members of the list or object at ``start``."""
    is_object, end = text[start] == "{", start + 1
    while text[(end := _beyond_space(text, end))] not in "]}":
        key = None
        if is_object:
            key, end = _DECODER.raw_decode(text, end)
            end = _beyond_space(text, end)
        value, after = _DECODER.raw_decode(text, end)
        yield end, key, value
        end = after


def _beyond_space(text: str, start: int) -> int:
    space = _SPACE.match(text, start)
    assert space is not None  # the pattern also matches the empty string
    return space.end()
