"""Imports splits of many symbols from a CSV file: all of them, or none."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from regime_platform.bar_store.actions_file import read_actions
from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import RegimeError, UsageError
from regime_platform.model.actions import ActionKind, DeclaredSplit, in_force
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.operations.actions import add, declared_split, with_splits
from regime_platform.operations.overrides import Statement

_NEEDED, _KNOWN = ("symbol", "date", "ratio"), ("symbol", "date", "ratio", "source")
_SHOWN = 10  # problems


@dataclass(frozen=True)
class ImportedSplits:
    """The splits of one symbol in a file."""

    instrument: Instrument
    new: tuple[DeclaredSplit, ...]
    known: tuple[DeclaredSplit, ...]  # in force before


def import_splits(
    root: DataRoot, universe: Universe, text: str, statement: Statement, *, dry_run: bool = False
) -> tuple[ImportedSplits, ...]:
    """Records the splits of a CSV text with columns symbol, date, ratio and, if known, source.

    Those in force already are left alone, so that a killed import can be repeated.

    Raises:
        UsageError: names everything that is wrong, by line or symbol; then nothing is written.
    """
    problems: list[str] = []
    imported: list[ImportedSplits] = []
    for instrument, splits in _by_instrument(universe, text, problems).items():
        try:
            imported.append(_compared(root, instrument, splits, statement))
        except RegimeError as error:
            problems.append(str(error))
    if problems:
        more = f" | and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise UsageError(
            f"nothing is imported: {' | '.join(problems[:_SHOWN])}{more}", code="import-refused"
        )
    for each in () if dry_run else imported:
        if each.new:
            add(root, each.instrument, each.new, statement)
    return tuple(imported)


def _compared(
    root: DataRoot, instrument: Instrument, splits: list[DeclaredSplit], statement: Statement
) -> ImportedSplits:
    paths = root.symbol(instrument.symbol)
    in_force_before = {(each.date, each.ratio) for each in in_force(read_actions(paths))}
    new = tuple(each for each in splits if (each.date, each.ratio) not in in_force_before)
    if new:
        with_splits(paths, instrument, new, statement)
    return ImportedSplits(instrument, new, tuple(each for each in splits if each not in new))


def _by_instrument(
    universe: Universe, text: str, problems: list[str]
) -> dict[Instrument, list[DeclaredSplit]]:
    by_instrument: dict[Instrument, list[DeclaredSplit]] = {}
    for line, row in _rows(text):
        try:
            instrument = universe.instrument(row["symbol"])
            split = declared_split(
                ActionKind.SPLIT, row["date"], row["ratio"], row.get("source", "")
            )
        except UsageError as error:
            problems.append(f"line {line}: {error}")
            continue
        by_instrument.setdefault(instrument, []).append(split)
    return by_instrument


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        lacking = ", ".join(name for name in _NEEDED if name not in header)
        unknown = ", ".join(name for name in header if name not in _KNOWN)
        if lacking or unknown:
            fault = f"lacks {lacking}" if lacking else f"has the unknown columns {unknown}"
            raise _unreadable(f"its header {fault}")
        for row in reader:
            if row and len(row) != len(header):
                raise _unreadable(
                    f"line {reader.line_num} has {len(row)} fields, not {len(header)}"
                )
            if row:
                yield reader.line_num, dict(zip(header, map(str.strip, row), strict=True))
    except csv.Error as error:
        raise _unreadable(f"line {reader.line_num} is no CSV ({error})") from error


def _unreadable(fault: str) -> UsageError:
    return UsageError(
        f"{fault}; expected a CSV file with the columns symbol,date,ratio and, if known, source",
        code="import-unreadable",
    )
