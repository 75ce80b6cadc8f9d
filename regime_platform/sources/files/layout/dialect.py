"""How a text file of bars is laid out: its delimiter, the lines before the bars, and its header.

It is taken from a sample of lines of the beginning, the middle and the end; reading the whole file
verifies it.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.sources.files.facts import STATED, Fact
from regime_platform.sources.files.layout.column_names import CLOCK, DATE, INSTANT, role_of
from regime_platform.sources.files.layout.unnamed_columns import has_prices, is_row, looks_like_time
from regime_platform.sources.files.layout.written_numbers import is_number
from regime_platform.sources.files.mapping import FileMapping

DELIMITERS = {",": ",", ";": ";", "\t": "tab", "|": "|", " ": "space"}
_SEPARATOR = re.compile(r"(?i)sep=(.)")  # a line of spreadsheets
_MOST_SHOWN = 200  # letters
_MOST_BEFORE = 60  # lines before the first bar
_FEWEST_ROLES = 3
_FEWEST_FIELDS = 5


@dataclass(frozen=True)
class Sample:
    """Lines of a text file without their ends."""

    first: Sequence[str]  # from the first line on
    later: Sequence[str] = ()  # of the middle and the end, where ``first`` is not the whole file


@dataclass(frozen=True)
class Dialect:
    """How the lines of a file are read."""

    delimiter: str  # " ": runs of spaces
    header: tuple[str, ...]  # names of the columns; empty: there are none
    width: int  # fields of each row
    skip: int  # lines before the first row
    above: Sequence[str]  # lines above the header, or above the first row
    below: Sequence[str]  # lines below the header that have no value
    rows: Sequence[Sequence[str]]  # a sample, the first ones following each other
    first_rows: int  # how many of ``rows`` follow each other
    facts: tuple[Fact, ...] = ()

    @property
    def seen(self) -> str:
        """What was read as the header, for messages."""
        marks = f"delimiter {DELIMITERS.get(self.delimiter, repr(self.delimiter))}"
        if not self.header:
            return f"no header was seen ({marks})"
        return f"the header is {', '.join(self.header)} ({marks})"


def fields_of(line: str, delimiter: str) -> list[str]:
    """The fields of a line, without the spaces around them; none where it is malformed."""
    if delimiter == " ":
        line = " ".join(line.split())
    try:
        row = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [text.strip() for text in row]


def dialect_of(sample: Sample, mapping: FileMapping, path: Path) -> Dialect:
    """The layout of a file; ``BarsError`` where no line can be a header or a bar."""
    lines, delimiters = _begun(sample, mapping)
    few = lines[:_MOST_BEFORE], sample.later[-_MOST_BEFORE:]
    text = "".join([*(line for _, line in few[0]), *few[1]])
    present = [delimiter for delimiter in delimiters if delimiter in text] or delimiters
    layouts = [_layout(delimiter, *few, mapping) for delimiter in present]
    # names and times have spaces, so these divide only where nothing else does
    best = max(layouts, key=lambda layout: (_divides(layout), _score(layout, mapping)))
    best = _layout(best.delimiter, lines, sample.later, mapping)
    if not best.width:
        first = f"; the first line is {lines[0][1][:80]!r}" if lines else ""
        raise BarsError(
            f"{path}: column {', '.join(('ts', *PRICE_COLUMNS))} missing; no line is a header or a "
            f"bar{first}; where it has bars, mapping.yaml states `delimiter`, `header`, "
            "`skip_lines` or `columns`",
            code="bar-columns",
        )
    return replace(best, facts=_facts(best, mapping))


_Lines = Sequence[tuple[int, str]]  # with their numbers from 1


def _begun(sample: Sample, mapping: FileMapping) -> tuple[_Lines, Sequence[str]]:
    """The first lines after those that are skipped, and the delimiters that are possible."""
    numbered = list(enumerate(sample.first, 1))[mapping.skip_lines or 0 :]
    lines = [(number, line) for number, line in numbered if line.strip()]
    delimiters: Sequence[str] = tuple(DELIMITERS)
    if lines and (match := _SEPARATOR.fullmatch(lines[0][1].strip("\r\n"))):
        delimiters, lines = (match[1],), lines[1:]
    if mapping.comment:
        lines = [pair for pair in lines if not pair[1].startswith(mapping.comment)]
    return lines, (mapping.delimiter,) if mapping.delimiter else delimiters


def _layout(delimiter: str, lines: _Lines, later: Sequence[str], mapping: FileMapping) -> Dialect:
    split = [fields_of(line, delimiter) for _, line in lines[:_MOST_BEFORE]]
    place, header = _header(split, mapping)
    start = place + 1
    if not header:
        is_first = has_prices if mapping.names_all_columns else _is_begun
        start = next((n for n, row in enumerate(split) if is_first(row)), 0)
    end = start
    while header and end < len(split) and _is_remark(split[end], len(header)):
        header, end = _completed(header, split[end]), end + 1
    above = [line for _, line in lines[: place if header else start]]
    below = [line for _, line in lines[start:end]]
    start = end
    rows = [fields_of(line, delimiter) for _, line in lines[start:]]
    is_first = has_prices if mapping.names_all_columns else is_row
    is_bar = bool(rows) and is_first(rows[0])  # else there are none, and nothing is skipped
    width = len(header) or (len(rows[0]) if is_bar else 0)
    first_rows = next((n for n, row in enumerate(rows) if len(row) != width), len(rows))
    rows = rows[:first_rows] + [fields_of(line, delimiter) for line in later]
    skip = lines[start - 1][0] if start else lines[0][0] - 1 if lines else 0
    rows = [row for row in rows if len(row) == width]
    return Dialect(delimiter, header, width, skip, above, below, rows, first_rows)


def _header(split: Sequence[Sequence[str]], mapping: FileMapping) -> tuple[int, tuple[str, ...]]:
    """The place of the line that names the columns, and the names; no names: there is none."""
    for place, row in enumerate(() if mapping.header is False else split):
        names = (row[0].lstrip("#/% "), *row[1:]) if row else ()
        if mapping.header or _roles(names, mapping) >= _FEWEST_ROLES:
            return place, names
        if is_row(row):
            above = tuple(split[place - 1]) if place else ()
            is_header = len(above) == len(row) and not any(map(_is_value, above))
            return (place - 1, above) if is_header else (-1, ())
    return -1, ()


def _roles(names: Sequence[str], mapping: FileMapping) -> int:
    """How many columns of bars a line names."""
    if is_row(names):
        return 0
    stated = {name for names in mapping.columns.values() for name in names}
    roles = {role.name for name in names if (role := role_of(name)) is not None}
    return len(roles) + len(stated.intersection(names))


def _is_value(text: str) -> bool:
    return any(sign.isdigit() for sign in text) and (is_number(text) or looks_like_time(text))


def _is_remark(row: Sequence[str], width: int) -> bool:
    """Whether a line below the header has no value, as one of units or of tickers."""
    return len(row) == width and any(row) and not any(map(_is_value, row))


def _completed(header: tuple[str, ...], row: Sequence[str]) -> tuple[str, ...]:
    """The header with the name of its time where a line below it has nothing else."""
    names = [(place, name) for place, name in enumerate(row) if name]
    role = role_of(names[0][1]) if len(names) == 1 else None
    if role is None or role.name not in (DATE, INSTANT, CLOCK):
        return header
    place, name = names[0]
    return (*header[:place], name, *header[place + 1 :])


def _is_begun(row: Sequence[str]) -> bool:
    """Whether a line is a bar, or may be one that was cut."""
    values = [text for text in row if _is_value(text)]
    return is_row(row) or (len(values) > 2 and any(map(looks_like_time, values)))


def _divides(layout: Dialect) -> bool:
    return layout.delimiter != " " and layout.width >= _FEWEST_FIELDS


def _score(layout: Dialect, mapping: FileMapping) -> tuple[int, int, int]:
    fitting = sum(any(map(_is_value, row)) for row in layout.rows)
    return (
        _roles(layout.header, mapping),
        fitting if layout.width >= _FEWEST_FIELDS else 0,
        layout.width,
    )


def _shown(lines: Sequence[str]) -> str:
    return " / ".join(lines)[:_MOST_SHOWN]


def _facts(layout: Dialect, mapping: FileMapping) -> tuple[Fact, ...]:
    evidence = STATED if mapping.delimiter else "fits the header and the rows"
    facts = [Fact("delimiter", DELIMITERS.get(layout.delimiter, layout.delimiter), evidence)]
    if layout.above and mapping.skip_lines is None:
        facts.append(Fact("skip_lines", str(len(layout.above)), _shown(layout.above)))
    evidence = "names" if layout.header else "the first line is a bar"
    if layout.below:
        evidence += f"; skipped below it: {_shown(layout.below)}"
    header = Fact("header", str(bool(layout.header)).lower(), evidence)
    return (*facts, header if mapping.header is None else replace(header, evidence=STATED))
