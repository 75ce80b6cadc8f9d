"""Symbols as they are written elsewhere, and the path-safe names under which data are stored.

A symbol is a folder name, a partition key and a command-line argument. It is in capitals, so that
no two symbols share a folder where names are compared without case.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from regime_platform.errors import ConfigError, UsageError

_SAFE = re.compile(r"(?=.{1,32}\Z)(?!.*\.\.)\^?[A-Z0-9][A-Z0-9._=^-]*")
_UNSAFE = (
    "symbol {!r} is not safe as a folder name and partition key; "
    "use 1 to 32 of A-Z 0-9 . _ - = ^, starting with a letter, a digit or ^"
)
_SEPARATOR = re.compile(r"[\s,;]+")
_OTHERS = re.compile(r"[^A-Z0-9._=^-]+")
#: Names of devices on Windows, with any suffix: no folder there can have them.
_RESERVED = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10)))
)


class Symbol(NamedTuple):
    """A symbol as it is stored, and as it was written."""

    name: str  # path-safe
    written: str  # in capitals

    @property
    def fields(self) -> dict[str, str]:
        """The fields of an entry of the universe."""
        is_other = self.written != self.name
        return {"symbol": self.name, **({"written": self.written} if is_other else {})}


def parse_symbol(text: str) -> Symbol:
    """The path-safe name of a symbol: BF/B is BF.B, BTC/USD is BTCUSD, con is CON_.

    A slash before one letter is a class of shares, any other one joins a pair. ``:`` becomes a
    dot, ``&`` an underscore, and names that Windows reserves get an underscore.

    Raises:
        UsageError: the text is not one symbol, or has other characters; names what to use.
    """
    written = text.strip().upper()
    words = split_symbols([written])
    if len(words) != 1:
        raise several_symbols(text, words)
    if not _is_trailed(written) and _SAFE.fullmatch(name := _without_reserved(_replaced(written))):
        return Symbol(name, written)
    raise UsageError(_unsafe(text), code="unsafe-symbol")


def split_symbols(texts: Iterable[str]) -> list[str]:
    """The words of texts, at commas, semicolons and spaces: ``AAPL,MSFT`` is two symbols."""
    return [word for text in texts for word in _SEPARATOR.split(text) if word]


def several_symbols(text: str, words: list[str]) -> UsageError:
    """The error where one symbol is wanted and a text has several, or none."""
    if not words:
        return UsageError(f"symbol {text!r} is empty; give one, as AAPL", code="unsafe-symbol")
    return UsageError(
        f"{text!r} is {len(words)} symbols, {' and '.join(words)}, where one is expected; "
        "give them one by one (a class of shares is written BRK.B)",
        code="several-symbols",
    )


def is_pair(written: str) -> bool:
    """True for EUR/USD and BTC/USDT, false for BF/B, whose B is a class of shares."""
    left, _, right = written.partition("/")
    return bool(left) and len(right) > 1


def is_safe(symbol: object) -> bool:
    """True for a text that can name a folder on this system."""
    return isinstance(symbol, str) and _SAFE.fullmatch(symbol) is not None


def unsafe_symbol(symbol: object) -> str:
    """Why a symbol of an entry cannot name a folder, and what to write in its place."""
    try:
        fields = parse_symbol(symbol).fields if isinstance(symbol, str) else {}
    except UsageError as error:
        return str(error)
    instead = " and ".join(f"{name}: {value}" for name, value in fields.items())
    return f"{_UNSAFE.format(symbol)}; write {instead}"


def require_safe(symbol: object) -> None:
    """ConfigError where a symbol, of any type in a document, cannot name a folder."""
    if not is_safe(symbol):
        raise ConfigError(_UNSAFE.format(symbol), code="unsafe-symbol")


def _replaced(written: str) -> str:
    left, slash, right = written.partition("/")
    joint = "" if is_pair(written) else "." if left and right else slash
    return f"{left}{joint}{right}".replace(":", ".").replace("&", "_")


def _without_reserved(name: str) -> str:
    stem, dot, suffix = name.partition(".")
    return f"{stem}_{dot}{suffix}" if stem in _RESERVED else name


def _is_trailed(written: str) -> bool:
    """True where Windows would drop the end of the name."""
    return written.endswith(".")


def _unsafe(text: str) -> str:
    name = re.sub(r"\.{2,}", ".", _OTHERS.sub("_", text.strip().upper())).strip("._-=")
    instead = f", such as {name}" if _SAFE.fullmatch(name) else ""
    return f"{_UNSAFE.format(text)}{instead}"
