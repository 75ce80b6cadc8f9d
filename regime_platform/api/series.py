"""Which series a call is about, and their answers in one frame."""

import warnings
from collections.abc import Callable, Iterable
from typing import Literal, TypeVar, get_args

import polars as pl

from regime_platform.api.arguments import texts_of, wrong_type
from regime_platform.api.caveats import AnswerWarning
from regime_platform.errors import RegimeError, UsageError, about, failure_reason
from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.model.universe.universe import Universe

#: A symbol or several: in any case, in any spelling of the universe; ``"AAPL,MSFT"`` is two.
Symbols = str | Iterable[str]
#: A timeframe or several, by any of their names: 15min, 1h, 4h, 1day, 1week.
Timeframes = str | Iterable[str]
#: What happens where some of several series have no answer: an error, or a warning that names them.
Missing = Literal["raise", "warn"]
Answer = TypeVar("Answer")

_NAMED = 10  # reasons in a warning


def symbols_of(universe: Universe, symbols: Symbols) -> list[str]:
    """The symbols that are meant, in their order; UsageError for unknown ones, or where none is."""
    names = universe.symbols_of(texts_of(symbols, "symbol", "AAPL"))
    if not names:
        raise UsageError("no symbol is given; name one or more, as AAPL", code="no-symbols")
    universe.select(names)
    return names


def timeframes_of(timeframes: Timeframes) -> list[str]:
    """The timeframes that are meant, each once, in their order; errors as of `symbols_of`."""
    words = texts_of(timeframes, "timeframe", "1day")
    names = list(dict.fromkeys(map(canonical_timeframe, words)))
    if not names:
        raise UsageError("no timeframe is given; name one or more, as 1day", code="no-timeframe")
    return names


def gathered(
    questions: Iterable[tuple[str, Callable[[], Answer]]], missing: Missing
) -> list[Answer]:
    """The answers to questions, each with the symbol that it is about.

    Raises:
        RegimeError: the first that stands in place of an answer; with ``missing="warn"`` only where
            none has one, and an `AnswerWarning` names the others.
    """
    if missing not in get_args(Missing):
        raise UsageError(
            f'missing {missing!r} is unknown; expected "raise" or "warn"', code="unknown-option"
        )
    answers: list[Answer] = []
    failures: dict[str, Exception] = {}
    for symbol, answer in questions:
        try:
            answers.append(answer())
        except (RegimeError, OSError) as error:
            if missing == "raise":
                raise
            failures[about(symbol, failure_reason(error, symbol))] = error
    if failures and not answers:
        raise next(iter(failures.values()))
    if failures:
        shown, more = [*failures][:_NAMED], len(failures) - _NAMED
        shown += [f"and {more:,} more"] if more > 0 else []
        warnings.warn(f"no answer: {'; '.join(shown)}", AnswerWarning, stacklevel=3)
    return answers


def count_of(last: int | None) -> int | None:
    """The number of rows from the end; UsageError where it is not above 0."""
    if last is not None and (not isinstance(last, int) or isinstance(last, bool)):
        raise wrong_type(last, "last", "a whole number")
    if last is not None and last < 1:
        raise UsageError(f"last {last} is no number of rows; give 1 or more", code="bad-count")
    return last


def keyed(rows: pl.LazyFrame, symbol: str, timeframe: str) -> pl.LazyFrame:
    """Rows of a series with its key in front, in the types of stored results."""
    return rows.select(
        pl.lit(symbol).alias("symbol"),
        pl.lit(timeframe, dtype=STATE_SCHEMA["timeframe"]).alias("timeframe"),
        pl.all(),
    )
