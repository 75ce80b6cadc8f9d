"""Prints results to stdout, and progress, notes and errors to stderr.

Colours appear on terminals only. A table fits the width of the terminal where possible: long cells
fold, and empty columns are left out. Numbers are never cut.
"""

import codecs
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from io import TextIOWrapper
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType  # noqa: TID251 - the one place
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from regime_platform.inert_text import inert, inert_json, inert_lines

STATUS_STYLES = {
    "done": "green",
    "unchanged": "dim",
    "blocked": "bold yellow",
    "failed": "bold red",
    "no_bars": "bold red",
    "not_reached": "yellow",
    "ok": "green",
    "note": "yellow",
    "error": "bold red",
    "proven": "green",
    "newer": "bold yellow",
    "unreadable": "bold red",
    "changed": "bold red",
    "missing": "bold red",
    "extra": "bold yellow",
    "busy": "yellow",
    "unfinished": "yellow",
    "results pending": "yellow",
}

Cell = str | Text
_NONE = "·"
_ASCII_TWINS = {
    **dict.fromkeys(range(0x2500, 0x2580), "+"),  # boxes, with their lines in what follows
    **dict.fromkeys(map(ord, "─━═╌╴╸╺"), "-"),
    **dict.fromkeys(map(ord, "│┃║"), "|"),
    **dict.fromkeys(range(0x2580, 0x25A0), "#"),  # shades of charts
    **dict.fromkeys(range(0x2800, 0x2900), "*"),  # of what turns while something goes on
    ord("·"): ".",
    ord("▲"): "^",
    ord("▼"): "v",
    ord("…"): "~",
}
_ANY = 10_000  # characters; wider than any table
_LEAST_TEXT = 8  # characters of a folding column; fewer cannot be read


class Screen(Console):
    """A console on which every text is data: no markup, no emoji codes, no control characters.

    A text of a cell or a message is one line, so that none can look like a line of ours.
    """

    def __init__(self, *, is_for_messages: bool) -> None:
        super().__init__(stderr=is_for_messages, highlight=False, markup=False, emoji=False)

    @property
    def is_unicode(self) -> bool:
        """Whether every character can be printed."""
        return self.encoding.startswith("utf")

    def render_str(self, text: str, **how: Any) -> Text:
        """Where rich turns a plain text into a styled one."""
        return super().render_str(inert(text), **how)

    def out(self, *objects: Any, sep: str = " ", end: str = "\n", **_: Any) -> None:
        """Documents made here, printed line by line: JSON, units of systemd."""
        text = Text(inert_lines(sep.join(map(str, objects))))
        self.print(text, end=end, no_wrap=True, overflow="ignore", crop=False)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Makes every segment safe to show just before it is written."""
        for segment in super().render(renderable, options):
            is_plain = segment.control or segment.text.isprintable()
            yield segment if is_plain else Segment(inert_lines(segment.text), segment.style)


def use_ascii() -> None:
    """Lets streams that cannot show Unicode print ASCII in its place, from now on.

    That is one of another encoding, and a terminal that is dumb or of the C locale, for which
    Python assumes UTF-8.
    """
    codecs.register_error("ascii-twins", _ascii_twins)
    for screen in (results(), messages()):
        stream = screen.file
        is_plain = stream.isatty() and (sys.flags.utf8_mode or screen.is_dumb_terminal)
        if isinstance(stream, TextIOWrapper) and (is_plain or not screen.is_unicode):
            encoding = "ascii" if is_plain else stream.encoding
            stream.reconfigure(encoding=encoding, errors="ascii-twins")


def _ascii_twins(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(_ASCII_TWINS)
    return text.encode("ascii", "backslashreplace").decode(), error.end


def results() -> Screen:
    """The console of results."""
    return Screen(is_for_messages=False)


def messages() -> Screen:
    """The console of progress, notes and errors."""
    return Screen(is_for_messages=True)


def print_json(facts: Any) -> None:
    """Machine output: one JSON document, nothing else on stdout; exact, and inert on a terminal."""
    console = results()
    text = json.dumps(
        facts, indent=2, ensure_ascii=not console.is_unicode, allow_nan=False, default=str
    )
    console.out(inert_json(text), highlight=False)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    numbers: Collection[str] = (),
    folding: Collection[str] = (),
) -> None:
    """A plain table.

    Args:
        columns: their titles.
        rows: one cell per column.
        numbers: columns aligned to the right.
        folding: columns that fold on a narrow terminal; the others stay whole. Where less than 8
            characters are left for them, their texts follow the table line by line. Where the
            others do not fit either, they move together and those without any value are left out.
    """
    console, cells = results(), [tuple(row) for row in rows]
    whole = [place for place, name in enumerate(columns) if name not in folding]
    narrow = _table(columns, cells, whole, numbers, folding)
    if console.width - _width(console, narrow) >= _LEAST_TEXT * len(folding):
        console.print(_table(columns, cells, range(len(columns)), numbers, folding))
        return
    if cells and _width(console, narrow) > console.width:
        filled = [at for at in whole if any(str(row[at]) != _NONE for row in cells)]
        narrow = _table(columns, cells, filled, numbers, folding)
        narrow.padding = 0
    console.width = max(console.width, _width(console, narrow))
    console.print(narrow)
    for row in cells:
        for place, name in enumerate(columns):
            if name in folding and str(row[place]):
                line = f"{' '.join(filter(None, (str(row[at]) for at in whole[:2])))}: {row[place]}"
                console.print(line, soft_wrap=True)


def _width(console: Console, table: Table) -> int:
    """The width of a table without cuts."""
    return Measurement.get(console, console.options.update_width(_ANY), table).maximum


def _table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    places: Sequence[int],
    numbers: Collection[str],
    folding: Collection[str],
) -> Table:
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 1, 0, 0)
    )
    for name in (columns[place] for place in places):
        table.add_column(
            name,
            justify="right" if name in numbers else "left",
            no_wrap=name not in folding,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(row[place] for place in places))
    return table


def styled(status: str) -> Text:
    """A status in its colour."""
    return Text(inert(status), style=STATUS_STYLES.get(status, ""))


def count(number: int) -> str:
    """A count with thousands separators; a dot for zero."""
    return f"{number:,}" if number else _NONE


def plural(number: int, noun: str) -> str:
    """3 symbols, 1 symbol."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
