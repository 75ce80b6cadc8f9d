"""Escapes the control characters of text from vendors, files and users before it is shown.

Such text may hold control characters that move the cursor or clear a terminal, marks that reverse
the order of letters, or line ends that fake a line of output. They are replaced by their escapes,
as in ``\\x1b[2J``, so that nothing is lost. Markup (HTML, rich) is escaped where the text is shown.
"""

import re
import unicodedata

_BREAK = re.compile(r"\r\n|[\n\r\t]")
_ABOVE_ASCII = re.compile(r"[^\x20-\x7e\n]")
_PLANE = 0x10000


def inert(text: str) -> str:
    """``text`` as one line of visible characters; line ends and tabs become spaces."""
    return text if text.isprintable() else _visible(_BREAK.sub(" ", text))


def inert_lines(text: str) -> str:
    """The same for text of several lines, whose line ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(part if part in {"\n", "\t"} else _visible(part) for part in _pieces(text))


def inert_json(document: str) -> str:
    """A JSON document of the same value with invisible characters escaped.

    JSON itself escapes only those below U+0020. Outside its strings a document has no other
    invisible characters than line ends.
    """
    return _ABOVE_ASCII.sub(lambda match: _json_escape(match[0]), document)


def _pieces(text: str) -> list[str]:
    return re.split(r"([\n\t])", text.replace("\r\n", "\n"))


def _visible(text: str) -> str:
    return "".join(
        character if _is_visible(character) else _escape(character) for character in text
    )


def _is_visible(character: str) -> bool:
    # spaces of other widths than U+0020 are visible, though not printable to Python
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _PLANE else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    if _is_visible(character):
        return character
    if ord(character) < _PLANE:
        return f"\\u{ord(character):04x}"
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in (0, 2))
