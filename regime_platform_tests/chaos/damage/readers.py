"""Everything that answers from a store, and what is right of its answers."""

import io
import json
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import polars as pl

import regime_platform as rp
from regime_platform.bar_store import proven
from regime_platform.errors import RegimeError
from regime_platform_tests.chaos.damage.store import AFTER, SYMBOLS, Store

#: An error that says what to do.
_REMEDY = re.compile(
    r"`regime \w+|remove|restore|run again|any run|move it away|did you mean|expected|write it"
    r"|correct|save it"
)
_BAR, _THEN = "2013-08-01", "2026-11-22"
_ROWS = "SELECT symbol, ts, close FROM bars ORDER BY ALL"
_STATES = "SELECT symbol, timeframe, regime_label, confidence, price FROM latest_state ORDER BY ALL"
_RESULTS = "SELECT symbol, ts, esc_pctl, esc_bucket FROM escalation_history_v3 ORDER BY ALL"


@dataclass(frozen=True)
class Reading:
    """What a reader answered: symbol -> its part, and what it says besides."""

    parts: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""
    code: int = 0


Reader = Callable[[Store], Reading]


def compared(reading: Reading, wanted: Reading, damaged: Collection[str]) -> Iterator[str]:
    """What is wrong of an answer, of which the parts of the ``damaged`` may lack."""
    if reading.code == 99 or "Traceback" in reading.notes:
        yield f"traceback: {reading.notes[-600:]}"
        return
    if "unexpected" in reading.notes:
        yield f"unexpected error: {reading.notes[-600:]}"
    for symbol, text in wanted.parts.items():
        part = reading.parts.get(symbol)
        if part == text:
            continue
        if part is not None and not _is_refusal(part):
            yield f"another answer about {symbol}: {_difference(part, text)}"
        elif symbol not in damaged:
            yield f"no answer about {symbol}: {reading.notes[-300:]}"
        elif not _REMEDY.search(f"{reading.notes} {part}"):
            yield f"no remedy for {symbol}: {reading.notes[-300:]} {(part or '')[-300:]}"


def _is_refusal(part: str) -> bool:
    return '"error"' in part


def _difference(part: str, text: str) -> str:
    at = next((place for place, (a, b) in enumerate(zip(part, text, strict=False)) if a != b), 0)
    return f"{part[max(0, at - 60) : at + 100]!r} in place of {text[max(0, at - 60) : at + 100]!r}"


def _by_symbol(document: Any) -> dict[str, str]:
    """Rows with a symbol, or a mapping by symbol."""
    rows = document.get("symbols", document) if isinstance(document, dict) else document
    if isinstance(rows, dict):
        return {symbol: json.dumps(part) for symbol, part in rows.items()}
    shown: dict[str, list[Any]] = {}
    for row in rows:
        shown.setdefault(row["symbol"], []).append(row)
    return {symbol: json.dumps(part) for symbol, part in shown.items()}


def _command(*arguments: str) -> Reader:
    """A command over all symbols."""

    def read(store: Store) -> Reading:
        answer = store.regime(*arguments, "--json")
        try:
            parts = _by_symbol(json.loads(answer.out))
        except (ValueError, KeyError, TypeError, AttributeError):
            parts = {}
        return Reading(parts, answer.err if parts else answer.text, answer.code)

    return read


def _each(*arguments: str) -> Reader:
    """A command over one symbol, for each."""

    def read(store: Store) -> Reading:
        parts, notes, code = {}, "", 0
        for symbol in SYMBOLS:
            answer = store.regime(*(word.format(symbol) for word in arguments), "--json")
            code = max(code, answer.code)
            notes += answer.err
            if answer.code == 0:
                parts[symbol] = answer.out
            else:
                notes += answer.out
        return Reading(parts, notes, code)

    return read


def _whole(*arguments: str) -> Reader:
    """A command about all symbols at once."""

    def read(store: Store) -> Reading:
        answer = store.regime(*arguments, "--json")
        is_good = answer.code == 0
        return Reading(
            dict.fromkeys(SYMBOLS, answer.out) if is_good else {},
            answer.err if is_good else answer.text,
            answer.code,
        )

    return read


def _python(ask: Callable[[rp.Store, str], pl.DataFrame]) -> Reader:
    """A function of the Python API, for each symbol."""

    def read(store: Store) -> Reading:
        parts, notes = {}, ""
        proven._known.clear()
        for symbol in SYMBOLS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    asked = rp.open(store.data)
                    parts[symbol] = _digest(ask(asked, symbol))
                except RegimeError as error:
                    notes += f"{symbol}: {error}\n"
        return Reading(parts, notes, 1 if notes else 0)

    return read


def _digest(rows: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    rows.write_ipc(buffer)
    return sha256(buffer.getvalue()).hexdigest()


READERS: Mapping[str, Reader] = {
    "state --all": _command("state", "--all", "--now", AFTER),
    "board": _command("board", "--by-timeframe", "--now", AFTER),
    "sql of bars": _command("sql", _ROWS),
    "sql of states": _command("sql", _STATES),
    "sql of results": _command("sql", _RESULTS),
    "state": _each("state", "{}", "--now", AFTER),
    "bars": _each("bars", "{}", "1day", "--last", "50", "--now", AFTER),
    "history": _each("history", "{}", "1day", "--last", "20", "--labels", "--now", AFTER),
    "runs": _each("history", "{}", "1day", "--runs", "--why", "--now", AFTER),
    "explain": _each("explain", "{}", "1day", _BAR, "--now", AFTER),
    "state as of": _each("state", "{}", "--as-of", _THEN, "--now", AFTER),
    "bars as of": _each("bars", "{}", "1day", "--as-of", _THEN, "--now", AFTER),
    "snapshot list": _whole("snapshot", "list"),
    "snapshot diff": _whole("snapshot", "diff", "2026-11-21.1", "2026-11-22.1"),
    "rp.bars": _python(lambda store, symbol: store.bars(symbol, "1day").collect()),
    "rp.history": _python(lambda store, symbol: store.history(symbol, "1day")),
    "rp.state": _python(lambda store, symbol: store.state(symbol)),
    "rp.board": _python(lambda store, symbol: store.board(symbol, by_timeframe=True, now=AFTER)),
    "rp.findings": _python(lambda store, symbol: store.findings(symbol)),
}
