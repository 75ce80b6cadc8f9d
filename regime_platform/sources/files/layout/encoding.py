"""The encoding of a text file: by its mark or its zero bytes, UTF-8, else one that makes sense.

In an older encoding of one or two bytes a letter can be read in several ways; the one is right in
which most names of columns are known. Where no name needs it, any of them gives the same bars.
"""

import codecs
import re
from pathlib import Path

from regime_platform.errors import BarsError
from regime_platform.sources.files.facts import STATED, Fact
from regime_platform.sources.files.layout.column_names import role_of
from regime_platform.sources.files.layout.written_numbers import SIGNS_OF_NUMBERS

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLDER = ("cp1252", "cp1251", "cp866", "koi8-r", "gb18030", "big5", "cp932", "cp1250", "cp850")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_SEPARATORS = ",;|"


def encoding_of(start: bytes, sample: bytes, stated: str, path: Path) -> tuple[str, Fact]:
    """The encoding of a text whose first bytes are ``start``, the lines of ``sample`` among it."""
    if stated:
        return stated, Fact("encoding", stated, STATED)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, Fact("encoding", name, "byte order mark")
    name = _of_zero_bytes(start)
    if name:
        return name, Fact("encoding", name, "zero bytes between the letters")
    if _CONTROLS.search(sample):
        message = f"{path}: neither a text nor a Parquet or Arrow file; export it as CSV"
        raise BarsError(message, code="unreadable-file")
    if sample.isascii():
        return "utf-8", Fact("encoding", "utf-8", "letters of ASCII")
    if _decoded(sample, "utf-8") is not None:
        return "utf-8", Fact("encoding", "utf-8", "valid throughout")
    return _older(sample, path)


def _of_zero_bytes(start: bytes) -> str:
    pairs = len(start) // 2
    even, odd = start[: 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
    if pairs > 4 and odd > 0.4 * pairs and even < 0.1 * pairs:
        return "utf-16-le"
    return "utf-16-be" if pairs > 4 and even > 0.4 * pairs and odd < 0.1 * pairs else ""


def _older(sample: bytes, path: Path) -> tuple[str, Fact]:
    names = {name: text for name in _OLDER if (text := _decoded(sample, name)) is not None}
    known = {name: _known_names(text) for name, text in names.items()}
    best = max(known, key=lambda name: (known[name], _signs(names[name])), default="")
    if not best:
        message = f"{path}: not UTF-8, and no encoding fits; state encoding in mapping.yaml"
        raise BarsError(message, code="unreadable-file")
    evidence = f"not UTF-8; {known[best]} names of columns are known in it"
    return best, Fact("encoding", best, evidence)


def _known_names(text: str) -> int:
    """How many fields of the first lines that have other letters name a column."""
    count = 0
    for line in text.splitlines()[:60]:
        if not line.isascii():
            marks = str.maketrans(dict.fromkeys(_SEPARATORS, "\t"))
            count += sum(role_of(name) is not None for name in line.translate(marks).split("\t"))
    return count


def _signs(text: str) -> int:
    """How many numbers have a sign beside those of ASCII."""
    return len(SIGNS_OF_NUMBERS.findall(text))


def _decoded(sample: bytes, name: str) -> str | None:
    try:
        return sample.decode(name)
    except UnicodeDecodeError:
        return None
