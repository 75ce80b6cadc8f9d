"""Text from outside, made so that it can be read and do nothing else.

A vendor's message, a display name or a column of a file may hold whatever its author put there:
control characters that move the cursor or clear a terminal, marks that turn the order of letters
around, lines that look like ours. Such characters become their escapes, as in ``\\x1b[2J``, so that
nothing is lost either. Markup of the place where the text is shown is left to that place.
"""

import re
import unicodedata

_BREAK = re.compile(r"\r\n|[\n\r\t]")
_ABOVE_ASCII = re.compile(r"[^\x20-\x7e\n]")
_PLANE = 0x10000


def inert(text: str) -> str:
    """One line of visible text: an end of line or a tab is a space."""
    return text if text.isprintable() else _visible(_BREAK.sub(" ", text))


def inert_lines(text: str) -> str:
    """The same for texts of several lines of our own making: their ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(part if part in {"\n", "\t"} else _visible(part) for part in _pieces(text))


def inert_json(document: str) -> str:
    """A JSON document of the same value in which invisible characters are escaped.

    Outside its texts a document has no others than ends of lines, and JSON itself escapes only
    those below U+0020.
    """
    return _ABOVE_ASCII.sub(lambda match: _json_escape(match[0]), document)


def _pieces(text: str) -> list[str]:
    return re.split(r"([\n\t])", text.replace("\r\n", "\n"))


def _visible(text: str) -> str:
    return "".join(one if _is_visible(one) else _escape(one) for one in text)


def _is_visible(character: str) -> bool:
    # spaces of other widths than U+0020 can be seen, though Python does not call them printable
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
