"""What a file is, by its content: a text, perhaps in gz or zip, or a table of Parquet or Arrow."""

import gzip
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from regime_platform.errors import BarsError
from regime_platform.regular_files import IrregularFileError, require_regular

MOST = 1 << 30  # bytes, packed and unpacked; 10 million rows have about half of it
_BLOCK = 1 << 22
TEXT, PARQUET, ARROW, STREAM = "csv", "parquet", "arrow", "arrow stream"
_TABLES = ((b"PAR1", PARQUET), (b"ARROW1", ARROW), (b"\xff\xff\xff\xff", STREAM))
_OTHERS = (
    (b"SQLite format 3", "a SQLite database", "export its table as CSV or Parquet"),
    (b"\x89HDF", "an HDF5 file", "write its table as Parquet"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save its sheet as CSV"),
    (b"FEA1", "a Feather file of version 1", "write it again as version 2"),
    (b"BZh", "packed with bzip2", "unpack it"),
    (b"\xfd7zXZ", "packed with xz", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"%PDF", "a PDF", "export its table as CSV"),
    (b"\x80\x04", "a pickle, which may run code", "write its table as Parquet"),
    (b"\x80\x05", "a pickle, which may run code", "write its table as Parquet"),
)
_MARKUP = (
    *((mark, "a web page") for mark in (b"<!doctype", b"<html", b"<head", b"<table")),
    *((mark, "XML or JSON") for mark in (b"<?xml", b"{", b"[")),
)
#: Names that promise a container; a file of another kind under one is refused.
_PROMISES = {
    ".parquet": (PARQUET, "not a readable Parquet file"),
    ".feather": (ARROW, "not a readable Arrow file"),
    ".arrow": (ARROW, "not a readable Arrow file"),
    ".gz": ("gz", "not packed with gzip"),
    ".zip": ("zip", "not a zip archive"),
}
_OTHER_NAMES = (".xls", ".xlsx", ".xlsm", ".ods", ".json", ".h5", ".hdf", ".db", ".sqlite", ".pkl")


@dataclass(frozen=True)
class Content:
    """The bytes of a file, unpacked."""

    kind: str  # TEXT, PARQUET, ARROW or STREAM
    container: str  # with what it was packed in, as "csv in gz"
    open: Callable[[], IO[bytes]]
    size: int

    def piece(self, start: int, size: int) -> bytes:
        """Bytes from ``start`` on."""
        with self.open() as stream:
            stream.seek(start)
            return stream.read(size)

    def has_quotes(self) -> bool:
        """Whether it has double quotes anywhere."""
        with self.open() as stream:
            return any(b'"' in block for block in iter(lambda: stream.read(_BLOCK), b""))


def content_of(path: Path) -> Content:
    """What ``path`` has; ``BarsError`` names a kind that is not read, and the remedy."""
    if path.suffix.lower() in _OTHER_NAMES:
        message = f"{path}: {path.suffix} files are not read; export the table as CSV or Parquet"
        raise BarsError(message, code="file-suffix")
    try:
        require_regular(path, MOST)
        return _content(path)
    except IrregularFileError as error:
        raise BarsError(str(error), code="irregular-file") from error
    except OSError as error:
        message = f"{path}: cannot be read ({error}); restore or export it again"
        raise BarsError(message, code="unreadable-file") from error


def _content(path: Path) -> Content:
    with path.open("rb") as stream:
        start = stream.read(512)
    kind = "gz" if start[:2] == b"\x1f\x8b" else "zip" if start[:4] == b"PK\x03\x04" else ""
    packed = kind
    if packed:
        data = _unzipped(path) if kind == "zip" else _gunzipped(path)
        start, kind = data[:512], _kind(data[:512], path)
        content = Content(kind, f"{kind} in {packed}", lambda: BytesIO(data), len(data))
    else:
        kind = _kind(start, path)
        content = Content(kind, kind, lambda: path.open("rb"), path.stat().st_size)
    promised, fault = _PROMISES.get(path.suffix.lower(), ("", ""))
    if promised and promised not in (kind, packed, kind.split()[0]):
        raise BarsError(f"{path}: {fault}; export it again", code="unreadable-file")
    return content


def _kind(start: bytes, path: Path) -> str:
    for mark, kind in _TABLES:
        if start.startswith(mark):
            return kind
    begun = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    markup = [(mark, what, "export its table as CSV") for mark, what in _MARKUP]
    for mark, what, remedy in (*_OTHERS, *markup):
        if start.startswith(mark) or begun.startswith(mark):
            raise BarsError(f"{path}: is {what}; {remedy}", code="unreadable-file")
    return TEXT


def _gunzipped(path: Path) -> bytes:
    try:
        with gzip.open(path) as stream:
            return _limited(stream, path)
    except (EOFError, zlib.error) as error:
        message = f"{path}: the packed file is damaged ({error}); export it again"
        raise BarsError(message, code="unreadable-file") from error


def _unzipped(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [
                item.filename
                for item in archive.infolist()
                if not item.is_dir() and not item.filename.startswith("__MACOSX/")
            ]
            if "xl/workbook.xml" in names or "content.xml" in names:
                message = f"{path}: is a workbook; save its sheet as CSV"
                raise BarsError(message, code="unreadable-file")
            if len(names) != 1:
                members = ", ".join(names[:9]) or "nothing"
                message = f"{path}: has {members} in it; unpack it, and name the file that is meant"
                raise BarsError(message, code="ambiguous-archive")
            with archive.open(names[0]) as stream:
                return _limited(stream, path)
    except (EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        message = f"{path}: the archive cannot be unpacked ({error}); unpack it, or export it again"
        raise BarsError(message, code="unreadable-file") from error


def _limited(stream: "IO[bytes] | gzip.GzipFile", path: Path) -> bytes:
    data = stream.read(MOST + 1)
    if len(data) > MOST:
        message = f"{path}: has more than {MOST / 1e9:,.1f} GB unpacked; split it"
        raise BarsError(message, code="file-too-large")
    return data
