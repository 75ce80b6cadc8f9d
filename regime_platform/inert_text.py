"""Escapes the control characters of text from vendors, files and users before it is shown.

They may move the cursor, clear a terminal, reverse the order of letters or fake a line of output.
Escapes as in ``\\x1b[2J`` lose nothing. Markup (HTML, rich) is escaped where the text is shown.
"""

import json
import re
import unicodedata

_LONGEST = 8000  # characters of a message
_BREAK = re.compile(r"\r\n|[\n\r\t]")
_UNUSUAL = re.compile(r"[^\x20-\x7e\n\t]")  # all others stay as they are
_UNUSUAL_IN_JSON = re.compile(r"[^\x20-\x7e\n]")


def shortened(text: str) -> str:
    """``text``, or its start and its end where it is too long to be read."""
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]} ... ({len(text) - _LONGEST:,} characters) ... {text[-half:]}"


def inert(text: str) -> str:
    """``text`` as one line of visible characters; line ends and tabs become spaces."""
    return text if text.isprintable() else _escaped(_BREAK.sub(" ", text))


def inert_lines(text: str) -> str:
    """The same for text of several lines, whose line ends and tabs stay."""
    return text if text.isprintable() else _escaped(text.replace("\r\n", "\n"))


def inert_json(document: str) -> str:
    """A JSON document of the same value with invisible characters escaped.

    JSON itself escapes only those below U+0020.
    """
    return _UNUSUAL_IN_JSON.sub(
        lambda match: match[0] if _is_visible(match[0]) else json.dumps(match[0])[1:-1], document
    )


def _escaped(text: str) -> str:
    return _UNUSUAL.sub(
        lambda match: match[0] if _is_visible(match[0]) else _escape(ord(match[0])), text
    )


def _is_visible(character: str) -> bool:
    # spaces of other widths than U+0020 are visible, though not printable to Python
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
