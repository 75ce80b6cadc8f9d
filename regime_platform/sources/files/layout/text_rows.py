"""The rows of a text file: a sample, all of them in chunks, and the place of each in the file.

All rows are read by Arrow, which refuses a row with fields missing or to spare but does not know
its line; so where it refuses, and where the line of a row is asked for, lines are read one by one.
"""

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import IO, NoReturn, TextIO

import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv

from regime_platform.errors import BarsError
from regime_platform.sources.files.layout.container import Content
from regime_platform.sources.files.layout.dialect import Dialect, Sample

_PIECE = 1 << 16  # bytes of each of the three parts of a sample
_MOST_LINES = 500  # of a sample, of its beginning and of the rest
_BLOCK = 1 << 24  # bytes that are parsed at once
_LINE_END = re.compile(r"\r\n|\n|\r")
_AMISS = re.compile(r'[^,;\t|\s"]"[^,;\t|\s"]')  # a quote inside a field


@dataclass(frozen=True)
class TextRows:
    """The rows of a text file, and how they are read."""

    path: Path
    content: Content
    encoding: str
    dialect: Dialect
    comment: str  # what lines begin with that are skipped
    has_quotes: bool
    has_returns: bool  # lines end in a carriage return alone

    def chunks(self, places: Sequence[int]) -> Iterator[pl.DataFrame]:
        """The columns at these places as text, named by their places.

        ``BarsError`` names the line that is no row.
        """
        names = [str(place) for place in range(self.dialect.width)]
        try:
            with self._rows() as stream:
                for batch in arrow_csv.open_csv(
                    stream,
                    arrow_csv.ReadOptions(column_names=names, block_size=_BLOCK),
                    arrow_csv.ParseOptions(
                        delimiter=self.dialect.delimiter,
                        quote_char='"' if self.has_quotes else False,
                        newlines_in_values=self.has_quotes,
                    ),
                    arrow_csv.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()),
                        include_columns=[str(place) for place in dict.fromkeys(places)],
                    ),
                ):
                    yield pl.DataFrame(pl.from_arrow(batch))
        except (pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
            if str(error) != "Empty CSV file":
                self._refuse(error)

    def place(self, row: int) -> str:
        """The line of a row by its index."""
        line, _ = next(islice(self._numbered(), row, None))
        return f"line {line}"

    def _rows(self) -> IO[bytes]:
        """The bytes of the rows, in UTF-8."""
        is_plain = self.encoding in ("utf-8", "utf-8-sig") and self.dialect.delimiter != " "
        if is_plain and not self.comment and not self.has_quotes and not self.has_returns:
            stream = self.content.open()
            if stream.read(len(BOM_UTF8)) != BOM_UTF8:
                stream.seek(0)
            for _ in range(self.dialect.skip):
                stream.readline()
            return stream
        return io.BufferedReader(_Lines(self._text(), self), _BLOCK)

    def _text(self) -> TextIO:
        """The text of the rows."""
        text = io.TextIOWrapper(self.content.open(), self.encoding, newline="")
        for _ in range(self.dialect.skip):
            text.readline()
        return text

    def plain(self, text: str) -> str:
        """Lines as a parser of one delimiter and without comments takes them."""
        if self.comment:
            lines = text.splitlines(keepends=True)
            text = "".join(line for line in lines if not line.startswith(self.comment))
        if self.dialect.delimiter == " ":
            text = re.sub(r"(?m)^ +| +$", "", re.sub(r"[ \t]+", " ", text))
        if self.has_quotes and _AMISS.search(text):
            raise csv.Error("a quote inside a field")
        return text

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Line and fields of each row, or ``csv.Error`` or ``UnicodeDecodeError``."""
        with self._text() as text:
            reader = csv.reader(
                map(self.plain, text), delimiter=self.dialect.delimiter, strict=True
            )
            for row in reader:
                if row:
                    yield reader.line_num + self.dialect.skip, row

    def _refuse(self, error: Exception) -> NoReturn:
        """Names the first line that is no row."""
        line, width = self.dialect.skip, self.dialect.width
        try:
            for line, row in self._numbered():
                if len(row) != width:
                    raise BarsError(
                        f"{self.path} line {line}: {len(row)} fields where the "
                        f"{'header' if self.dialect.header else 'first row'} has {width}; complete "
                        "or remove the line, or state in mapping.yaml what it begins with, as "
                        "`comment`",
                        code="csv-fields",
                    )
        except UnicodeDecodeError as fault:
            error, line = fault, self._undecodable()
        except csv.Error as fault:
            error, line = fault, line + 1
        raise BarsError(
            f"{self.path} line {line}: not CSV in {self.encoding.upper()} ({error}); export it "
            "again, or state encoding in mapping.yaml",
            code="unreadable-file",
        ) from error

    def _undecodable(self) -> int:
        with self.content.open() as stream:
            for line, text in enumerate(stream, 1):
                try:
                    text.decode(self.encoding)
                except UnicodeDecodeError:
                    return line
        return 0


class _Lines(io.RawIOBase):
    """The bytes of a text whose lines are changed as they are read."""

    def __init__(self, text: TextIO, rows: TextRows) -> None:
        self._text, self._of, self._left = text, rows, b""
        self._quotes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        while not self._left:
            text = self._text.read(_BLOCK)
            if not text:
                if self._quotes % 2 and self._of.has_quotes:
                    raise csv.Error("a quote that does not end")
                return 0
            if text[-1] != "\n":
                text += self._text.readline()
            text = self._of.plain(text)
            self._quotes += text.count('"')
            self._left = text.encode()
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count

    def close(self) -> None:
        self._text.close()
        super().close()


def pieces_of(content: Content) -> tuple[bytes, bytes]:
    """The beginning of a text, and whole lines of its middle and end (none where it is short)."""
    first = content.piece(0, 2 * _PIECE)
    if content.size <= 2 * _PIECE:
        return first, b""
    middle = content.piece(content.size // 2, _PIECE)
    end = content.piece(content.size - _PIECE, _PIECE)
    return first[: first.rfind(b"\n") + 1] or first, _whole(middle) + _whole(end)


def _whole(piece: bytes) -> bytes:
    return piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1]


def sample_of(pieces: tuple[bytes, bytes], encoding: str) -> Sample:
    """The lines of ``pieces``."""
    first, later = (_LINE_END.split(piece.decode(encoding, "replace")) for piece in pieces)
    later = [line for line in later if line.strip()]
    return Sample(first[:_MOST_LINES], later[:: 1 + len(later) // _MOST_LINES])


def in_utf_8(content: Content, encoding: str, path: Path) -> Content:
    """A text of wider letters as UTF-8."""
    try:
        with content.open() as stream:
            data = stream.read().decode(encoding).encode()
    except UnicodeDecodeError as error:
        message = f"{path}: not a text in {encoding.upper()} ({error}); export it again"
        raise BarsError(message, code="unreadable-file") from error
    return Content(content.kind, content.container, lambda: BytesIO(data), len(data))
