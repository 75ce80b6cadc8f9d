"""A watchlist: a text with the symbols of interest, whose faults are named by line."""

from collections.abc import Iterable, Iterator

from regime_platform.errors import UsageError
from regime_platform.model.symbols import split_symbols
from regime_platform.model.universe.universe import Universe


def parse_watchlist(text: str, origin: str, universe: Universe) -> tuple[str, ...]:
    """The symbols that a text lists, in its order, each once.

    One or several a line, in any case, as the entries of the universe spell them or as they are
    written elsewhere; ``A...C`` is every symbol from A to C. What follows ``#`` is a comment.

    Args:
        text: of the file.
        origin: the name of the file, for messages.
        universe: that the symbols must be in.

    Raises:
        UsageError: a symbol is not in the universe, with its line and what it may mean, or there
            is none.
    """
    known, symbols, faulty = {*universe.symbols}, dict[str, None](), dict[int, list[str]]()
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        words = split_symbols([line.partition("#")[0]])
        for name in expanded(universe, words, f"{origin} line {number}: "):
            symbol = universe.symbol_of(name)
            symbols[symbol] = None
            if symbol not in known:
                faulty.setdefault(number, []).append(name)
    if faulty:
        raise _unknown(origin, universe, faulty)
    if not symbols:
        raise UsageError(
            f"the watchlist {origin} has no symbols; write one a line", code="no-symbols-in-file"
        )
    return tuple(symbols)


def expanded(universe: Universe, words: Iterable[str], where: str = "") -> Iterator[str]:
    """The words with every range A...C replaced by its members, both ends included.

    Raises:
        UsageError: an end of a range is not in the universe, or the range is reversed; the message
            begins with ``where``.
    """
    for word in words:
        first, dots, last = word.partition("...")
        if not dots:
            yield word
            continue
        try:
            ends = [
                universe.symbols.index(universe.instrument(end).symbol) for end in (first, last)
            ]
        except UsageError as error:
            raise UsageError(f"{where}{error}", code=error.code) from error
        if ends[0] > ends[1]:
            raise UsageError(
                f"{where}{word}: {last} comes before {first} in the universe", code="reversed-range"
            )
        yield from universe.symbols[ends[0] : ends[1] + 1]


def _unknown(origin: str, universe: Universe, faulty: dict[int, list[str]]) -> UsageError:
    """The fault of the first line in full, and the others."""
    (line, names), *rest = faulty.items()
    others = ", ".join(f"{' '.join(words)} on line {number}" for number, words in rest)
    also = f"; nor are {others}" if others else ""
    try:
        universe.select(names)
    except UsageError as error:
        return UsageError(f"{origin} line {line}: {error}{also}", code=error.code)
    raise AssertionError(names)
